"""The mailbox: what an actor is asked, in order, with a lane for what must overtake.

Promises: within a lane, first come first served; the control lane goes first; and once the mailbox is closed
every envelope in it, and every later one, is answered with `ActorStopped`, so that nobody waits for ever.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..domain.codebase.commands import (
    CancelTask,
    Command,
    Delete,
    GrantRoom,
    Interrupt,
    LookAgain,
    Recover,
    Shutdown,
    Stop,
)
from ..domain.codebase.lifecycle import Phase
from ..domain.codebase.requests import Request
from ..domain.errors import ActorStopped
from ..domain.events import Json
from ..domain.ids import Position

CONTROL = (Interrupt, Stop, CancelTask, Delete, GrantRoom, LookAgain, Recover, Shutdown)
"""Commands that overtake: a person's wish to halt must not queue behind the agent's output."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a command: where the log was and where the codebase stood once it was done.

    `recorded`: how many events it took. `content`: what is to be told to the caller of a request.
    """

    position: Position
    phase: Phase
    recorded: int = 0
    content: Mapping[str, Json] | None = None


class Envelope:
    """A command on its way, and the future that its sender waits for.

    `lasting`: nobody would send it again, so a store that fails must not lose it. `request`: the one that the command
    came with, if it did; `content`: what is to be told in answer to that.
    """

    __slots__ = ("command", "content", "lasting", "reply", "request")

    def __init__(self, command: Command, *, request: Request | None = None, lasting: bool = False) -> None:
        self.command, self.request = command, request
        self.content: Mapping[str, Json] | None = None
        self.lasting = lasting
        self.reply: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def answer(self, answer: Answer) -> None:
        """Reply, unless the sender has left."""
        if not self.reply.done():
            self.reply.set_result(replace(answer, content=self.content))

    def fail(self, error: Exception) -> None:
        """Refuse, unless the sender has left."""
        if not self.reply.done():
            self.reply.set_exception(error)
            self.reply.exception()  # a sender that left must not turn into a warning about an unread error


class Mailbox:
    """Two lanes of envelopes for one reader."""

    def __init__(self) -> None:
        self._control: deque[Envelope] = deque()
        self._data: deque[Envelope] = deque()
        self._filled = asyncio.Event()
        self._closed = False

    def put(self, envelope: Envelope) -> None:
        """Add an envelope to its lane."""
        if self._closed:
            envelope.fail(ActorStopped())
            return
        lane = self._control if isinstance(envelope.command, CONTROL) else self._data
        lane.append(envelope)
        self._filled.set()

    def send(self, command: Command) -> None:
        """Add a command that nobody waits for and nobody would send again."""
        self.put(Envelope(command, lasting=True))

    async def get(self) -> Envelope:
        """The next envelope, from the control lane if there is one."""
        while not (self._control or self._data):
            self._filled.clear()
            await self._filled.wait()
        return (self._control or self._data).popleft()

    def more(self, kind: type[Command], most: int) -> list[Envelope]:
        """What is next as long as it is of this kind, without waiting; at most so many."""
        taken: list[Envelope] = []
        while not self._control and self._data and len(taken) < most and isinstance(self._data[0].command, kind):
            taken.append(self._data.popleft())
        return taken

    @property
    def closed(self) -> bool:
        """Whether nothing that comes is done any more."""
        return self._closed

    def close(self) -> None:
        """Refuse everything from now on, and what is still inside."""
        self._closed = True
        for envelope in (*self._control, *self._data):
            envelope.fail(ActorStopped())
        self._control.clear()
        self._data.clear()

    def __len__(self) -> int:
        return len(self._control) + len(self._data)
