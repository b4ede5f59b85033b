#!/usr/bin/env python3
"""A stand-in for opencode that does nothing but give one long session: `long_history.py serve`, for `syncing.py`.

It needs only the standard library. What the session is like stands in the file `history` of its home, as JSON: its
`directory`, how many `messages` it has, how many `parts` each of them, and how many `characters` a text or an output.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

NOW = 1_765_380_600_000
SESSION = "ses_000000000001LongHistory001"
LINE = '-rw-r--r-- 1 root root 4096 src/parser/tokens.py: "word" = 1\n'


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
            shape = history()
            end = int(query["before"]) if "before" in query else int(shape["messages"])
            first = max(end - int(query["limit"]), 0)
            self.answer([message(shape, number) for number in range(first, end)], str(first) if first else None)
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


def history() -> dict[str, Any]:
    """What the session is like."""
    found: dict[str, Any] = json.loads((Path.home() / "history").read_text())
    return found


def session() -> dict[str, object]:
    """The session as it is listed."""
    directory = history()["directory"]
    return {"id": SESSION, "title": "Long", "directory": directory, "time": {"created": NOW, "updated": NOW}}


def message(shape: dict[str, Any], number: int) -> dict[str, object]:
    """One of its answers."""
    name = f"msg_{number:012x}LongHistory001"
    time = {"created": NOW + number, "completed": NOW + number}
    info = {"id": name, "sessionID": SESSION, "role": "assistant", "finish": "stop", "time": time}
    first, length = number * shape["parts"], shape["characters"]
    return {"info": info, "parts": [part(name, first + count, length) for count in range(shape["parts"])]}


def part(message: str, number: int, length: int) -> dict[str, object]:
    """A text, or a call with an output, of this length in characters."""
    part: dict[str, object] = {"id": f"prt_{number:012x}LongHistory001", "messageID": message, "sessionID": SESSION}
    said = (LINE * (length // len(LINE) + 1))[:length]
    if number % 2:
        return {**part, "type": "text", "text": said, "time": {"start": NOW, "end": NOW}}
    state = {"status": "completed", "input": {"command": "ls"}, "output": said, "time": {"start": NOW, "end": NOW}}
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
