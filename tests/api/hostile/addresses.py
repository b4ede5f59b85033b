"""Addresses and headers that lead nowhere, or come from somewhere else: ids, methods, queries, cursors, hosts, origins."""

from .rows import Hostile, ask, post

NO_CODEBASE = (404, "codebase_not_found")
NO_TASK = (404, "task_not_found")
NO_ROUTE = (404, "unknown_route")
NO_METHOD = (405, "method_not_allowed")
INVALID = (400, "invalid_input")
BAD_CURSOR = (400, "bad_cursor")
FOREIGN_HOST = (403, "foreign_host")
FOREIGN_ORIGIN = (403, "foreign_origin")
TASKS = "/v1/opencode/tasks"
OVERVIEWS = "/v1/opencode/overview/events"

IDS = (
    ask("an unknown codebase", "GET", "/cb_unknown", *NO_CODEBASE),
    ask("delete an unknown codebase", "DELETE", "/cb_unknown", *NO_CODEBASE),
    post("trigger an unknown codebase", "/cb_unknown/trigger", {"prompt": "x"}, *NO_CODEBASE),
    post("message to an unknown codebase", "/cb_unknown/message", {"message": "x"}, *NO_CODEBASE),
    post("interrupt an unknown codebase", "/cb_unknown/interrupt", {}, *NO_CODEBASE),
    post("stop an unknown codebase", "/cb_unknown/stop", {}, *NO_CODEBASE),
    post("a task for an unknown codebase", "/cb_unknown/tasks", {"title": "x", "prompt": "x"}, *NO_CODEBASE),
    post("permission of an unknown codebase", "/cb_unknown/permissions/p", {"reply": "once"}, *NO_CODEBASE),
    ask("status of an unknown codebase", "GET", "/cb_unknown/status", *NO_CODEBASE),
    ask("events of an unknown codebase", "GET", "/cb_unknown/events", *NO_CODEBASE),
    ask("NUL", "GET", "/cb_%00", *NO_CODEBASE),
    ask("braces, as in the description", "GET", "/%7Bcodebase_id%7D", *NO_CODEBASE),
    ask("a task in braces", "GET", f"{TASKS}/%7Btask_id%7D", *NO_TASK),
    ask("no UTF-8", "GET", "/%ff%fe", *NO_CODEBASE),
    ask("overlong UTF-8", "GET", "/%c0%af", *NO_CODEBASE),
    ask("an emoji", "GET", "/%F0%9F%A6%84", *NO_CODEBASE),
    ask("a long id", "GET", "/" + "x" * 4000, *NO_CODEBASE),
    ask("encoded traversal", "GET", "/..%2F..%2Fetc", *NO_CODEBASE),
    ask("twice encoded traversal", "GET", "/..%252F..%252Fetc", *NO_CODEBASE),
    ask("SQL", "GET", "/'%20OR%201=1--", *NO_CODEBASE),
    ask("a header in the id", "GET", "/x%0d%0aX-Injected:%20yes", *NO_CODEBASE),
    ask("a broken escape", "GET", "/%zz", *NO_CODEBASE),
    ask("an unknown task", "GET", f"{TASKS}/task_unknown", *NO_TASK),
    ask("a surrogate for a task", "GET", f"{TASKS}/%ED%A0%80", *NO_TASK),
    post("cancel an unknown task", f"{TASKS}/task_unknown/cancel", {}, *NO_TASK),
    post("retry an unknown task", f"{TASKS}/task_unknown/retry", {}, *NO_TASK),
    ask("change an unknown task", "PATCH", f"{TASKS}/task_unknown", *NO_TASK),
    ask("messages of an unknown session", "GET", "/{idle}/messages?session_id=sess_x", 404, "session_not_found"),
    ask("events of an unknown session", "GET", "/{idle}/events?session_id=sess_x", 404, "session_not_found"),
    ask("a header in the query", "GET", "/{idle}/events?session_id=x%0d%0aX-Injected:%20yes", 404, "session_not_found"),
)

ROUTES = (
    ask("no such address", "GET", "/v1/nothing", *NO_ROUTE),
    ask("too deep an address", "POST", "/a/b/c/d", *NO_ROUTE),
    ask("traversal", "GET", "/../../../etc/passwd", *NO_ROUTE),
    ask("an empty id", "GET", "//status", *NO_ROUTE),
    ask("another version", "GET", "/v1/opencode/../../v2/status", *NO_ROUTE),
    ask("PUT", "PUT", "", *NO_METHOD),
    ask("DELETE of a list", "DELETE", "", *NO_METHOD),
    ask("POST to what can be read", "POST", "/v1/opencode/status", *NO_METHOD),
    ask("PATCH of a list", "PATCH", "", *NO_METHOD),
    ask("PATCH of an unknown codebase", "PATCH", "/cb_unknown", *NO_CODEBASE),
    ask("OPTIONS", "OPTIONS", "", *NO_METHOD),
    ask(
        "a preflight",
        "OPTIONS",
        "",
        *FOREIGN_ORIGIN,
        b"Origin: https://example.com\r\nAccess-Control-Request-Method: POST\r\n",
    ),
    ask("TRACE", "TRACE", "", *NO_METHOD),
    ask("a method of one's own", "FROBNICATE", "", 400, "malformed_request"),
    ask("a method in small letters", "post", "", 400, "malformed_request"),
    ask("another method by a header", "PUT", "", *NO_METHOD, b"X-HTTP-Method-Override: GET\r\n"),
)

