"""A service that gives answers that were written beforehand: states that are hard to reach, and other versions."""

import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit

NOT_FOUND = {"detail": "There is no such address.", "code": "not_found"}


@contextmanager
def canned(answers: Mapping[str, Any]) -> Generator[tuple[str, list[tuple[str, str, Any]]]]:
    """Its address, and what it was asked: method, address and body. An answer may be JSON, bytes, or (status, JSON)."""
    asked: list[tuple[str, str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked.append((self.command, self.path, json.loads(self.rfile.read(length) or b"null")))
            path = urlsplit(self.path).path.removeprefix("/v1/opencode")
            found = answers.get(f"{self.command} {path}", answers.get(path, (404, NOT_FOUND)))
            status, content = cast("tuple[int, Any]", found) if isinstance(found, tuple) else (200, found)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 the library's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the library's name
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
