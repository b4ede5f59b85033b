"""Subscribers that come, dawdle, hang up and come back with the last id they have.

What one gets is compared with the log frame by frame as it comes: each event of its stream once, in order, the bytes
those of the log. All that one remembers over its connections is the id of its last event.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import orjson
from aiohttp import web

from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, SessionId

from .loop import SimulatedLoop
from .network import Connection
from .record import Record

EVERYTHING = 1 << 30


@dataclass
class Wish:
    """What a subscriber wants: all codebases (None) or one, of that all or one session, from the first event or from now."""

    codebase: CodebaseId | None
    session: SessionId | None = None
    from_now: bool = False


class Reader:
    """One subscriber. `slow`: it reads only when it is asked to. `done`: it learned that nothing more will come."""

    def __init__(self, number: int, wish: Wish, record: Record, note: Callable[[str], None]) -> None:
        self.number, self.wish, self.slow, self.done = number, wish, False, False
        self._record, self._note = record, note
        self._connection: Connection | None = None
        self._last: int | None = None if wish.from_now else 0
        self._clear()

    def __str__(self) -> str:
        return f"reader {self.number} of {self.wish.session or self.wish.codebase or 'all'} after {self._last}"

    # --- coming and going -----------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether it has a connection."""
        return self._connection is not None

    def connect(self, loop: SimulatedLoop, server: web.Server) -> None:
        """Come, or come back."""
        query = f"session_id={self.wish.session}" if self.wish.session else ""
        cursor = f"Last-Event-ID: {self._last}\r\n" if self._last else ""
        if self._last == 0 and not self.wish.session:
            query = "last_event_id=0"
        self._clear()
        self._connection = Connection(
            loop, server, f"GET {self.address}?{query} HTTP/1.1\r\nHost: x\r\n{cursor}\r\n".encode()
        )

    @property
    def address(self) -> str:
        """The path of its stream."""
        return f"/{self.wish.codebase}/events" if self.wish.codebase else "/events"

    def hang_up(self) -> None:
        """Leave, wherever in a frame that may be."""
        if self._connection is not None:
            self._connection.leave()
        self._connection = None

    def server_is_gone(self, chance: Random) -> None:
        """The server ended: what it had sent may arrive yet, or some of it."""
        if self._connection is not None:
            self.read(chance.choice((0, chance.randrange(2000), EVERYTHING)))
        self._connection = None

    # --- reading --------------------------------------------------------------------------------------------------

    def read(self, size: int = EVERYTHING) -> None:
        """Take some bytes. Raises `AssertionError` for anything but what comes next."""
        if self._connection is None:
            return
        connection = self._connection
        if taken := connection.take(size):
            self._raw += taken
            self._understand()
        if connection.ended:
            self._connection = None

    @property
    def is_level(self) -> bool:
        """Whether it has all that is in the log for it."""
        return self.done or (self._last is not None and self._next() is None)

    @property
    def is_settled(self) -> bool:
        """Whether it needs nothing more: it has all, and where it wants only what is new, it is there for it."""
        return self.done or (self.connected and not self.slow and (self.wish.from_now or self.is_level))

    @property
    def got(self) -> int:
        """The number of its last event."""
        return self._last or 0

    def _clear(self) -> None:
        self._raw, self._body = bytearray(), bytearray()
        self._status: int | None = None

    def _understand(self) -> None:
        if self._status is None:
            self._read_head()
        if self._status == 200:
            self._read_chunks()
            self._read_frames()
        elif self._status is not None:
            self._refused(self._status)

    def _read_head(self) -> None:
        head, found, rest = bytes(self._raw).partition(b"\r\n\r\n")
        if found:
            self._raw = bytearray(rest)
            self._status = int(head.split(maxsplit=2)[1])

    def _read_chunks(self) -> None:
        while True:
            line, found, _ = bytes(self._raw[:20]).partition(b"\r\n")
            size = int(line, 16) if found else 0
            begin = len(line) + 2
            if not found or len(self._raw) < begin + size + 2:
                return
            if not size:
                self._ended()
                return
            self._body += self._raw[begin : begin + size]
            del self._raw[: begin + size + 2]

    def _read_frames(self) -> None:
        *whole, rest = bytes(self._body).split(b"\n\n")
        self._body = bytearray(rest)
        for block in whole:
            lines = [line.split(b": ", 1) for line in block.split(b"\n")]
            fields = {line[0]: line[-1] for line in lines}
            self._got(int(fields[b"id"]), fields[b"event"].decode(), fields[b"data"])

    def _got(self, number: int, topic: str, data: bytes) -> None:
        self._note(f"{self} gets {number}")
        if self._last is None:
            assert self.wish.codebase is not None
            assert 0 < number <= len(self._record.streams[self.wish.codebase]), f"{self} got {number}"
            self._last = number - 1
        wanted = self._next()
        assert wanted is not None, f"{self} got {number}, which is not in the log"
        assert number == self._number_of(wanted), f"{self} got {number}, and not {self._number_of(wanted)}"
        assert topic == wanted.topic, f"{self} got {number} as {topic}"
        if self.wish.codebase is None:
            assert orjson.loads(data) == {"codebase_id": wanted.stream} | orjson.loads(wanted.data), f"{self}: {data!r}"
        else:
            assert data == wanted.data, f"{self} got {data!r} as {number}"
        self._last = number

    def _next(self) -> RecordedEvent | None:
        """The event of the log that comes next."""
        last, codebase, session = self._last or 0, self.wish.codebase, self.wish.session
        if codebase is None:
            return self._record.log[last] if last < len(self._record.log) else None
        own = self._record.streams[codebase]
        if session is None:
            return own[last] if last < len(own) else None
        return next((own[n - 1] for n in self._record.sessions[codebase, session] if n > last), None)

    def _number_of(self, event: RecordedEvent) -> int:
        return event.position if self.wish.codebase is None else event.sequence

    # --- the end --------------------------------------------------------------------------------------------------

    def _ended(self) -> None:
        """The stream ended: permanently if a session or its codebase has; else the server did."""
        self.hang_up()
        if self.is_level and self._is_over():
            self.done = True

    def _refused(self, status: int) -> None:
        self.hang_up()
        if status == 204:
            assert self._next() is None, f"{self} got the answer that this was all"
            self.done = True
        elif status == 404:
            assert self.wish.session is not None, f"{self} got the answer that there is no such stream"
            assert self._is_over(), f"{self} got the answer that there is no such session"
            self.done = True  # its codebase was deleted
        else:
            assert status == 503, f"{self} was refused with {status}"

    def _is_over(self) -> bool:
        codebase, session = self.wish.codebase, self.wish.session
        if codebase is None:
            return False
        state = self._record.states[codebase]
        return state.phase is Phase.DELETED or (
            session is not None and (state.session is None or state.session.id != session)
        )
