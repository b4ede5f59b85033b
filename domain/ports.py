"""What the core needs of the outside world; each port has an in-memory twin and one contract suite for both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
from collections.abc import Sequence as Many
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from .codebase.commands import ImportSession
from .codebase.effects import Prompt
from .codebase.facts import Fact
from .codebase.imported import ExternalSession
from .events import Answers
from .events.recorded import NewEvent, RecordedEvent
from .ids import (
    AgentPermissionId,
    CodebaseId,
    MessageId,
    OutputId,
    PermissionId,
    Position,
    Sequence,
    SessionId,
    TaskId,
)

CommitListener: TypeAlias = Callable[[tuple[RecordedEvent, ...]], None]
"""Called on the event loop with the events of each commit, in position order, before any append of it is answered."""


class EventStore(Protocol):
    """The log: append-only, one stream per codebase, a total order over all.

    Whatever is read is a page: it ends at its limit, or sooner, with the event that brings its data to `PAGE_BYTES`.
    Only a page without events says that there are no more.
    """

    @property
    def head(self) -> Position:
        """The position of the last committed event; 0 for an empty log."""
        ...

    async def append(self, stream: CodebaseId, expected: Sequence, events: Many[NewEvent]) -> tuple[RecordedEvent, ...]:
        """Make the events durable, all or none, right after sequence `expected`; at least one event.

        Raises `WrongExpectedVersion` where the stream is elsewhere, `StoreError` where nothing was written.
        An append that is cancelled may still happen; nothing else is undecided.
        """
        ...

    async def stream_head(self, stream: CodebaseId) -> Sequence:
        """The last sequence of a stream; 0 for one without events."""
        ...

    async def read_stream(
        self, stream: CodebaseId, after: Sequence, limit: int, *, upto: Sequence | None = None
    ) -> list[RecordedEvent]:
        """At most `limit` events with `after` < sequence (<= `upto`), in order."""
        ...

    async def read_lifecycle(self, stream: CodebaseId, after: Sequence, limit: int) -> list[RecordedEvent]:
        """As `read_stream`, without the `output` events (which never change the actor's state)."""
        ...

    async def read_all(self, after: Position, limit: int) -> list[RecordedEvent]:
        """At most `limit` events of all streams with position > `after`, in position order."""
        ...

    async def trouble(self) -> str | None:
        """Why nothing can be recorded at present; None where it can. Recovers by itself where the reason goes away."""
        ...

    def on_commit(self, listener: CommitListener) -> Callable[[], None]:
        """Have `listener` called after each commit; call the answer to end that."""
        ...

    async def close(self) -> None:
        """Let what is under way finish, then close; later calls raise `StoreError`."""
        ...


class OutputStore(Protocol):
    """The whole outputs of tools, each kept once, by codebase and name, beside the log whose events name them."""

    async def keep(self, codebase: CodebaseId, output: OutputId, salt: bytes, chunks: Iterator[bytes]) -> None:
        """Make an output durable, all of it or none. It is unsettled until `settle` names it.

        `chunks` may be taken beside the event loop; what it raises comes out of here. Raises `StoreError` where it
        can't be written.
        """
        ...

    async def size(self, codebase: CodebaseId, output: OutputId) -> int | None:
        """How many bytes of an output are kept; None where there is none. Raises `StoreError`."""
        ...

    async def read(self, codebase: CodebaseId, output: OutputId, first: int, upto: int) -> bytes:
        """The bytes of an output from `first` on, up to and without `upto` or its end. Raises `StoreError`."""
        ...

    async def chunk(self, codebase: CodebaseId, output: OutputId, first: int) -> bytes:
        """The chunk that begins at this byte, as it was kept; nothing where none does. Raises `StoreError`."""
        ...

    async def salt(self, codebase: CodebaseId, output: OutputId) -> bytes | None:
        """The salt of an output's hashes; None where there is no such output. Raises `StoreError`."""
        ...

    async def unsettled(self) -> Many[tuple[CodebaseId, OutputId]]:
        """Those of which it isn't known whether an event names them. Raises `StoreError`."""
        ...

    async def settle(self, named: Collection[tuple[CodebaseId, OutputId]]) -> None:
        """These of the unsettled are named by events, and stay; all other unsettled ones go. Raises `StoreError`."""
        ...

    async def close(self) -> None:
        """Let what is under way finish, then close; later calls raise `StoreError`."""
        ...


class Agent(Protocol):
    """One codebase's agent: at most one process, at most one run at a time, driven by its actor alone.

    Facts go to the `Deliver` that the agent was made with. Calls come one after another; `abort` and `stop`
    may come after a cancelled `prompt`.
    """

    def trust(self, trusted: bool) -> None:
        """Whether the codebase's own agent configuration may be run: from the next prompt on, and the next process."""
        ...

    async def prompt(self, prompt: Prompt) -> None:
        """Hand over a prompt (starting process and session if need be) and return when the agent has taken it.

        Raises `AgentError`. May be cancelled; what it left is then cleared by `abort` or `stop`.
        """
        ...

    async def answer(
        self,
        permission: AgentPermissionId,
        reply: Literal["once", "always", "reject"],
        message: str | None,
    ) -> None:
        """Hand over a reply to a question of permission; nothing happens if the agent no longer asks.

        On return it was reported as `PermissionSettled` how the agent settled this, and whatever else it settled by it.
        Raises `AgentError` where it did not take it; then it can be handed over again.
        """
        ...

    async def answer_question(self, question: AgentPermissionId, answers: Answers | None) -> None:
        """Hand over the answers to a question, or (None) its rejection. Otherwise as `answer`."""
        ...

    async def abort(self) -> None:
        """Make the agent let go; on return every fact of the aborted run has been delivered. Never raises."""
        ...

    async def stop(self) -> None:
        """End every process of this agent; on return none is left and every fact was delivered. Never raises."""
        ...

    @property
    def alive(self) -> bool:
        """Whether a process of this agent exists."""
        ...


Deliver: TypeAlias = Callable[[tuple[Fact, ...]], Awaitable[bool | None]]
"""Takes facts to the actor and returns when they are committed: an agent must not run ahead of the log.

The answer is False where the agent may not go on: it is to let go, or has nothing to do.
"""


class AgentFactory(Protocol):
    """Makes the agent of one codebase; starts nothing. `trusted`: the codebase's own agent configuration may be run."""

    def __call__(self, codebase: CodebaseId, directory: str, *, trusted: bool, deliver: Deliver) -> Agent:
        """Make the agent that works in `directory` and reports to `deliver`."""
        ...


class Histories(Protocol):
    """Opens what the agent's program keeps of a directory; nothing of the directory's own is run for it."""

    def __call__(self, codebase: CodebaseId, directory: str) -> AbstractAsyncContextManager["History"]:
        """Open it for the length of a block, and leave no process behind. Raises `AgentError`."""
        ...


class History(Protocol):
    """The sessions that were made in one directory, by whomever."""

    @property
    def passed_over(self) -> Mapping[str, int]:
        """Sessions of the directory that were found so far and can't be given, by the reason."""
        ...

    async def sessions(self) -> Many[ExternalSession]:
        """What there is now, those first that began first. Raises `AgentError`."""
        ...

    def read(self, session: ExternalSession) -> AsyncIterator[ImportSession]:
        """A session's messages from the first to the last, some at a time. Nothing of one that is gone.

        Raises `AgentError`.
        """
        ...


Sleep: TypeAlias = Callable[[float], Coroutine[Any, Any, None]]
"""Waits that many seconds."""


class Clock(Protocol):
    """Time. `now` is for records, `monotonic` (seconds) and `sleep` for everything that waits."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment that never moves."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class IdSource(Protocol):
    """Makes identities: unique, and sorting by the time of their making."""

    def codebase(self) -> CodebaseId:
        """A new id of a codebase."""
        ...

    def session(self) -> SessionId:
        """A new id of a session."""
        ...

    def task(self) -> TaskId:
        """A new id of a task."""
        ...

    def message(self) -> MessageId:
        """A new id of a message."""
        ...

    def permission(self) -> PermissionId:
        """A new id of a permission."""
        ...
