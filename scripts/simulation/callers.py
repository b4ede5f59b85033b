"""Callers who give their request a key and repeat it whenever they like: it is done once, and always answered alike."""

from collections.abc import Callable
from typing import Final

import orjson
from aiohttp import web

from opencode_ledger.domain.ids import CodebaseId

from .loop import SimulatedLoop
from .network import Connection
from .people import HEADER, person_of
from .record import Complain, Record

ONCE: Final = "a repeated request is done once and answered alike"
REFUSALS: Final = (404, 409, 503)
"""What may be said instead: there is no such codebase, it is being deleted, or nothing can be recorded now."""


class Caller:
    """One request, a task to be queued, over all the times that it is sent. `status`: what was said last."""

    def __init__(
        self,
        number: int,
        place: int,
        codebase: CodebaseId,
        record: Record,
        complain: Complain,
        note: Callable[[str], None],
    ) -> None:
        """`place`: which caller it is. Two after one another are different people who chose the same key."""
        self.title = f"keyed {number}"
        self._place = place
        self.status: int | None = None
        self._codebase, self._record, self._complain, self._note = codebase, record, complain, note
        self._answer: bytes | None = None
        self._lines: list[tuple[Connection, bytearray]] = []

    def __str__(self) -> str:
        return f"caller of {self._codebase} for {self.title!r}"

    def send(self, loop: SimulatedLoop, server: web.Server) -> None:
        """Send it, for the first time or once more, whatever became of it before."""
        body = orjson.dumps({"title": self.title, "prompt": self.title})
        head = (
            f"POST /{self._codebase}/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIdempotency-Key: key {self._place // 2}\r\n"
            f"X-Request-ID: keyed-{self._place}\r\n{HEADER}: {person_of(self._place)}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._lines.append((Connection(loop, server, head.encode() + body), bytearray()))

    def hang_up(self) -> None:
        """Wait for none of the answers."""
        for connection, _ in self._lines:
            connection.leave()
        self._lines.clear()

    def server_is_gone(self) -> None:
        """Nothing more comes but what was sent."""
        self.read()
        self._lines.clear()

    def forgets(self) -> None:
        """The answer was erased, perhaps: it may be given once more without its words."""
        self._answer = None

    def read(self) -> None:
        """Take the answers that are there."""
        for connection, raw in self._lines:
            raw.extend(connection.take(1 << 30))
            head, found, body = bytes(raw).partition(b"\r\n\r\n")
            if found and connection.ended:
                self._answered(int(head.split(maxsplit=2)[1]), body)
        self._lines = [line for line in self._lines if not line[0].ended]

    def check(self) -> None:
        """At rest, after an answer: what was said is what the log says."""
        done = self._record.named[f"titled {self.title}"]
        if self.status not in (200, 404) or done != (self.status == 200):
            self._complain(ONCE, f"{self}: {self.status}, and done {done} times")

    def _answered(self, status: int, body: bytes) -> None:
        self.status = status
        self._note(f"{self} is answered {status}")
        if status == 200:
            first = self._answer = self._answer or body
            if body != first or self._record.named[f"titled {self.title}"] != 1:
                self._complain(ONCE, f"{self}: {body!r}, and before that {first!r}")
        elif status not in REFUSALS or (status != 503 and self._answer):
            self._complain(ONCE, f"{self} is answered {status} {body!r}, and before that {self._answer!r}")