QUERIES = (
    *(
        ask(f"{name} {bad} of {path}", "GET", f"{path}?{name}={bad}", *INVALID)
        for path in (TASKS, "/{idle}/tasks", "/v1/opencode/permissions")
        for name, values in (
            (
                "limit",
                ("0", "501", "-1", "1.0", "", "ten", "+5", "%205", "1_0", "%D9%A3", "1e2", "9" * 30, "5&limit=5"),
            ),
            ("offset", ("-1", "x", "", "%FF", "9" * 16)),
            ("status", ("", "done", "PENDING", "pending%00", "%ED%A0%80", "pending&status=failed")),
        )
        for bad in values
    ),
    *(
        ask(f"order {bad}", "GET", f"/{{idle}}/tasks?order={bad}", *INVALID)
        for bad in ("", "QUEUE", "queue&order=queue")
    ),
    ask("the queue's order of all", "GET", f"{TASKS}?order=queue", *INVALID),
    ask("the queue of what runs", "GET", "/{idle}/tasks?order=queue&status=running", *INVALID),
    *(
        ask(f"search {bad[:20]}", "GET", f"/v1/opencode/search{bad}", *INVALID)
        for bad in ("", "?q=", "?q=%00", "?q=a&q=b")
    ),
    ask("search for too much", "GET", f"/v1/opencode/search?q={'a' * 501}", *INVALID),
    ask("search in an unknown codebase", "GET", "/v1/opencode/search?q=a&codebase=cb_unknown", *NO_CODEBASE),
    ask("sessions without a limit", "GET", "/{idle}/sessions?limit=", *INVALID),
    ask("messages of no session", "GET", "/{idle}/messages", *INVALID),
    ask("messages of two sessions", "GET", "/{idle}/messages?session_id=a&session_id=b", *INVALID),
    ask("events of two sessions", "GET", "/{idle}/events?session_id=a&session_id=b", *INVALID),
)

LOG = "/v1/opencode/log"

NOT_TAKEN = (
    *(
        ask(f"a moment of {path}", "GET", f"{path}?at=1", *INVALID)
        for path in (
            *("", "/{idle}", "/{idle}/permissions", "/{idle}/events", "/{idle}/log", "/{idle}/log/export"),
            *("/v1/opencode/status", "/v1/opencode/models", "/v1/opencode/events", f"{LOG}/checkpoint"),
            *(TASKS, f"{TASKS}/task_unknown"),
        )
    ),
    ask("part of the codebases", "GET", "?limit=1", *INVALID),
    ask("a parameter with a slip", "GET", f"{TASKS}?stauts=pending", *INVALID),
    ask("a parameter in capitals", "GET", f"{TASKS}?LIMIT=1", *INVALID),
    ask("a session's tasks", "GET", "/{idle}/tasks?session_id=sess_x", *INVALID),
    ask("a session of all codebases", "GET", "/v1/opencode/events?session_id=sess_x", *INVALID),
    ask("a token in the address", "GET", "/v1/opencode/status?token=0123456789abcdef", *INVALID),
    ask("a parameter without a name", "GET", "/v1/opencode/status?=1", *INVALID),
    ask("a parameter of odd bytes", "GET", "/v1/opencode/status?%00%0d%0aX-Injected:%20yes=1", *INVALID),
    ask("only a trial of a deletion", "DELETE", "/{idle}?dry_run=true", *INVALID),
    post("a moment of a trigger", "/{idle}/trigger?at=1", {"prompt": "x"}, *INVALID),
)

