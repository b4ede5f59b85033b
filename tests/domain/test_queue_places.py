"""Where a waiting task goes when somebody moves it: exactly there, with the least change of its priority."""

import pytest
from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st
from tests.domain.given import AT, TRIGGER, given, standing_at
from tests.domain.test_queue import AWAY, cancel, create, waiting

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.decide import decide
from opencode_ledger.domain.codebase.decision import fold
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import LedgerError, PlaceNotPossible, TaskNotQueued
from opencode_ledger.domain.ids import TaskId

FIRST, LAST = c.End.FIRST, c.End.LAST
TASKS = (("a", 5), ("b", 5), ("c", 0), ("d", 0), ("e", -3))


def before(name: str) -> c.Before:
    """The place ahead of this task."""
    return c.Before(TaskId(f"task_{name}"))


def change(
    name: str,
    *,
    priority: int | None = None,
    place: c.End | c.Before | None = None,
    title: str | None = None,
    prompt: str | None = None,
) -> c.ChangeTask:
    """A change of a task."""
    return c.ChangeTask(task_id=TaskId(f"task_{name}"), priority=priority, place=place, title=title, prompt=prompt)


MOVES = (
    # the task, what is asked, the order then, the task's priority then
    ("d", {"place": FIRST}, "dabce", 5),
    ("b", {"place": FIRST}, "bacde", 5),
    ("a", {"place": FIRST}, "abcde", 5),
    ("e", {"place": FIRST}, "eabcd", 5),
    ("a", {"place": LAST}, "bcdea", -3),
    ("d", {"place": LAST}, "abced", -3),
    ("e", {"place": LAST}, "abcde", -3),
    ("d", {"place": before("c")}, "abdce", 0),
    ("e", {"place": before("c")}, "abecd", 0),
    ("e", {"place": before("d")}, "abced", 0),
    ("e", {"place": before("b")}, "aebcd", 5),
    ("a", {"place": before("c")}, "bacde", 5),  # behind its own kind is ahead of the next kind
    ("a", {"place": before("d")}, "bcade", 0),
    ("a", {"place": before("e")}, "bcdae", 0),
    ("a", {"place": before("b")}, "abcde", 5),
    ("c", {"place": before("c")}, "abcde", 0),
    ("d", {"priority": 5}, "abdce", 5),
    ("a", {"priority": 0}, "bcdae", 0),
    ("c", {"priority": 0}, "abcde", 0),
    ("d", {"priority": 9}, "dabce", 9),
    ("a", {"priority": -9}, "bcdea", -9),
    ("d", {"priority": 5, "place": FIRST}, "dabce", 5),
    ("d", {"priority": 0, "place": FIRST}, "abdce", 0),
    ("a", {"priority": 5, "place": LAST}, "bacde", 5),
    ("a", {"priority": 0, "place": LAST}, "bcdae", 0),
    ("d", {"priority": 2, "place": FIRST}, "abdce", 2),
    ("e", {"priority": 3, "place": before("c")}, "abecd", 3),
    ("e", {"priority": 0, "place": before("d")}, "abced", 0),
    ("a", {"priority": 9, "place": before("b")}, "abcde", 9),
)


@pytest.mark.parametrize(("name", "asked", "order", "priority"), MOVES)
def test_a_move(name: str, asked: dict[str, object], order: str, priority: int) -> None:
    """Each kind of move reaches its place; a place alone changes the priority only as far as it needs."""
    story = given(*(create(*task) for task in TASKS)).when(change(name, **asked))  # type: ignore[arg-type]
    assert "".join(waiting(story)) == order
    moved = story.state.queue.get(TaskId(f"task_{name}"))
    assert moved is not None and moved.priority == priority
    if (order, priority) == ("abcde", dict(TASKS)[name]):
        assert story.last.events == (), "what stays is not recorded"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (change("e", priority=9, place=before("c")), PlaceNotPossible),
        (change("e", priority=-1, place=before("c")), PlaceNotPossible),
        (change("a", place=before("x")), PlaceNotPossible),
        (change("a", priority=0, place=before("x")), PlaceNotPossible),
        (change("x", place=FIRST), TaskNotQueued),
        (change("x", title="t"), TaskNotQueued),
    ],
)
def test_a_move_that_is_not_possible(asked: c.ChangeTask, error: type[LedgerError]) -> None:
    """A place that the given priority can't reach, or that names a task that doesn't wait, is refused."""
    given(*(create(*task) for task in TASKS)).refuses(asked, error)


