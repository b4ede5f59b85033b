"""Which parts of a codebase's history can be erased, and what belongs together: sessions, tasks, the codebase itself.

Only what has ended can be erased: an agent still needs the content of a session that runs or can be resumed, and of a
task that waits. A session is erased with its task, its subagents' sessions, and the recorded responses to its requests.
"""

from collections.abc import Iterable
from typing import Final, cast

import orjson

from ..codebase.lifecycle_rules import Phase
from ..codebase.state import INITIAL, evolve
from ..errors import InvalidInput
from ..events.erasure import Erasure
from ..events.event import Event
from ..events.imported import CONTENT_TOPICS, SessionImported
from ..events.recorded import RecordedEvent
from ..events.requests import RequestAnswered
from ..events.task import TaskCreated
from ..events.wire import decode
from ..ids import TaskId
from .tombstones import tombstone_of

CODEBASE: Final = ""
"""The owner of events that belong to no session and no task: the codebase itself."""


class NotOver(InvalidInput):
    """It is still running, or can be resumed, so its content is still needed."""

    code = "not_over"


class History:
    """Takes a codebase's events in order, and finds what can be erased: events by position, in order."""

    def __init__(self) -> None:
        self._state = INITIAL
        self._erasable: dict[int, str] = {}
        self._ended_at: dict[str, str] = {}
        self._session_of: dict[str, str] = {}
        self._retries: list[tuple[str, str]] = []
        self._last: tuple[str, str | None] = CODEBASE, None

    def take(self, recorded: RecordedEvent) -> None:
        """Take the next events."""
        if recorded.topic == Erasure.topic:
            return
        members = _members(recorded)
        event = None if recorded.topic in CONTENT_TOPICS else decode(recorded)
        if event is not None:
            self._state = evolve(self._state, event)
            self._relate(event)
        owner, request = self._owner(members, event), members.get("correlation_id")
        self._last = owner, request if isinstance(request, str) else None
        self._ended_at[owner] = str(members.get("timestamp", ""))
        if tombstone_of(recorded, recorded.position) is not None:
            self._erasable[recorded.position] = owner

    @property
    def deleted(self) -> bool:
        """Whether the codebase was deleted: then its whole history has ended."""
        return self._state.phase is Phase.DELETED

    def has(self, session: str) -> bool:
        """Whether the codebase has or had this session."""
        return session in self._ended_at and session != CODEBASE

    def everything(self) -> list[int]:
        """Everything that can be erased of a deleted codebase. Raises `NotOver` where it isn't deleted."""
        if not self.deleted:
            raise NotOver("The codebase is not deleted; delete it first, or erase single sessions.")
        return list(self._erasable)

    def of_session(self, session: str) -> list[int]:
        """Everything that can be erased of an ended session or task. Raises `NotOver` where it hasn't ended."""
        self._check_over(self._root(session))
        return [position for position, owner in self._erasable.items() if session in self._chain(owner)]

    def of_positions(self, wanted: Iterable[int]) -> list[int]:
        """The events among these with content left. Raises `NotOver` for content that is still needed."""
        found = sorted({position for position in wanted if position in self._erasable})
        for position in found:
            self._check_over(self._root(self._erasable[position]), f"Event {position}")
        return found

    def ended_before(self, moment: str) -> list[int]:
        """Everything that ended before a moment: sessions, tasks, the codebase if it was deleted."""
        if self.deleted:
            return list(self._erasable) if max(self._ended_at.values(), default="") < moment else []
        ended = dict[str, str]()
        for owner, at in self._ended_at.items():
            root = self._root(owner)
            ended[root] = max(at, ended.get(root, ""))
        over = {root for root, at in ended.items() if at < moment and not self._is_needed(root)}
        return [position for position, owner in self._erasable.items() if self._root(owner) in over]

    def repeats(self, erased: Iterable[int]) -> list[str]:
        """The other sessions and tasks with content that repeat a prompt of these events, or whose prompt these repeat."""
        gone = set(erased)
        family = roots = {self._root(self._erasable[position]) for position in gone}
        pairs = [(self._root(task), self._root(old)) for task, old in self._retries]
        while more := {one for pair in pairs if not family.isdisjoint(pair) for one in pair} - family:
            family = family | more
        left = {self._root(owner) for position, owner in self._erasable.items() if position not in gone}
        return sorted((family - roots) & left)

    def _owner(self, members: dict[str, object], event: Event | None) -> str:
        """The owner of an event. The response to a request comes right after the events that the request caused."""
        if (
            isinstance(event, RequestAnswered)
            and event.correlation_id is not None
            and event.correlation_id == self._last[1]
        ):
            return self._last[0]
        owner = members.get("session_id") or members.get("task_id")
        return owner if isinstance(owner, str) else CODEBASE

    def _relate(self, event: Event) -> None:
        """Note the session that a task or another session belongs to, and the task that a task repeats."""
        if isinstance(event, TaskCreated) and event.task_id and event.retry_of:
            self._retries.append((event.task_id, event.retry_of))
        if event.session_id and event.task_id:
            self._session_of[event.task_id] = event.session_id
        if isinstance(event, SessionImported) and event.parent_id and event.session_id:
            self._session_of[event.session_id] = event.parent_id

    def _root(self, owner: str) -> str:
        return self._chain(owner)[-1]

    def _chain(self, owner: str) -> list[str]:
        """The owner, its own owner, and so on."""
        chain = [owner]
        while (above := self._session_of.get(chain[-1])) is not None and above not in chain:
            chain.append(above)
        return chain

    def _is_needed(self, owner: str) -> bool:
        if self.deleted:
            return False
        session = self._state.session
        waiting = self._state.queue.get(TaskId(owner)) is not None
        return owner == CODEBASE or waiting or (session is not None and session.id == owner)

    def _check_over(self, owner: str, named: str = "This event") -> None:
        if not self._is_needed(owner):
            return
        if owner == CODEBASE:
            raise NotOver(f"{named} describes the codebase itself, and is needed until the codebase is deleted.")
        raise NotOver(f"{owner} has not ended, and its content is still needed; stop or cancel it first.")


def _members(recorded: RecordedEvent) -> dict[str, object]:
    try:
        content: object = orjson.loads(recorded.data)
    except orjson.JSONDecodeError:
        return {}
    return cast(dict[str, object], content) if isinstance(content, dict) else {}
