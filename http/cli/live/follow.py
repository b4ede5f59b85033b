"""Follows one session to its end: shows what comes, takes a person's keys, and says how it ended."""

import asyncio
import signal
from collections.abc import Callable
from typing import Final, Protocol

from ....client.codebase import Codebase
from ....client.errors import LedgerApiError, LedgerUnreachable
from ....domain import events as e
from ..connection.server import sentence_of
from ..failures import CTRL_C, DONE, FAILED, INTERRUPTED, NEEDS_ANSWER
from .received import event_of
from .totals import Totals

ENDS: Final = {"completed": DONE, "failed": FAILED, "stopped": INTERRUPTED}


class Sink(Protocol):
    """Where events go: a view for a person, or lines of JSON."""

    def show(self, event: e.Event, number: int, name: str, raw: str) -> None:
        """Show one event."""
        ...

    def trouble(self, sentence: str | None) -> None:
        """The connection was lost for this reason. None: there is one again."""
        ...


class Follower:
    """Follows a session, or all sessions of a codebase (None), which has no end. `patient`: it also waits for answers of others, and for an interrupted session to resume.

    `waiting`: the requests of the agent that nobody has answered yet, oldest first. `on_ctrl_c`: what Ctrl-C does; it
    detaches, and the agent works on.
    """

    def __init__(
        self, codebase: Codebase, session: str | None, sink: Sink, totals: Totals, *, patient: Callable[[e.Event], bool]
    ) -> None:
        self.codebase, self.session = codebase, session
        self.totals = totals
        self.waiting: dict[str, e.PermissionAsked] = {}
        self.interrupted = False
        self.on_ctrl_c: Callable[[], None] = lambda: self.leave(CTRL_C)
        self._sink, self._patient = sink, patient
        self._lost = False
        self._left: asyncio.Future[int] | None = None

    async def follow(self, after: int | None = 0) -> int:
        """Follow from this event of the codebase on; the exit code. Raises `LedgerClientError`."""
        loop = asyncio.get_running_loop()
        self._left = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.leave, 128 + number)
        loop.add_signal_handler(signal.SIGINT, self.on_ctrl_c)
        reading = asyncio.create_task(self._read(after))
        try:
            await asyncio.wait((reading, self._left), return_when=asyncio.FIRST_COMPLETED)
            return self._left.result() if self._left.done() else await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def leave(self, code: int) -> None:
        """Stop following; the agent works on."""
        if self._left is not None and not self._left.done():
            self._left.set_result(code)

    async def _read(self, after: int | None) -> int:
        events = self.codebase.events(after, session=self.session, on_trouble=self._trouble)
        async with events:
            async for received in events:
                event = event_of(received.event, received.raw, received.id)
                if isinstance(event, e.SessionStarted):
                    self.totals.restart()
                self.totals.take(event, received.id)
                self._sink.show(event, received.id, received.event, received.raw)
                if (code := self._noted(event)) is not None and self.session is not None:
                    return code
        return ENDS.get(self.totals.status, FAILED) if self.session is not None else DONE

    def _noted(self, event: e.Event) -> int | None:
        """The exit code, if there is nothing more to follow."""
        match event:
            case e.PermissionAsked():
                self.waiting[event.permission_id] = event
                return None if self._patient(event) else NEEDS_ANSWER
            case e.PermissionReplied():
                self.waiting.pop(event.permission_id, None)
            case e.SessionInterrupted():
                self.interrupted = True
                return None if self._patient(event) else INTERRUPTED
            case e.SessionResumed():
                self.interrupted = False
            case e.Complete():
                return ENDS.get(event.status, FAILED)
            case _:
                pass
        return None

    def _trouble(self, failure: LedgerApiError | LedgerUnreachable | None) -> None:
        """Said once for each loss, however often the connection is tried again."""
        if failure is None or not self._lost:
            self._sink.trouble(None if failure is None else sentence_of(failure))
        self._lost = failure is not None
