"""The line of waiting tasks: as a plain list would have it, however long it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.given import AT

from opencode_ledger.domain.codebase.queue.priority_queue import PriorityQueue
from opencode_ledger.domain.events import TaskCreated
from opencode_ledger.domain.ids import TaskId

STEPS = st.lists(
    st.tuples(st.sampled_from(["come", "go", "before"]), st.integers(0, 30), st.integers(-2, 2), st.integers(0, 30)),
    max_size=80,
)


def task(number: int, priority: int = 0) -> TaskCreated:
    """A task that waits."""
    return TaskCreated(
        task_id=TaskId(f"task_{number}"),
        title=str(number),
        prompt="p",
        agent_type="build",
        priority=priority,
        timestamp=AT,
    )


@given(STEPS)
def test_it_is_as_a_list_of_tasks(steps: list[tuple[str, int, int, int]]) -> None:
    """After whatever came, moved and went it holds what a sorted list would hold, in the same order."""
    line, plain = PriorityQueue(), list[TaskCreated]()
    for step, number, priority, other in steps:
        before, had = line, list(plain)
        new, behind = task(number, priority), TaskId(f"task_{other}")
        plain = [old for old in plain if old.task_id != new.task_id]
        if step == "go":
            line = line.without(new.task_id)
        else:
            ids = [old.task_id if old.priority == priority else None for old in plain]
            place = ids.index(behind) if step == "before" and behind in ids else len(plain)
            plain.insert(place, new)
            line = line.with_before(new, behind) if step == "before" else line.with_last(new)
        assert list(before) == sorted(had, key=lambda old: -old.priority), "what came after changed the line before it"
        turns = sorted(plain, key=lambda old: -old.priority)
        assert (list(line), len(line)) == (turns, len(plain))
        assert (line.first, line.last) == ((turns[0], turns[-1]) if turns else (None, None))
        assert line.get(new.task_id) == (None if step == "go" else new)
        assert [line.ahead(old.task_id or TaskId("")) for old in turns] == [None, *turns][:-1]


def test_lines_are_equal_by_what_they_hold() -> None:
    """Two lines are equal where they hold the same tasks in the same order, however they came to that."""
    one = PriorityQueue().with_last(task(1)).with_last(task(2))
    assert one == PriorityQueue().with_last(task(1)).with_last(task(3)).with_last(task(2)).without(TaskId("task_3"))
    assert one != PriorityQueue().with_last(task(2)).with_last(task(1))
    assert repr(one).count("TaskCreated") == 2


@pytest.mark.slow
def test_a_line_of_100_000_tasks_is_taken_in_turn() -> None:
    """A hundred thousand tasks that come in any order of priority go in the order of their turns."""
    line = PriorityQueue()
    for number in range(100_000):
        line = line.with_last(task(number, priority=-number % 7))
    gone: list[TaskCreated] = []
    while (first := line.first) is not None and len(gone) < 20_000:
        gone.append(first)
        line = line.without(first.task_id)
    assert gone == sorted(gone, key=lambda waiting: (-waiting.priority, int(waiting.title)))
    assert len(line) == 80_000


@pytest.mark.slow
def test_what_goes_from_a_long_line_does_not_look_at_all_of_it() -> None:
    """Fifty thousand tasks that go as soon as they came, behind one that stays, leave that one."""
    line = PriorityQueue().with_last(task(0))
    for number in range(1, 50_000):
        line = line.with_last(task(number)).without(TaskId(f"task_{number}"))
    assert list(line) == [task(0)]
