"""The queue of tasks that wait for an agent: an immutable value.

It is made of persistent collections, which share their common parts. Adding or removing a task costs about the same
however long the queue is.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from rpds import HashTrieMap, Queue

from ..events import TaskCreated
from ..ids import TaskId


class _Waiting(NamedTuple):
    """A task, and the number of tasks that came before it."""

    came: int
    task: TaskCreated


_Tasks: TypeAlias = "HashTrieMap[TaskId | None, _Waiting]"
_Lanes: TypeAlias = "HashTrieMap[int, Queue[_Waiting]]"


class PriorityQueue:
    """Tasks in the order in which they came. Two queues of the same tasks in the same order are equal."""

    __slots__ = ("_came", "_lanes", "_tasks")

    def __init__(self, tasks: "_Tasks | None" = None, lanes: "_Lanes | None" = None, came: int = 0) -> None:
        """An empty queue; the arguments are for internal use.

        `lanes`: one for each priority. A task that is removed from the middle of its lane stays there, unseen, until it
        would be the first. So the first task of each lane is always a waiting one.
        """
        self._tasks: _Tasks = HashTrieMap() if tasks is None else tasks
        self._lanes: _Lanes = HashTrieMap() if lanes is None else lanes
        self._came = came

    @property
    def first(self) -> TaskCreated | None:
        """The next task: the highest priority first, then in the order of arrival."""
        return _front(self._lanes[max(self._lanes)]).task if self._tasks else None

    def get(self, task: TaskId | None) -> TaskCreated | None:
        """A waiting task by its id, or None."""
        waiting = self._tasks.get(task)
        return waiting.task if waiting else None

    def with_last(self, task: TaskCreated) -> "PriorityQueue":
        """The queue with this task added."""
        if task.task_id in self._tasks:
            return self.without(task.task_id).with_last(task)
        waiting = _Waiting(self._came, task)
        lane: Queue[_Waiting] = self._lanes.get(task.priority, Queue())
        lanes = self._lanes.insert(task.priority, lane.enqueue(waiting))
        return PriorityQueue(self._tasks.insert(task.task_id, waiting), lanes, self._came + 1)

    def without(self, task: TaskId | None) -> "PriorityQueue":
        """The queue without this task; the same queue where it doesn't have it."""
        gone = self._tasks.get(task)
        if gone is None:
            return self
        tasks, priority = self._tasks.remove(task), gone.task.priority
        lane = self._lanes[priority]
        while lane and tasks.get((front := _front(lane)).task.task_id) is not front:
            lane = _shortened(lane)
        lanes = self._lanes.insert(priority, lane) if lane else self._lanes.remove(priority)
        return PriorityQueue(tasks, lanes, self._came)

    def __iter__(self) -> Iterator[TaskCreated]:
        return (waiting.task for waiting in sorted(self._tasks.values(), key=lambda waiting: waiting.came))

    def __len__(self) -> int:
        return len(self._tasks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PriorityQueue) and list(self) == list(other)

    def __hash__(self) -> int:
        return len(self)

    def __repr__(self) -> str:
        return f"PriorityQueue({list(self)})"


# The library's annotations of these two methods are wrong.


def _front(lane: "Queue[_Waiting]") -> _Waiting:
    return lane.peek()  # type: ignore[operator, no-any-return]


def _shortened(lane: "Queue[_Waiting]") -> "Queue[_Waiting]":
    return lane.dequeue()  # type: ignore[call-arg]
