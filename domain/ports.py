"""What the core needs of the outside world. Each port has an in-memory adapter and one contract suite for both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
from collections.abc import Sequence as Many
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from .codebase.commands import ImportSession
from .codebase.effects import Prompt
from .codebase.facts import Fact
from .codebase.imported import ExternalSession
from .events import Answers, Reply
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
"""Called on the event loop with the events of each commit, in position order, before their appends return."""


class EventStore(Protocol):
    """The log: append-only, one stream per codebase, a total order over all.

    Every read returns a page. It ends at its limit, or earlier with the event that brings its data to `PAGE_BYTES`.
    Only an empty page means that there are no more events.
    """

    @property
    def head(self) -> Position:
        """The position of the last committed event; 0 for an empty log."""
        ...

    async def append(self, stream: CodebaseId, expected: Sequence, events: Many[NewEvent]) -> tuple[RecordedEvent, ...]:
        """Make the events (at least one) durable, all or none, right after sequence `expected`.

        Raises `WrongExpectedVersion` where the stream is not at `expected`, and `StoreError` where nothing was written.
        A cancelled append may still happen; every other outcome is definite.
        """
        ...

    async def stream_head(self, stream: CodebaseId) -> Sequence:
        """The last sequence of a stream; 0 for an empty stream."""
        ...

    async def read_stream(
        self, stream: CodebaseId, after: Sequence, limit: int, *, upto: Sequence | None = None
    ) -> list[RecordedEvent]:
        """At most `limit` events with `after` < sequence (<= `upto`), in order."""
        ...

    async def read_lifecycle(self, stream: CodebaseId, after: Sequence, limit: int) -> list[RecordedEvent]:
        """As `read_stream`, without the `output` events, which never change the actor's state."""
        ...

    async def read_all(self, after: Position, limit: int) -> list[RecordedEvent]:
        """At most `limit` events of all streams with position > `after`, in position order."""
        ...

    async def trouble(self) -> str | None:
        """Why nothing can be recorded now; None where it can. Recovers by itself when the reason goes away."""
        ...

    def on_commit(self, listener: CommitListener) -> Callable[[], None]:
        """Call `listener` after each commit, until the returned function is called."""
        ...

    async def close(self) -> None:
        """Let what is under way finish, then close; later calls raise `StoreError`."""
        ...


class OutputStore(Protocol):
    """The whole outputs of tools, each kept once, by codebase and name, beside the log whose events name them."""

    async def keep(self, codebase: CodebaseId, output: OutputId, salt: bytes, chunks: Iterator[bytes]) -> None:
        """Make an output durable, all of it or none. It is unsettled until `settle` names it.

        `chunks` may be consumed in a thread; what it raises is raised here. Raises `StoreError` where the output can't
        be written.
        """
        ...

    async def size(self, codebase: CodebaseId, output: OutputId) -> int | None:
        """The size of an output in bytes; None where there is none. Raises `StoreError`."""
        ...

    async def read(self, codebase: CodebaseId, output: OutputId, first: int, upto: int) -> bytes:
        """The bytes of an output from `first` up to its end, or up to `upto` (exclusive). Raises `StoreError`."""
        ...

    async def chunk(self, codebase: CodebaseId, output: OutputId, first: int) -> bytes:
        """The chunk that begins at this byte, as it was kept; empty where none does. Raises `StoreError`."""
        ...

    async def salt(self, codebase: CodebaseId, output: OutputId) -> bytes | None:
        """The salt of an output's hashes; None where there is no such output. Raises `StoreError`."""
        ...

    async def unsettled(self) -> Many[tuple[CodebaseId, OutputId]]:
        """The outputs that an event may or may not name. Raises `StoreError`."""
        ...

    async def settle(self, named: Collection[tuple[CodebaseId, OutputId]]) -> None:
        """Keep these unsettled outputs, which events name, and remove all others. Raises `StoreError`."""
        ...

    async def close(self) -> None:
        """Let what is under way finish, then close; later calls raise `StoreError`."""
        ...


