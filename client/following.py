"""An event stream that survives every loss of its connection: nothing is missed, and nothing comes twice."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, Generic, Literal, Self, TypeVar, cast

from .cursor import Cursor
from .errors import BadStream, LedgerApiError, LedgerClosed, LedgerUnreachable, StreamHole, api_error
from .event import Event
from .frames import Frame, FrameReader
from .retrying import passes, pauses, wanted_pause
from .transport import Incoming, Request, Transport

E_co = TypeVar("E_co", bound=Event[str, object], covariant=True)

BEGINS_AFTER: Final = "x-ledger-after"
"""The header with the id after which a stream begins, which a reader can't know before the first event."""

SILENCE: Final = 45.0
"""Seconds after which a connection counts as dead: the service sends something every 15 seconds."""

Numbering = Literal["contiguous", "rising", "free"]
"""What the ids of a stream's events are: without gaps, with gaps, or in any order, where later events replace earlier ones."""

Trouble = Callable[[LedgerApiError | LedgerUnreachable | None], None]
"""Gets the reason when a connection is lost, and None when there is one again."""


class EventStream(Generic[E_co]):
    """The events of a stream, as an asynchronous iterator. It reconnects by itself, after the last event that it has.

    It ends where the service ends the stream: a session's with the session, a codebase's with its deletion. As a
    context manager it closes its connection at the end of the block.

    `numbering`: what the ids have to be. `last`: whether an event may be the last, after
    which the stream's address may be gone. `patience`: seconds without an event after which a lost connection is an error.
    `silence`: seconds without a byte after which a connection counts as lost.
    """

    def __init__(
        self,
        transport: Transport,
        path: str,
        after: int | Cursor | None,
        *,
        numbering: Numbering,
        last: Callable[[Event[str, Any]], bool] = lambda _: False,
        on_trouble: Trouble | None = None,
        patience: float | None = None,
        silence: float = SILENCE,
    ) -> None:
        self._transport, self._path = transport, path
        self._cursor = None if after is None or isinstance(after, int) else after
        self.position: int | None = after if isinstance(after, int) else None
        """The id of the last event that was handed out, or after which the stream began. None at first."""
        self._numbering, self._on_trouble, self._patience = numbering, on_trouble, patience
        self._silence = silence
        self._connection: Incoming | None = None
        self._reader = FrameReader()
        self._waiting: deque[Frame] = deque()
        self._pauses: Iterator[float] = pauses()
        self._waited = 0.0
        self._last = last
        self._troubled = self._over = self._at_last = self._fruitful = False
        self._loaded = self._cursor is None
        self._untaken: int | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E_co:
        """The next event; until it comes, connections are made again. Raises `StreamHole` or `LedgerApiError`.

        A call that is cancelled loses nothing: the next one goes on.
        """
        await self._taken()
        while True:
            while self._waiting:
                if (event := await self._next_waiting()) is not None:
                    return event
            if self._over:
                await self._disconnect()
                raise StopAsyncIteration
            await self._receive()

    async def _next_waiting(self) -> E_co | None:
        try:
            return self._checked(self._waiting.popleft())
        except (StreamHole, BadStream):
            # A further call asks for the same events again.
            self._waiting.clear()
            await self._disconnect()
            raise

    async def aclose(self) -> None:
        """Close the connection; the iteration ends."""
        self._over = True
        self._waiting.clear()
        await self._disconnect()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self._taken()  # a block that ended well has done with its last event
        finally:
            await self.aclose()

    # --- one connection after the other ---------------------------------------------------------------------------

    async def _receive(self) -> None:
        try:
            if self._connection is None:
                await self._connect()
                return
            chunk = await self._connection.read()
        except LedgerUnreachable as lost:
            await self._lost(lost)
            return
        except LedgerClosed:
            await self._disconnect()
            raise
        if chunk:
            self._waiting.extend(self._reader.feed(chunk))
        elif self._fruitful:
            # The service has ended the stream, or itself. Asked again, it answers 204 where nothing follows.
            await self._disconnect()
        else:
            await self._lost(LedgerUnreachable("The stream ended before it brought an event.", sent=True))

    async def _connect(self) -> None:
        if not self._loaded and self._cursor is not None:
            cursor = self._cursor
            self.position = await self._transport.aside(lambda: cursor.load(self._path))
            self._loaded = True
        headers = {"Accept": "text/event-stream"}
        if self.position is not None:
            headers["Last-Event-ID"] = str(self.position)
        connection = await self._transport.open(Request("GET", self._path, headers), self._silence)
        if connection.status == 204:
            self._over = True
            await connection.close()
        elif connection.status == 200:
            self._begin(connection)
        else:
            await self._refused(connection)

    def _begin(self, connection: Incoming) -> None:
        self._connection, self._reader = connection, FrameReader()
        begins_after = connection.headers.get(BEGINS_AFTER, "")
        if self.position is None and begins_after.isdigit():
            self.position = int(begins_after)
        if self._troubled and self._on_trouble is not None:
            self._on_trouble(None)
        self._troubled = self._fruitful = False

    async def _refused(self, connection: Incoming) -> None:
        pieces: list[bytes] = []
        try:
            while piece := await connection.read():
                pieces.append(piece)
        finally:
            await connection.close()
        failure = api_error(connection.status, b"".join(pieces), connection.headers)
        if failure.status == 404 and self._at_last:
            self._over = True
            return
        if not passes(failure):
            raise failure
        await self._lost(failure)

    async def _lost(self, failure: LedgerApiError | LedgerUnreachable) -> None:
        await self._disconnect()
        if self._on_trouble is not None:
            self._on_trouble(failure)
        self._troubled = True
        pause = wanted_pause(failure, next(self._pauses))
        self._waited += pause
        if self._patience is not None and self._waited > self._patience:
            raise failure
        await self._transport.pause(pause)

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    # --- one event after the other --------------------------------------------------------------------------------

    def _checked(self, frame: Frame) -> E_co | None:
        """The event of a frame, or None if it came before. Raises `StreamHole` or `BadStream`."""
        if not (frame.id.isascii() and frame.id.isdigit()):
            raise BadStream(f"An event of {self._path} has no number: {frame.id!r}.")
        number, last = int(frame.id), self.position
        if last is not None and self._numbering != "free":
            if number <= last:
                return None
            if self._numbering == "contiguous" and number > last + 1:
                raise StreamHole(self._path, last, number)
        event = cast("E_co", Event(number, frame.event, _data(self._path, frame), frame.data))
        self.position = self._untaken = number
        self._pauses, self._waited, self._fruitful = pauses(), 0.0, True
        self._at_last = self._last(event)
        return event

    async def _taken(self) -> None:
        """Keep that the caller has taken the last event: it asks for the next one."""
        number, cursor, self._untaken = self._untaken, self._cursor, None
        if number is not None and cursor is not None:
            await self._transport.aside(lambda: cursor.save(self._path, number))


def _data(path: str, frame: Frame) -> object:
    try:
        data = cast("object", json.loads(frame.data))
    except ValueError as error:
        raise BadStream(f"Event {frame.id} of {path} is not JSON.") from error
    if not isinstance(data, dict):
        raise BadStream(f"Event {frame.id} of {path} is not a JSON object.")
    return cast("dict[str, object]", data)