def test_an_edit() -> None:
    """A waiting task gets another title and prompt, and starts with them; what is the same is not recorded."""
    story = given(create("a"), create("b"), change("a", title="A", prompt="do it well"))
    story.then(e.TaskChanged(task_id=TaskId("task_a"), title="A", prompt="do it well", timestamp=AT))
    assert waiting(story) == ["A", "b"]
    story.when(change("a", title="A", prompt="do it well", priority=0)).says()
    story.when(change("a", title="A", prompt="do it better")).then(
        e.TaskChanged(task_id=TaskId("task_a"), prompt="do it better", timestamp=AT)
    )
    both = story.when(change("b", title="B", place=FIRST)).says("task.changed", "task.moved")
    assert waiting(both) == ["B", "A"]
    started = story.when(c.GrantSlot())
    assert started.state.session is not None and started.state.session.title == "A"
    assert [event.prompt for event in started.last.events if isinstance(event, e.SessionStarted)] == ["do it well"]


def test_only_what_waits_is_changed() -> None:
    """A task that has started, waits as a session, has ended or was cancelled is not changed."""
    running = given(create("a"), c.GrantSlot(), create("b"))
    running.refuses(change("a", title="x"), TaskNotQueued)
    running.refuses(change("a", place=FIRST), TaskNotQueued)
    running.refuses(change("b", place=before("a")), PlaceNotPossible)
    given(create("a"), cancel("a")).refuses(change("a", title="x"), TaskNotQueued)
    pending = given(TRIGGER, has_slot=False)
    pending.refuses(c.ChangeTask(task_id=TRIGGER.task_id, place=FIRST), TaskNotQueued)


@pytest.mark.parametrize(("phase", "error"), AWAY, ids=lambda x: x.name if isinstance(x, Phase) else x.__name__)
def test_no_change_of_a_codebase_that_goes(phase: Phase, error: type[LedgerError]) -> None:
    """Where there is no codebase, or it is being deleted, no task is changed."""
    standing_at(phase).refuses(change("x", title="t"), error)


def test_a_retry_names_what_it_repeats() -> None:
    """A task that repeats another one says so in its event, and is a task like any other."""
    command = c.CreateTask(task_id=TaskId("task_2"), title="T", prompt="P", retry_of=TaskId("task_1"))
    story = given(command)
    (created,) = story.last.events
    assert isinstance(created, e.TaskCreated) and created.retry_of == "task_1"
    assert waiting(story.when(c.GrantSlot())) == []


PLACES = st.one_of(st.none(), st.sampled_from((FIRST, LAST)), st.integers(0, 9))
ASKED = st.tuples(st.integers(0, 9), st.one_of(st.none(), st.integers(-2, 2)), PLACES)


@settings(deadline=None, max_examples=200)
@over(st.lists(st.integers(-2, 2), min_size=1, max_size=8), st.lists(ASKED, max_size=6))
def test_any_moves(priorities: list[int], asked: list[tuple[int, int | None, object]]) -> None:
    """After any moves the queue is in order, and each task is where it was asked to be, with the priority it was given."""
    story = given(*(create(str(n), priority) for n, priority in enumerate(priorities)))
    state = story.state
    for number, priority, place in asked:
        target = place if isinstance(place, c.End) or place is None else before(str(place))
        command = change(str(number), priority=priority, place=target)
        try:
            decision = decide(state, command, AT)
        except LedgerError:
            continue
        others = [task.title for task in state.queue if task.title != str(number)]
        old = state.queue.get(command.task_id)
        state = fold(state, decision.events)
        order, new = [task.title for task in state.queue], state.queue.get(command.task_id)
        assert old is not None and new is not None
        assert [title for title in order if title != str(number)] == others, "the others stay as they were"
        assert [task.priority for task in state.queue] == sorted((t.priority for t in state.queue), reverse=True)
        assert new.priority == priority or priority is None
        if isinstance(place, int) and place != number:
            assert order.index(str(number)) + 1 == order.index(str(place))
        if priority is None and isinstance(place, c.End):
            assert order[0 if place is FIRST else -1] == str(number)
        assert decide(state, command, AT).events == (), "asked again, it stays"