AUDITS = (
    *(
        ask(f"log after {bad}", "GET", f"/{{idle}}/log?after={bad}", *INVALID)
        for bad in ("-1", "x", "", "%D9%A3", "9" * 20)
    ),
    *(ask(f"log limit {bad}", "GET", f"/{{idle}}/log?limit={bad}", *INVALID) for bad in ("0", "-1", "x", "9" * 20)),
    ask("the log of an unknown codebase", "GET", "/cb_unknown/log", *NO_CODEBASE),
    ask("the export of an unknown codebase", "GET", "/cb_unknown/log/export", *NO_CODEBASE),
    ask("the outputs of an unknown codebase", "GET", "/cb_unknown/log/outputs", *NO_CODEBASE),
    *(ask(f"outputs up to {bad}", "GET", f"/{{idle}}/log/outputs?to={bad}", *INVALID) for bad in ("0", "-1", "x", "")),
    ask("an output of an unknown codebase", "GET", f"/cb_unknown/outputs/out_{'0' * 32}", *NO_CODEBASE),
    *(
        ask(f"the output {bad[:30]}", "GET", f"/{{idle}}/outputs/{bad}", 404, "output_not_found")
        for bad in (f"out_{'0' * 32}", "out_x", "%00", "..%2F..%2Foutputs.db", "x" * 300, "%D9%A0", "'%20OR%201=1")
    ),
    ask("a level that there isn't", "GET", f"{LOG}/tile/9/000", *NO_ROUTE),
    *(
        ask(f"tile {bad[:30]}", "GET", f"{LOG}/tile/{bad}", 404, "tile_not_found")
        for bad in (
            *("0/..%2F..%2Fledger.db", "0/000.p/0", "0/000.p/999", "0/-01", "0/%D9%A0%D9%A0%D9%A0", "entries/xyz"),
            "0/" + "9" * 300,
        )
    ),
    *(
        ask(f"proof of {kind}: {query}", "GET", f"{LOG}/proofs/{kind}?{query}", *INVALID)
        for kind in ("inclusion", "consistency")
        for query in ("", "position=x", "position=-1", "from=x", "position=" + "9" * 30, "size=" + "9" * 30)
    ),
    ask("a proof backwards", "GET", f"{LOG}/proofs/consistency?from=2&to=1", 400, "no_proof"),
    ask("a proof of the future", "GET", f"{LOG}/proofs/inclusion?position=999999", 400, "no_proof"),
)

CURSORS = (
    *(
        ask(f"cursor {bad!r}", "GET", "/{idle}/events", *BAD_CURSOR, f"Last-Event-ID: {bad}\r\n".encode())
        for bad in (
            "",
            "x",
            "-1",
            "+1",
            "1_0",
            "1 0",
            "0x1",
            "1e3",
            "1.0",
            "٧",
            "９",
            "9" * 19,
            "9" * 20,
            "1,2",
            "null",
        )
    ),
    *(
        ask(f"cursor {bad!r} of overviews", "GET", OVERVIEWS, *BAD_CURSOR, f"Last-Event-ID: {bad}\r\n".encode())
        for bad in ("", "x", "-1", "9" * 20, "٧")
    ),
    ask("overviews of the future", "GET", f"{OVERVIEWS}?last_event_id=999999", 409, "cursor_ahead"),
    ask("overviews of a session", "GET", f"{OVERVIEWS}?session_id=sess_x", *INVALID),
    ask("overviews of the past", "GET", f"{OVERVIEWS}?at=1", *INVALID),
    ask("two cursors", "GET", "/{idle}/events", *BAD_CURSOR, b"Last-Event-ID: 1\r\nLast-Event-ID: 1\r\n"),
    ask("a cursor with NUL", "GET", "/{idle}/events?last_event_id=1%00", *BAD_CURSOR),
    ask("two cursors in the query", "GET", "/{idle}/events?last_event_id=1&last_event_id=1", *BAD_CURSOR),
    ask("a cursor of another script", "GET", "/{idle}/events?last_event_id=%D9%A7", *BAD_CURSOR),
    ask("a cursor from the future", "GET", "/{idle}/events?last_event_id=999", 409, "cursor_ahead"),
)


def hosted(host: str) -> Hostile:
    """A registration under another name for this machine."""
    body = b'{"name": "x", "path": "{home}/free"}'
    head = f"POST /v1/opencode/codebases HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n".encode()
    return Hostile(f"host {host!r}", head, body, *FOREIGN_HOST)


def from_page(headers: bytes) -> Hostile:
    """A registration that a web page sends."""
    body = b'{"name": "x", "path": "{home}/free"}'
    return post(
        f"page: {headers.decode()}", "", body, *FOREIGN_ORIGIN, b"Content-Type: text/plain\r\n" + headers + b"\r\n"
    )


HOSTS = tuple(
    map(
        hosted,
        (
            *("example.com", "example.com:80", "localhost.example.com", "128.0.0.2", "0.0.0.0", "[::1", "", "a@b"),
            *("user@localhost", "localhost@example.com", "localhost, example.com", "localhost..", "localhost/x"),
            *("localhost:80x", "localhost:-1", "localhost:65536", "localhost:80:80", "localhost#@example.com"),
            *("::1", "[::1]x", "[::1%25lo]", "[localhost]", "[::ffff:128.0.0.1]", "128.1", "2147483649", "0x80.1"),
            *("[127.0.0.1]", "127.0.0.1.example.com", "127.0.0.0.1", "4294967297", "0x7g.1", ".localhost"),
        ),
    )
)

ORIGINS = tuple(
    map(
        from_page,
        (
            b"Origin: https://example.com",
            b"Origin: null",
            b"Origin: http://localhost:1",
            b"Origin: http://localhost.example.com",
            b"Origin: http://localhost\r\nOrigin: https://example.com",
            b"Sec-Fetch-Site: cross-site",
            b"Sec-Fetch-Site: same-site",
        ),
    )
)

ADDRESSES: tuple[Hostile, ...] = IDS + ROUTES + QUERIES + NOT_TAKEN + AUDITS + CURSORS + HOSTS + ORIGINS
