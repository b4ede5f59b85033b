"""The past, without a server: a log's codebase as it was at any moment, for `audit show` and `audit diff`."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from ...actors.store.in_memory import MemoryEventStore
from ...actors.store.log_file import LogFile, opened
from ...domain.events import CodebaseChanged, CodebaseDeleted, CodebaseDeleting, CodebaseRegistered
from ...domain.events.erasure import Erasure
from ...domain.events.recorded import RecordedEvent
from ...domain.events.wire import decode
from ...domain.ids import CodebaseId, Position, Sequence, SessionId, TaskId, Timestamp
from ...projections.as_of.named_moment import FIRST, moment_of
from ...projections.as_of.snapshots import IN_MEMORY, Snapshots
from ...projections.as_of.views_at import Moments
from ...projections.story.session_story import UNREADABLE, Story
from ...projections.story.unreadable import readable, seen_by_views, whole
from ...projections.views.session_queries import Session
from ...projections.views.tasks import Task
from ..data_directory import LOG_NAME
from .missing import no_codebase, no_session

# Of an event that changes no view, for it can't be read, an auditor is told in words.
logging.getLogger("opencode_ledger").addHandler(logging.NullHandler())

ALL: Final = 1_000_000
"""More sessions, or tasks, than a codebase has."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A codebase after one of its events. `agent`: what its agent is at; `deleted` of a codebase that is no more."""

    sequence: Sequence
    at: Timestamp
    agent: str
    sessions: dict[SessionId, Session]
    tasks: dict[TaskId, Task]


class Past:
    """A codebase's history in memory. `events`: all of it."""

    def __init__(self, codebase: CodebaseId, events: list[RecordedEvent], moments: Moments) -> None:
        self.codebase, self.events, self._moments = codebase, events, moments

    @property
    def head(self) -> Sequence:
        """The last event."""
        return self.events[-1].sequence

    @property
    def unreadable(self) -> list[RecordedEvent]:
        """Its events that can't be read, or aren't there: the log was changed."""
        first = [] if self.registered else self.events[:1]
        return [event for event in self.events if event.topic == UNREADABLE or event in first]

    @cached_property
    def registered(self) -> CodebaseRegistered | None:
        """How it began; None in a log that somebody changed."""
        first = decode(self.events[0])
        return first if isinstance(first, CodebaseRegistered) else None

    @cached_property
    def changes(self) -> list[tuple[Sequence, CodebaseChanged]]:
        """What was changed of what is known of it, each with the number of its event."""
        found = ((event.sequence, decode(event)) for event in self.events if event.topic == CodebaseChanged.topic)
        return [(sequence, event) for sequence, event in found if isinstance(event, CodebaseChanged)]

    @cached_property
    def erasures(self) -> dict[Position, Erasure]:
        """What was erased of it, at any time, by the position of the event that says so."""
        found = ((event.position, decode(event)) for event in self.events if event.topic == Erasure.topic)
        return {position: event for position, event in found if isinstance(event, Erasure)}

    async def sequence(self, at: str | None, asked_as: str, *, first: Sequence = FIRST) -> Sequence:
        """The event that a person means: by its number, a time, or nothing for the end. Raises `InvalidInput`.

        `first`: 0 where the time before all events is a moment too.
        """
        if at is None:
            return self.head
        return await moment_of(at, self.codebase, self.head, self._moments, asked_as=asked_as, first=first)

    async def moment(self, upto: Sequence) -> Moment:
        """The codebase as it was; one that was deleted, with all that it had."""
        deleted = self._end(upto)
        views = await self._moments.views(self.codebase, deleted or upto)
        agent = await views.agents.get(self.codebase)
        sessions = (await views.sessions.page(self.codebase, ALL)).rows
        tasks = (await views.tasks.page(codebase=self.codebase, limit=ALL)).rows
        return Moment(
            sequence=upto,
            at=decode(self.events[max(upto, 1) - 1]).timestamp,
            agent="deleted" if deleted else agent.status if agent else "not registered",
            sessions={session.id: session for session in sessions},
            tasks={task.id: task for task in tasks},
        )

    def _end(self, upto: Sequence) -> Sequence | None:
        """The last event before the codebase was deleted, if it was: a view would show nothing of it any more."""
        for event in reversed(self.events[:upto]):
            if event.topic == CodebaseDeleting.topic and isinstance(decode(event), CodebaseDeleted):
                return Sequence(event.sequence - 1)
        return None

    def story(self, session: SessionId, moment: Moment) -> Story:
        """A session's story, as far as it had gone. Raises `InvalidInput` where there was no such session."""
        if session not in moment.sessions:
            raise no_session(self.codebase, session, moment.sequence)
        story = Story(session, moment.sessions[session].task_id)
        story.take(self.events[: moment.sequence])
        return story


@asynccontextmanager
async def past_of(data: Path, codebase: CodebaseId) -> AsyncGenerator[Past]:
    """The history of a codebase, out of a data directory. Raises `StoreError`, `CodebaseNotFound`."""
    events = await asyncio.to_thread(_history, data, codebase)
    store = MemoryEventStore()
    await store.append(codebase, Sequence(0), seen_by_views(events))
    moments = Moments(store, await asyncio.to_thread(Snapshots.open, IN_MEMORY))
    try:
        yield Past(codebase, events, moments)
    finally:
        await moments.close()


def _history(data: Path, codebase: CodebaseId) -> list[RecordedEvent]:
    with opened(data / LOG_NAME) as log:
        if events := list(log.of(codebase)):
            return list(whole(events))
    raise no_codebase(codebase)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A codebase of a log. `registered`: how, or None where that can't be read. `head`: its last event."""

    codebase: CodebaseId
    position: Position
    registered: CodebaseRegistered | None
    deleted: bool
    head: Sequence


def codebases_of(data: Path) -> list[Listed]:
    """Each codebase of a log, also those that were deleted, in the order in which they were registered. Raises `StoreError`."""
    with opened(data / LOG_NAME) as log:
        return sorted((_listed(log, last) for last in log.last_of_each()), key=lambda one: one.position)


def _listed(log: LogFile, last: RecordedEvent) -> Listed:
    begun, ended = readable(next(log.of(last.stream))), last
    if last.topic == Erasure.topic:  # what was erased later changes nothing of how it ended
        ended = next((each for each in reversed(list(log.of(last.stream))) if each.topic != Erasure.topic), last)
    first = decode(begun)
    return Listed(
        codebase=last.stream,
        position=begun.position,
        registered=first if isinstance(first, CodebaseRegistered) else None,
        deleted=isinstance(decode(readable(ended)), CodebaseDeleted),
        head=last.sequence,
    )
