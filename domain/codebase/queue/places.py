"""Where a waiting task goes when somebody moves it. Pure.

The queue is ordered by priority, the highest first, and within a priority by place. So both rules hold at once:

- **A new place without a priority is reached exactly.** The task's priority changes only as far as that place needs: the
  first of all has at least the priority of the next, the last of all at most that of the one ahead, and a task between
  two others a priority between theirs.
- **A given priority is kept exactly.** Then `first` and `last` are the ends of that priority, and a place before a task
  that this priority can't reach is refused.

A task that only changes its priority goes behind those that have that priority already.
"""

from typing import NamedTuple

from ...errors import PlaceNotPossible
from ...events import TaskCreated
from ...ids import TaskId
from .. import commands as c
from .priority_queue import PriorityQueue


class Place(NamedTuple):
    """A priority, and the task of that priority directly behind; None at its end."""

    priority: int
    before: TaskId | None


def moved_to(queue: PriorityQueue, command: c.ChangeTask) -> Place | None:
    """The new place of a waiting task; None where it stays. Raises `PlaceNotPossible`."""
    task = queue.get(command.task_id)
    if task is None:
        return None
    now = Place(task.priority, queue.behind(command.task_id))
    place = _wanted(queue.without(command.task_id), task, command)
    return None if place in (None, now) else place


def _wanted(others: PriorityQueue, task: TaskCreated, command: c.ChangeTask) -> Place | None:
    priority, place = command.priority, command.place
    if place == c.Before(command.task_id):
        place = None  # nothing is ahead of itself
    if isinstance(place, c.Before):
        return _before(others, task, place.task_id, priority)
    if priority is not None:
        return _within(others, task, priority, place)
    if place is c.End.FIRST and others.first:
        least = max(task.priority, others.first.priority)
        return Place(least, others.first_of(least))
    if place is c.End.LAST and others.last:
        return Place(min(task.priority, others.last.priority), None)
    return None


def _within(others: PriorityQueue, task: TaskCreated, priority: int, place: c.End | None) -> Place | None:
    """The first or the last place of a priority. Without a `place`, a task that has that priority already stays."""
    if place is None and priority == task.priority:
        return None
    return Place(priority, others.first_of(priority) if place is c.End.FIRST else None)


def _before(others: PriorityQueue, task: TaskCreated, before: TaskId, priority: int | None) -> Place:
    """Directly ahead of another task, with a priority between that of the two neighbours."""
    other = others.get(before)
    if other is None:
        raise PlaceNotPossible("`position.before` names a task that doesn't wait in the queue of this codebase.")
    ahead, wanted = others.ahead(before), task.priority if priority is None else priority
    least = max(wanted, other.priority)
    fitting = min(least, ahead.priority) if ahead else least
    if priority is not None and fitting != priority:
        raise PlaceNotPossible
    return Place(fitting, before if fitting == other.priority else None)