class Agent(Protocol):
    """One codebase's agent: at most one process and at most one run at a time, driven by its actor alone.

    Facts go to the `Deliver` that the agent was made with. Calls come one after another. `abort` and `stop` may follow a
    cancelled `prompt`.
    """

    def trust(self, trusted: bool) -> None:
        """Set whether the codebase's own agent configuration may be used, from the next prompt or process on."""
        ...

    async def prompt(self, prompt: Prompt) -> None:
        """Send a prompt, starting process and session if necessary, and return when the agent has taken it.

        Raises `AgentError`. May be cancelled; `abort` or `stop` then cleans up.
        """
        ...

    async def answer(
        self,
        permission: AgentPermissionId,
        reply: Reply,
        message: str | None,
    ) -> None:
        """Send a reply to a permission; nothing happens if the agent no longer asks for it.

        On return, `PermissionSettled` has reported how the agent settled this, and everything else that it settled with
        it. Raises `AgentError` where the agent did not take the reply; it can then be sent again.
        """
        ...

    async def answer_question(self, question: AgentPermissionId, answers: Answers | None) -> None:
        """Send the answers to a question, or (None) its rejection. Otherwise as `answer`."""
        ...

    async def abort(self) -> None:
        """Abort the run; on return every fact of it has been delivered. Never raises."""
        ...

    async def stop(self) -> None:
        """End every process of this agent; on return none is left and every fact has been delivered. Never raises."""
        ...

    @property
    def alive(self) -> bool:
        """Whether a process of this agent exists."""
        ...


Deliver: TypeAlias = Callable[[tuple[Fact, ...]], Awaitable[bool | None]]
"""Takes facts to the actor and returns when they are committed: an agent must not run ahead of the log.

The result is False where the agent may not go on: it is being aborted, or has nothing to do.
"""


class AgentFactory(Protocol):
    """Makes the agent of one codebase; starts nothing. `trusted`: the codebase's own agent configuration may be used."""

    def __call__(self, codebase: CodebaseId, directory: str, *, trusted: bool, deliver: Deliver) -> Agent:
        """Make the agent that works in `directory` and reports to `deliver`."""
        ...


class Histories(Protocol):
    """Opens the session history that the agent's program keeps of a directory; runs nothing that the directory brings."""

    def __call__(self, codebase: CodebaseId, directory: str) -> AbstractAsyncContextManager["History"]:
        """Open it for the duration of a block, and leave no process behind. Raises `AgentError`."""
        ...


class History(Protocol):
    """All sessions of one directory, made by any program."""

    @property
    def passed_over(self) -> Mapping[str, int]:
        """The number of sessions found so far that can't be imported, by reason."""
        ...

    async def sessions(self) -> Many[ExternalSession]:
        """The current sessions, oldest first. Raises `AgentError`."""
        ...

    def read(self, session: ExternalSession) -> AsyncIterator[ImportSession]:
        """A session's messages from the first to the last, a page at a time; none of a session that is gone.

        Raises `AgentError`.
        """
        ...


Sleep: TypeAlias = Callable[[float], Coroutine[Any, Any, None]]
"""Waits that many seconds."""


class Clock(Protocol):
    """Time. `now` is for records; `monotonic` (seconds) and `sleep` are for everything that waits."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since a fixed moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class IdSource(Protocol):
    """Makes ids that are unique and sort by creation time."""

    def codebase(self) -> CodebaseId:
        """A new id for a codebase."""
        ...

    def session(self) -> SessionId:
        """A new id for a session."""
        ...

    def task(self) -> TaskId:
        """A new id for a task."""
        ...

    def message(self) -> MessageId:
        """A new id for a message."""
        ...

    def permission(self) -> PermissionId:
        """A new id for a permission."""
        ...
