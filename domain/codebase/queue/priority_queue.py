"""The queue of tasks that wait for an agent: an immutable value.

The highest priority comes first, and tasks of one priority in their order: as they came, unless they were moved. The
tasks of one priority are linked to each other in persistent maps, which share their common parts. Adding, removing or
moving a task costs about the same however long the queue is.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from rpds import HashTrieMap

from ...events import TaskCreated
from ...ids import TaskId


class _Waiting(NamedTuple):
    """A task, and the tasks of its priority directly ahead of it and behind it."""

    task: TaskCreated
    ahead: TaskId | None = None
    behind: TaskId | None = None


class _Lane(NamedTuple):
    """The first and the last task of a priority."""

    first: TaskId
    last: TaskId


_Tasks: TypeAlias = "HashTrieMap[TaskId, _Waiting]"
_Lanes: TypeAlias = "HashTrieMap[int, _Lane]"


class PriorityQueue:
    """Waiting tasks in the order in which they start. Two queues of the same tasks in the same order are equal."""

    __slots__ = ("_lanes", "_tasks")

    def __init__(self, tasks: "_Tasks | None" = None, lanes: "_Lanes | None" = None) -> None:
        """An empty queue; the arguments are for internal use."""
        self._tasks: _Tasks = HashTrieMap() if tasks is None else tasks
        self._lanes: _Lanes = HashTrieMap() if lanes is None else lanes

    @property
    def first(self) -> TaskCreated | None:
        """The next task."""
        return self._tasks[self._lanes[max(self._lanes)].first].task if self._tasks else None

    @property
    def last(self) -> TaskCreated | None:
        """The task that starts after all others."""
        return self._tasks[self._lanes[min(self._lanes)].last].task if self._tasks else None

    def get(self, task: TaskId | None) -> TaskCreated | None:
        """A waiting task by its id, or None."""
        waiting = None if task is None else self._tasks.get(task)
        return waiting.task if waiting else None

    def first_of(self, priority: int) -> TaskId | None:
        """The first task of a priority, or None."""
        lane = self._lanes.get(priority)
        return lane.first if lane else None

    def behind(self, task: TaskId) -> TaskId | None:
        """The task of the same priority directly behind a waiting task, or None."""
        return self._tasks[task].behind

    def ahead(self, task: TaskId) -> TaskCreated | None:
        """The task that starts directly before a waiting task, whatever its priority, or None."""
        waiting = self._tasks[task]
        if waiting.ahead is not None:
            return self._tasks[waiting.ahead].task
        higher = [priority for priority in self._lanes if priority > waiting.task.priority]
        return self._tasks[self._lanes[min(higher)].last].task if higher else None

    def with_last(self, task: TaskCreated) -> "PriorityQueue":
        """The queue with this task behind all others of its priority."""
        return self.with_before(task, None)

    def with_before(self, task: TaskCreated, behind: TaskId | None) -> "PriorityQueue":
        """The queue with this task directly ahead of another one of its priority; behind all of them where there is none.

        A task without an id is of no queue.
        """
        if task.task_id is None:
            return self
        if task.task_id in self._tasks:
            behind = None if behind == task.task_id else behind
            return self.without(task.task_id).with_before(task, behind)
        other = self.get(behind)
        if other is None or other.priority != task.priority:
            behind = None
        lane = self._lanes.get(task.priority)
        ahead = self._tasks[behind].ahead if behind is not None else lane.last if lane else None
        tasks = self._tasks.insert(task.task_id, _Waiting(task, ahead, behind))
        if ahead is not None:
            tasks = tasks.insert(ahead, tasks[ahead]._replace(behind=task.task_id))
        if behind is not None:
            tasks = tasks.insert(behind, tasks[behind]._replace(ahead=task.task_id))
        lane = _Lane(
            first=lane.first if lane and ahead is not None else task.task_id,
            last=lane.last if lane and behind is not None else task.task_id,
        )
        return PriorityQueue(tasks, self._lanes.insert(task.priority, lane))

    def without(self, task: TaskId | None) -> "PriorityQueue":
        """The queue without this task; the same queue where it doesn't have it."""
        gone = None if task is None else self._tasks.get(task)
        if gone is None or task is None:
            return self
        tasks, lane = self._tasks.remove(task), self._lanes[gone.task.priority]
        if gone.ahead is not None:
            tasks = tasks.insert(gone.ahead, tasks[gone.ahead]._replace(behind=gone.behind))
        if gone.behind is not None:
            tasks = tasks.insert(gone.behind, tasks[gone.behind]._replace(ahead=gone.ahead))
        first, last = lane.first if gone.ahead else gone.behind, lane.last if gone.behind else gone.ahead
        if first is None or last is None:
            return PriorityQueue(tasks, self._lanes.remove(gone.task.priority))
        return PriorityQueue(tasks, self._lanes.insert(gone.task.priority, _Lane(first, last)))

    def with_content(self, task: TaskId | None, *, title: str | None, prompt: str | None) -> "PriorityQueue":
        """The queue with a task's title and prompt replaced where they are given; the task keeps its place."""
        waiting = None if task is None else self._tasks.get(task)
        if waiting is None or task is None:
            return self
        old = waiting.task
        new = replace(old, title=old.title if title is None else title, prompt=old.prompt if prompt is None else prompt)
        return PriorityQueue(self._tasks.insert(task, waiting._replace(task=new)), self._lanes)

    def __iter__(self) -> Iterator[TaskCreated]:
        for priority in sorted(self._lanes, reverse=True):
            here: TaskId | None = self._lanes[priority].first
            while here is not None:
                waiting = self._tasks[here]
                yield waiting.task
                here = waiting.behind

    def __len__(self) -> int:
        return len(self._tasks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PriorityQueue) and list(self) == list(other)

    def __hash__(self) -> int:
        return len(self)

    def __repr__(self) -> str:
        return f"PriorityQueue({list(self)})"
