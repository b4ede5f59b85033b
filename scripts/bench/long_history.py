#!/usr/bin/env python3
"""A stand-in for opencode that does nothing but give one long session: `long_history.py serve`, for `syncing.py`.

It needs only the standard library. The session's directory stands in the file `history` of its home.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

MESSAGES, PARTS = 500, 100
NOW = 1_765_380_600_000
SESSION = "ses_000000000001LongHistory001"


class Answers(BaseHTTPRequestHandler):
    """One request: who asks is not looked at."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer as opencode does."""
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/path":
            self.answer({"directory": str(Path.cwd()), "worktree": "/"})
        elif address.path == "/experimental/session":
            self.answer([] if "cursor" in query else [session()])
        elif address.path.endswith("/message"):
            end = int(query.get("before", MESSAGES))
            first = max(end - int(query["limit"]), 0)
            self.answer([message(number) for number in range(first, end)], str(first) if first else None)
        else:
            self.answer({"healthy": True, "version": "1.18.33"})

    def do_POST(self) -> None:
        """Nothing is done."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.answer(True)

    def answer(self, content: object, cursor: str | None = None) -> None:
        """Send JSON, and where what came before it is found."""
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if cursor:
            self.send_header("X-Next-Cursor", cursor)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so by the library
        """Say nothing."""


def session() -> dict[str, object]:
    """The session as it is listed."""
    directory = (Path.home() / "history").read_text()
    return {"id": SESSION, "title": "Long", "directory": directory, "time": {"created": NOW, "updated": NOW}}


def message(number: int) -> dict[str, object]:
    """One of its answers."""
    name = f"msg_{number:012x}LongHistory001"
    time = {"created": NOW + number, "completed": NOW + number}
    info = {"id": name, "sessionID": SESSION, "role": "assistant", "finish": "stop", "time": time}
    return {"info": info, "parts": [part(name, number * PARTS + count) for count in range(PARTS)]}


def part(message: str, number: int) -> dict[str, object]:
    """A few words, or a call."""
    part: dict[str, object] = {"id": f"prt_{number:012x}LongHistory001", "messageID": message, "sessionID": SESSION}
    if number % 2:
        return {**part, "type": "text", "text": "word ", "time": {"start": NOW, "end": NOW}}
    state = {"status": "completed", "input": {"command": "ls"}, "output": "a.txt", "time": {"start": NOW, "end": NOW}}
    return {**part, "type": "tool", "tool": "bash", "callID": f"call_{number}", "state": state}


def main() -> None:
    """Serve until ended."""
    if "--version" in sys.argv:
        print("1.18.33")
        return
    named = dict(word.removeprefix("--").split("=", 1) for word in sys.argv if word.startswith("--") and "=" in word)
    server = ThreadingHTTPServer(("127.0.0.1", int(named.get("port", "0"))), Answers)
    print(f"opencode server listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
