"""The past, without a server: a log's codebase as it was at any moment, for `audit show` and `audit diff`."""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from ..actors.store.log_file import opened
from ..actors.store.memory import MemoryEventStore
from ..domain.erasure_events import Erasure
from ..domain.events import CodebaseRegistered
from ..domain.ids import CodebaseId, Sequence, SessionId
from ..domain.recorded import NewEvent, RecordedEvent
from ..domain.wire import decode
from ..projections.moments import Moments
from ..projections.snapshots import IN_MEMORY, Snapshots
from ..projections.story import Story
from ..projections.views import Views
from .absent import no_codebase
from .at import moment_of
from .bootstrap import LOG_NAME


class Past:
    """A codebase's history in memory. `events`: all of it."""

    def __init__(self, codebase: CodebaseId, events: list[RecordedEvent], moments: Moments) -> None:
        self.codebase, self.events, self._moments = codebase, events, moments

    async def moment(self, at: str | None, asked_as: str) -> Sequence:
        """The sequence that a person means: a number, a time, or nothing for the end. Raises `InvalidInput`."""
        head = self.events[-1].sequence
        if at is None:
            return head
        return await moment_of(at, self.codebase, head, self._moments, asked_as=asked_as)

    async def views(self, at: Sequence) -> Views:
        """The views as they were."""
        return await self._moments.views(self.codebase, at)

    def story(self, session: SessionId, upto: Sequence) -> Story:
        """A session's story, as far as it had gone."""
        story = Story()
        told = (decode(event) for event in self.events if event.sequence <= upto)
        story.take(event for event in told if event.session_id == session)
        return story

    async def facts(self, at: Sequence) -> dict[str, str]:
        """Everything that the views showed, each fact under a name of its own."""
        views = await self.views(at)
        agent = await views.agents.get(self.codebase)
        sessions = (await views.sessions.page(self.codebase, 100_000)).rows
        tasks = (await views.tasks.page(codebase=self.codebase, limit=100_000)).rows
        return dict(
            [
                *_facts("agent", agent),
                *(fact for session in sessions for fact in _facts(f"session {session.id}", session)),
                *(fact for task in tasks for fact in _facts(f"task {task.id}", task)),
            ]
        )


@asynccontextmanager
async def past_of(data: Path, codebase: CodebaseId) -> AsyncGenerator[Past]:
    """The history of a codebase, out of a data directory. Raises `StoreError`, `CodebaseNotFound`."""
    events = await asyncio.to_thread(_history, data, codebase)
    store = MemoryEventStore()
    await store.append(codebase, Sequence(0), [NewEvent(event.topic, event.data) for event in events])
    moments = Moments(store, await asyncio.to_thread(Snapshots.open, IN_MEMORY))
    try:
        yield Past(codebase, events, moments)
    finally:
        await moments.close()


def _history(data: Path, codebase: CodebaseId) -> list[RecordedEvent]:
    with opened(data / LOG_NAME) as log:
        if events := list(log.of(codebase)):
            return events
    raise no_codebase(codebase)


def codebases_of(data: Path) -> Iterator[tuple[CodebaseRegistered, RecordedEvent]]:
    """Each codebase of a log, also those that were deleted, as it was registered; and its last event. Raises `StoreError`."""
    with opened(data / LOG_NAME) as log:
        for last in log.last_of_each():
            first = decode(next(log.of(last.stream)))
            if last.topic == Erasure.topic:  # what was erased later changes nothing of how it ended
                *_, last = (event for event in log.of(last.stream) if event.topic != Erasure.topic)  # noqa: PLW2901
            if isinstance(first, CodebaseRegistered):
                yield first, last


def differences(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    """What changed from one moment to another, a line each."""
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield f"{name}: {new}" if old is None else f"{name}: {old} → {new or 'gone'}"


def _facts(name: str, row: object) -> Iterable[tuple[str, str]]:
    if row is None or not dataclasses.is_dataclass(row) or isinstance(row, type):
        return
    for member, value in dataclasses.asdict(row).items():
        if value not in (None, "", {}, ()):
            yield f"{name} {member}", str(value)
