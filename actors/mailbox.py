"""The mailbox: the commands of an actor in their order, with a lane for those that must overtake.

- Within a lane: first come, first served. The control lane goes first.
- Once the mailbox is closed, every envelope in it and every later one is answered with `ActorStopped`.
  So nobody waits forever.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..domain.codebase.commands import (
    CancelTask,
    Command,
    Delete,
    GrantSlot,
    Interrupt,
    LookAgain,
    Recover,
    Shutdown,
    Stop,
)
from ..domain.codebase.lifecycle_rules import Phase
from ..domain.codebase.requests import Request
from ..domain.errors import ActorStopped
from ..domain.events import Json
from ..domain.ids import Position

CONTROL = (Interrupt, Stop, CancelTask, Delete, GrantSlot, LookAgain, Recover, Shutdown)
"""Commands that overtake: a person's halt must not queue behind the agent's output."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a command: where the log was and where the codebase stood once it was done.

    `recorded`: the number of recorded events. `content`: the response to the request, if there was one.
    """

    position: Position
    phase: Phase
    recorded: int = 0
    content: Mapping[str, Json] | None = None


class Envelope:
    """A command on its way, with the future that its sender waits for.

    `lasting`: nobody would send it again, so a failing store must not lose it. `request`: the request that the command
    came with, if there is one. `content`: the response to it.
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
        """The next commands while they are of this kind, at most `most` of them. Doesn't wait."""
        taken: list[Envelope] = []
        while not self._control and self._data and len(taken) < most and isinstance(self._data[0].command, kind):
            taken.append(self._data.popleft())
        return taken

    @property
    def closed(self) -> bool:
        """Whether every later command is refused."""
        return self._closed

    def close(self) -> None:
        """Refuse everything from now on, and all that still waits."""
        self._closed = True
        for envelope in (*self._control, *self._data):
            envelope.fail(ActorStopped())
        self._control.clear()
        self._data.clear()

    def __len__(self) -> int:
        return len(self._control) + len(self._data)
