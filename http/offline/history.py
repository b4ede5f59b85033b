"""The history of a log's codebase, and its state at any time, for `audit show` and `audit diff`. It needs no server."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ...actors.store.in_memory import MemoryEventStore
from ...actors.store.log_file import LogFile
from ...domain.errors import InvalidInput
from ...domain.events import SERVICE, CodebaseChanged, CodebaseDeleted, CodebaseDeleting, CodebaseRegistered
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
from .codebase_name import codebase_of, names_of
from .evidence import Evidence
from .missing import no_session

ALL: Final = 1_000_000
"""More than any codebase has sessions or tasks."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A codebase after one of its events. `agent`: the state of its agent, or `deleted` if the codebase is deleted."""

    sequence: Sequence
    at: Timestamp
    agent: str
    sessions: dict[SessionId, Session]
    tasks: dict[TaskId, Task]


class CodebaseHistory:
    """A codebase's history in memory. `events`: all of its events."""

    def __init__(self, codebase: CodebaseId, events: list[RecordedEvent], moments: Moments) -> None:
        self.codebase, self.events, self._moments = codebase, events, moments

    @property
    def head(self) -> Sequence:
        """The last event."""
        return self.events[-1].sequence

    @property
    def unreadable(self) -> list[RecordedEvent]:
        """Its events that can't be read or are missing: the log was altered."""
        first = [] if self.registered else self.events[:1]
        return [event for event in self.events if event.topic == UNREADABLE or event in first]

    @cached_property
    def registered(self) -> CodebaseRegistered | None:
        """Its registration, or None in a log that was altered."""
        first = decode(self.events[0])
        return first if isinstance(first, CodebaseRegistered) else None

    @cached_property
    def changes(self) -> list[tuple[Sequence, CodebaseChanged]]:
        """The changes of its name, description and configuration, each with the number of its event."""
        found = ((event.sequence, decode(event)) for event in self.events if event.topic == CodebaseChanged.topic)
        return [(sequence, event) for sequence, event in found if isinstance(event, CodebaseChanged)]

    @cached_property
    def erasures(self) -> dict[Position, Erasure]:
        """The erasures in it, by the position of their event."""
        found = ((event.position, decode(event)) for event in self.events if event.topic == Erasure.topic)
        return {position: event for position, event in found if isinstance(event, Erasure)}

    async def sequence(self, at: str | None, asked_as: str, *, first: Sequence = FIRST) -> Sequence:
        """The event for a given number or time; the last event for None. Raises `InvalidInput`.

        `first`: 0 if the time before all events counts too.
        """
        if at is None:
            return self.head
        return await moment_of(at, self.codebase, self.head, self._moments, asked_as=asked_as, first=first)

    async def snapshot(self, upto: Sequence) -> Snapshot:
        """The codebase after an event. If it was deleted by then, with everything that it had before."""
        deleted = self._end(upto)
        views = await self._moments.views(self.codebase, deleted or upto)
        agent = await views.agents.get(self.codebase)
        sessions = (await views.sessions.page(self.codebase, ALL)).rows
        tasks = (await views.tasks.page(codebase=self.codebase, limit=ALL)).rows
        return Snapshot(
            sequence=upto,
            at=decode(self.events[max(upto, 1) - 1]).timestamp,
            agent="deleted" if deleted else agent.status if agent else "not registered",
            sessions={session.id: session for session in sessions},
            tasks={task.id: task for task in tasks},
        )

    def _end(self, upto: Sequence) -> Sequence | None:
        """The last event before the codebase was deleted, or None. The views show nothing of a deleted codebase."""
        for event in reversed(self.events[:upto]):
            if event.topic == CodebaseDeleting.topic and isinstance(decode(event), CodebaseDeleted):
                return Sequence(event.sequence - 1)
        return None

    def story(self, session: SessionId, snapshot: Snapshot) -> Story:
        """A session's story up to the snapshot. Raises `InvalidInput` if it had no such session."""
        if session not in snapshot.sessions:
            raise no_session(self.codebase, session, snapshot.sequence)
        story = Story(session, snapshot.sessions[session].task_id)
        story.take(self.events[: snapshot.sequence])
        return story


@asynccontextmanager
async def history_of(evidence: Evidence, named: str) -> AsyncGenerator[CodebaseHistory]:
    """The history of the codebase with this id or name. Raises `StoreError`, `CodebaseNotFound`, `CodebaseAmbiguous`.

    Raises `InvalidInput` for the service's own events.
    """
    events = await asyncio.to_thread(_history, evidence, named)
    codebase = events[0].stream
    if codebase == SERVICE:
        raise InvalidInput(
            "The service's own events change no codebase: `opencode-ledger audit show service` lists them."
        )
    store = MemoryEventStore()
    await store.append(codebase, Sequence(0), seen_by_views(events))
    moments = Moments(store, await asyncio.to_thread(Snapshots.open, IN_MEMORY))
    try:
        yield CodebaseHistory(codebase, events, moments)
    finally:
        await moments.close()


def _history(evidence: Evidence, named: str) -> list[RecordedEvent]:
    with evidence.opened() as log:
        return list(whole(log.of(codebase_of(log, named))))


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A codebase of a log. `registered`: its registration, or None if that can't be read. `head`: its last event.

    `name`: its present name.
    """

    codebase: CodebaseId
    name: str
    position: Position
    registered: CodebaseRegistered | None
    deleted: bool
    head: Sequence


def codebases_of(evidence: Evidence) -> list[Listed]:
    """All codebases of a log in the order of their registration, also deleted ones. Raises `StoreError`."""
    with evidence.opened() as log:
        names = names_of(log)
        return sorted((_listed(log, last, names) for last in log.last_of_each()), key=lambda one: one.position)


def _listed(log: LogFile, last: RecordedEvent, names: Mapping[CodebaseId, tuple[str, bool]]) -> Listed:
    begun, ended = readable(next(log.of(last.stream))), last
    if last.topic == Erasure.topic:  # a later erasure doesn't change how it ended
        ended = next((each for each in reversed(list(log.of(last.stream))) if each.topic != Erasure.topic), last)
    first = decode(begun)
    return Listed(
        codebase=last.stream,
        name=names.get(last.stream, ("", False))[0],
        position=begun.position,
        registered=first if isinstance(first, CodebaseRegistered) else None,
        deleted=isinstance(decode(readable(ended)), CodebaseDeleted),
        head=last.sequence,
    )
