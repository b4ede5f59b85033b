"""Where a stream begins and ends, and which requests get none."""

import orjson
import pytest

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.ids import Sequence

from .events import OTHER, append, complete, deleted, event, log_of, output, registered, seen, started
from .reader import Reader, Seen
from .serving import running

A, B = "sess_a", "sess_b"


async def workday() -> MemoryEventStore:
    """A log with session A ended (2 to 4), session B running (5 to 7), and something else between."""
    store = MemoryEventStore()
    await append(store, registered())
    await append(store, started(A), output("one", A), complete(A))
    await append(store, started(B), output("two", B))
    await append(store, registered())
    await append(store, output("three", B))
    return store


async def received(store: MemoryEventStore, target: str, expected: list[Seen], cursor: int | None = None) -> Reader:
    """Read a stream until as many events have come as are expected, and one more that is appended then."""
    async with running(store) as serving:
        reader = await Reader.connect(serving.port, target, cursor=cursor)
        await reader.until(lambda r: r.body)
        await reader.until(lambda r: len(r.events) >= len(expected))
        last = seen(await append(store, output("last", B)))
        await reader.until(lambda r: len(r.events) > len(expected))
        reader.close()
    assert reader.events == expected + last
    return reader


async def test_without_a_cursor_it_starts_with_the_running_session() -> None:
    """A newcomer sees the whole of the session that is running now, and everything after."""
    store = await workday()
    await received(store, "/cb_a/events", (await log_of(store))[4:])


async def test_without_a_running_session_it_starts_now() -> None:
    """Where nothing runs, a newcomer sees what comes from now on, not history."""
    store = await workday()
    await append(store, complete(B))
    await received(store, "/cb_a/events", [])


@pytest.mark.parametrize(
    ("target", "cursor", "after"),
    [
        ("/cb_a/events", None, 4),
        ("/cb_a/events", 2, 2),
        (f"/cb_a/events?session_id={A}", None, 1),
        (f"/cb_a/events?session_id={B}", 6, 6),
        ("/events", None, 8),
        ("/events?last_event_id=3", None, 3),
    ],
)
async def test_the_response_says_after_which_event_it_begins(target: str, cursor: int | None, after: int) -> None:
    """A reader that is cut off before its first event returns with this id, and misses nothing."""
    async with running(await workday()) as serving:
        reader = await Reader.connect(serving.port, target, cursor=cursor)
        await reader.until(lambda r: r.body)
        reader.close()
    assert reader.headers["x-ledger-after"] == str(after)


@pytest.mark.parametrize("cursor", range(9))
async def test_a_cursor_is_continued_right_after_it(cursor: int) -> None:
    """A reader that returns with its last id gets exactly what followed. 0 is the whole history."""
    store = await workday()
    await received(store, "/cb_a/events", (await log_of(store))[cursor:], cursor)


async def test_a_first_request_from_a_browser_gives_the_cursor_in_the_query() -> None:
    """A browser can't set headers on its first request, so the query does the same."""
    store = await workday()
    await received(store, "/cb_a/events?last_event_id=3", (await log_of(store))[3:])


async def test_a_running_session_is_followed_alone() -> None:
    """With a session's id only its events come, from its start."""
    store = await workday()
    log = await log_of(store)
    await received(store, f"/cb_a/events?session_id={B}", [log[4], log[5], log[7]])
    await received(store, f"/cb_a/events?session_id={B}", [log[5], log[7], log_last(store)], 5)


def log_last(store: MemoryEventStore) -> Seen:
    """The event that the first part of a test appended."""
    return (9, "output", '{"type":"text","content":"last","session_id":"sess_b"}')


@pytest.mark.parametrize("cursor", [None, 0, 1, 2, 3])
async def test_an_ended_session_is_replayed_and_the_stream_ends(cursor: int | None) -> None:
    """A session that is over is given from its start, or from where the reader was, and then the stream ends."""
    store = await workday()
    async with running(store) as serving:
        reader = await (await Reader.connect(serving.port, f"/cb_a/events?session_id={A}", cursor=cursor)).answer()
        assert reader.ended
        assert reader.events == (await log_of(store))[max(cursor or 0, 1) : 4]
        reader.close()


