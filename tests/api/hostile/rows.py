"""What a row of the tables is: a request that must be refused, as the bytes that are sent, and the refusal."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from tests.support.service import API
from tests.support.wire import HOST

CODEBASES = f"{API}/codebases"
JSON = b"Content-Type: application/json\r\n"


@dataclass(frozen=True)
class Hostile:
    """A request, and the status and code that it is refused with.

    In `sent` stand for what there is: {idle} and {busy} for codebases whose agent is idle and at work, {home} for the
    directory that they lie in, {data} for the data directory.
    """

    name: str
    head: bytes
    body: bytes
    status: int
    code: str
    length: bool = True

    def sent(self, there: Mapping[str, str]) -> bytes:
        """The bytes to send."""
        head, body = self.head, self.body
        for name, value in there.items():
            head, body = (part.replace(b"{%b}" % name.encode(), value.encode()) for part in (head, body))
        return head + (b"Content-Length: %d\r\n\r\n" % len(body) if self.length else b"") + body


def post(
    name: str, path: str, body: object, status: int = 400, code: str = "invalid_input", headers: bytes = JSON
) -> Hostile:
    """A command. `body`: bytes as they are, anything else as JSON. `path`: below the codebases, unless from the root."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return Hostile(name, _head("POST", path) + headers, content, status, code)


def change(name: str, body: object, status: int = 400, code: str = "invalid_input") -> Hostile:
    """A change of what is known of an idle codebase."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return Hostile(name, _head("PATCH", "/{idle}") + JSON, content, status, code)


def trigger(name: str, body: object, status: int = 400, code: str = "invalid_input", headers: bytes = JSON) -> Hostile:
    """A trigger of an idle agent."""
    return post(name, "/{idle}/trigger", body, status, code, headers)


def register(name: str, body: Mapping[str, object], status: int = 400, code: str = "invalid_input") -> Hostile:
    """A registration that differs from a right one; None leaves a field out."""
    right = {"name": "x", "path": "{home}/free", **body}
    given = {field: value for field, value in right.items() if value is not None}
    return post(f"register: {name}", "", given, status, code)


def ask(name: str, method: str, path: str, status: int, code: str, headers: bytes = b"") -> Hostile:
    """A request without a body."""
    return Hostile(name, _head(method, path) + headers + b"\r\n", b"", status, code, length=False)


def raw(name: str, sent: bytes, status: int = 400, code: str = "malformed_request") -> Hostile:
    """Bytes as they are."""
    return Hostile(name, sent, b"", status, code, length=False)


def _head(method: str, path: str) -> bytes:
    address = path if path.startswith(("/v1/", "/healthz", "http:", "*")) else CODEBASES + path
    return f"{method} {address} HTTP/1.1\r\n".encode() + HOST
