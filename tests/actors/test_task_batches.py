"""Tasks queued at the same moment are recorded with one commit, and are otherwise as if each had come alone."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.actors.town import A, Town, running

from opencode_ledger.actors import turn_planner
from opencode_ledger.actors.twins.virtual_clock import VirtualClock, settle
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.requests import IdempotencyKey, Request
from opencode_ledger.domain.errors import ActorStopped, InvalidInput, LedgerError, StoreError
from opencode_ledger.domain.ids import TaskId

SECRET = "k9-Qw7zP4xT2mB8vL5nR"


def task(number: int, *, priority: int = 0, refused: bool = False) -> c.CreateTask:
    """A task to queue; one that is refused names a file that nobody may read of."""
    files = (SECRET,) if refused else ()
    return c.CreateTask(task_id=TaskId(f"task_{number}"), title=f"{number}", prompt="p", priority=priority, files=files)


def keyed(number: int) -> Request:
    """A request with a key, whose answer names the task."""
    key = IdempotencyKey(f"key-{number}", "f")
    return Request(correlation_id=f"req-{number}", respond=lambda events: {"task": events[0].task_id}, key=key)


async def outcome(asked: "asyncio.Task[object]") -> object:
    """What a command was answered, but for where the log was."""
    try:
        return replace(await asked, position=0)  # type: ignore[type-var]  # an answer of an actor
    except LedgerError as refusal:
        return type(refusal)


async def played(tasks: list[c.CreateTask], *, at_once: bool) -> tuple[list[object], list[object], int]:
    """The answers, the history and the number of commits where these tasks are queued, at once or one by one."""
    town = Town(clock=VirtualClock())
    town.secrets.learn("test", [SECRET])
    await running(town, A)
    before, commits = len(await town.events(A)), list[int]()
    town.log.on_commit(lambda events: commits.append(len(events)))
    asked: list[asyncio.Task[object]] = []
    for number, command in enumerate(tasks):
        request = keyed(number) if number % 2 else None
        asked.append(asyncio.create_task(town.supervisor.ask(A, command, request)))
        if not at_once:
            await settle()
    answers = [await outcome(one) for one in asked]
    number = len(commits)
    events: list[object] = [*(await town.events(A))[before:]]
    await town.supervisor.close()
    return answers, events, number


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=turn_planner.MOST + 3))
def test_together_is_as_one_by_one(drawn: list[tuple[int, bool]]) -> None:
    """Answers, refusals and history are the same; only the commits are fewer."""
    tasks = [task(n, priority=priority, refused=refused) for n, (priority, refused) in enumerate(drawn)]
    answers, events, commits = asyncio.run(played(tasks, at_once=True))
    alone, history, _ = asyncio.run(played(tasks, at_once=False))
    assert (answers, events) == (alone, history)
    assert commits <= 1 + len(tasks) // turn_planner.MOST


async def test_a_log_that_fails_takes_none_of_them(town: Town) -> None:
    """Where the commit fails each is refused and nothing is recorded; what is asked after that is done."""
    await running(town, A)
    before = len(await town.events(A))
    town.store.broken = StoreError("disk full")
    asked = [town.ask(A, task(number)) for number in range(5)]
    await settle()
    for one in asked:
        with pytest.raises(StoreError):
            await one
    await town.do(A, task(5))
    assert [event.task_id for event in (await town.events(A))[before:]] == ["task_5"]


async def test_what_is_refused_leaves_the_others(town: Town) -> None:
    """A command that is refused alone is refused among others, and those are done."""
    town.secrets.learn("test", [SECRET])
    await running(town, A)
    asked = [town.ask(A, task(number, refused=number == 1)) for number in range(3)]
    await settle()
    with pytest.raises(InvalidInput):
        await asked[1]
    assert [event.task_id for event in (await town.events(A))[-2:]] == ["task_0", "task_2"]


async def test_all_are_answered_where_the_server_ends_before_their_turn(town: Town) -> None:
    """Of tasks that are queued as the server ends each is refused, and nobody waits for ever."""
    await running(town, A)
    town.actors[A].send(c.Shutdown())
    asked = [asyncio.create_task(town.actors[A].ask(task(number))) for number in range(3)]
    await settle()
    assert [one.done() and await outcome(one) for one in asked] == [ActorStopped] * 3