@pytest.mark.parametrize("cursor", [None, 0, 2, 4, 5, 7, 8])
async def test_a_session_that_others_went_on_with(cursor: int | None) -> None:
    """A session to which others added after its end is streamed to where they did, and no further; nobody waits for more."""
    store = await workday()
    await append(store, event("session", A, action="extended"), event("message_imported", A), output("four", B))
    own = [seen for seen in await log_of(store) if seen[0] in (2, 3, 4, 9, 10)]
    async with running(store) as serving:
        reader = await (await Reader.connect(serving.port, f"/cb_a/events?session_id={A}", cursor=cursor)).answer()
        assert reader.ended
        reader.close()
    assert reader.events == [seen for seen in own if seen[0] > (cursor or 0)]


@pytest.mark.parametrize("cursor", [4, 5, 8])
async def test_a_reader_who_has_all_of_an_ended_session_gets_204(cursor: int) -> None:
    """204 is how a browser learns that there is nothing to reconnect for."""
    async with running(await workday()) as serving:
        reader = await (await Reader.connect(serving.port, f"/cb_a/events?session_id={A}", cursor=cursor)).answer()
        assert (reader.status, reader.body) == (204, bytearray())
        reader.close()


@pytest.mark.parametrize(
    ("target", "headers", "status", "code"),
    [
        ("/cb_a/events", ("Last-Event-ID: 9",), 409, "cursor_ahead"),
        ("/cb_a/events?last_event_id=9", (), 409, "cursor_ahead"),
        ("/cb_a/events?session_id=sess_a&last_event_id=9", (), 409, "cursor_ahead"),
        ("/cb_empty/events?last_event_id=1", (), 409, "cursor_ahead"),
        ("/cb_a/events", ("Last-Event-ID: x",), 400, "bad_cursor"),
        ("/cb_a/events", ("Last-Event-ID:",), 400, "bad_cursor"),
        ("/cb_a/events", ("Last-Event-ID: 1", "Last-Event-ID: 2"), 400, "bad_cursor"),
        ("/cb_a/events", ("last-event-id: 1", "Last-Event-ID: 1"), 400, "bad_cursor"),
        ("/cb_a/events", ("Last-Event-ID: \u0667",), 400, "bad_cursor"),
        ("/cb_a/events?last_event_id=", (), 400, "bad_cursor"),
        ("/cb_a/events?last_event_id=%2B7", (), 400, "bad_cursor"),
        ("/cb_a/events?last_event_id=+7", (), 400, "bad_cursor"),
        ("/cb_a/events?last_event_id=7%0A", (), 400, "bad_cursor"),
        ("/cb_a/events?last_event_id=9223372036854775808", (), 400, "bad_cursor"),
        ("/cb_a/events?session_id=sess_a&last_event_id=x", (), 400, "bad_cursor"),
        ("/cb_a/events?session_id=", (), 404, "session_not_found"),
        ("/cb_a/events?session_id=sess_x", (), 404, "session_not_found"),
        ("/cb_b/events?session_id=sess_a", (), 404, "session_not_found"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    target: str, headers: tuple[str, ...], status: int, code: str
) -> None:
    """A wrong cursor, one from the future, or a session that isn't there: an error at once, never a silent stream."""
    store = await workday()
    await append(store, started("sess_c"), codebase=OTHER)
    async with running(store) as serving:
        reader = await (await Reader.connect(serving.port, target, headers=headers)).answer()
        assert (reader.status, orjson.loads(reader.body)["code"]) == (status, code)
        reader.close()


async def test_a_running_session_s_stream_ends_with_its_last_event() -> None:
    """Who follows one session needs no other sign of its end than the end of the stream."""
    store = await workday()
    async with running(store) as serving:
        reader = await Reader.connect(serving.port, f"/cb_a/events?session_id={B}")
        await reader.until(lambda r: len(r.events) == 3)
        await append(store, output("four", B), registered(), complete(B), started("sess_c"))
        await reader.answer()
        log = await log_of(store)
        assert reader.events == [log[4], log[5], log[7], log[8], log[10]]
        reader.close()


async def test_a_session_is_not_mistaken_for_text_about_it() -> None:
    """An event of another session that quotes this one's id, or a nested member of that name, is not this one's."""
    store = await workday()
    quoting = output(f'"session_id":"{B}"', A)
    nested = type(quoting)("tool_use", orjson.dumps({"args": {"session_id": B}, "session_id": A}))
    bare = type(quoting)("tool_use", orjson.dumps([{"session_id": B}]))
    async with running(store) as serving:
        reader = await Reader.connect(serving.port, f"/cb_a/events?session_id={B}")
        await reader.until(lambda r: len(r.events) == 3)
        await append(store, quoting, nested)
        await append(store, bare)
        await append(store, complete(A), output("mine", B))
        await reader.until(lambda r: len(r.events) == 4)
        assert reader.events[-1] == (await log_of(store))[-1]
        reader.close()


@pytest.mark.parametrize("query", ["", f"?session_id={B}"])
async def test_a_deleted_codebase_s_streams_end(query: str) -> None:
    """Nothing can follow the deletion of a codebase, so nobody is left waiting for it."""
    store = await workday()
    async with running(store) as serving:
        reader = await Reader.connect(serving.port, f"/cb_a/events{query}")
        await reader.until(lambda r: len(r.events) >= 3)
        await append(store, deleted())
        await reader.answer()
        assert (reader.events[-1][0] == 9) is (query == "")
        reader.close()


async def test_the_answer_s_head_says_what_proxies_and_browsers_must_know() -> None:
    """The stream isn't stored, compressed, buffered or given a length, and its first bytes leave at once."""
    async with running(MemoryEventStore()) as serving:
        reader = await Reader.connect(serving.port, headers=("Accept-Encoding: gzip, deflate, br",))
        await reader.until(lambda r: r.body)
        assert reader.body == b"retry: 2000\n:\n"
        assert reader.headers["content-type"] == "text/event-stream"
        assert reader.headers["cache-control"] == "no-cache, no-transform"
        assert reader.headers["x-accel-buffering"] == "no"
        assert not {"content-length", "content-encoding"} & reader.headers.keys()
        reader.close()


@pytest.mark.parametrize(
    ("version", "headers"), [("1.0", ()), ("1.0", ("Connection: keep-alive",)), ("1.1", ("Connection: close",))]
)
async def test_clients_without_chunks_or_a_kept_connection_are_served(version: str, headers: tuple[str, ...]) -> None:
    """An HTTP/1.0 client gets plain bytes up to the end of the connection, and a client that asks for that end gets it."""
    store = await workday()
    async with running(store) as serving:
        target = f"/cb_a/events?session_id={B}"
        reader = await Reader.connect(serving.port, target, version=version, headers=headers)
        await reader.until(lambda r: len(r.events) == 3)
        await append(store, output("live", B))
        await append(store, complete(B))
        await reader.answer()
        assert [event[0] for event in reader.events] == [5, 6, 8, 9, 10]
        assert ("transfer-encoding" in reader.headers) is (version == "1.1")
        await reader.connection_end()
        reader.close()


async def test_a_connection_serves_another_request_after_a_stream_s_end() -> None:
    """A stream that ended cleanly leaves its connection in order."""
    store = await workday()
    async with running(store) as serving:
        reader = await Reader.connect(serving.port, f"/cb_a/events?session_id={A}")
        await reader.answer()
        await reader.again("/cb_a/events?last_event_id=8")
        await append(store, output("more", B))
        await reader.until(lambda r: len(r.events) == 4)
        assert reader.events[-1][0] == Sequence(9)
        reader.close()
