"""Requests with a key, at the actor: the answer is in the log exactly when the effect is."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from tests.actors.town import A, Town, running

from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.codebase.requests import IdempotencyKey, Request
from opencode_ledger.domain.errors import NothingToActOn, StoreError
from opencode_ledger.domain.events.requests import RequestAnswered


def answer_of(events: Sequence[e.Event]) -> Mapping[str, e.Json]:
    """An answer that says what happened."""
    return {"happened": [event.topic for event in events]}


def keyed(key: str = "key-1") -> Request:
    """A request with a key."""
    return Request(correlation_id="req-1", respond=answer_of, key=IdempotencyKey(key, "f"))


async def answers(town: Town) -> list[RequestAnswered]:
    """The recorded answers."""
    return [event for event in await town.events(A) if isinstance(event, RequestAnswered)]


async def test_effect_and_answer_are_one_commit(town: Town) -> None:
    """What a request does and what it is answered are committed together, and the caller gets what was recorded."""
    await town.register(A)
    commits: list[list[str]] = []
    town.log.on_commit(lambda events: commits.append([event.topic for event in events]))
    answer = await town.supervisor.ask(A, town.trigger(), keyed())
    decided = ["session", "task", "task", "message_sent", "status"]
    assert commits[0] == [*decided, "request"]
    assert answer.content == {"happened": decided} == (await answers(town))[0].answer


async def test_a_crash_between_commit_and_answer_loses_no_answer(town: Town) -> None:
    """A stop that nobody was answered has its answer in the log after a crash, and the session is stopped."""
    await running(town, A)
    town.agents.temper.stop_delay = 1000
    stop = asyncio.create_task(town.supervisor.ask(A, c.Stop(), keyed()))
    await settle()
    assert not stop.done()
    assert len(await answers(town)) == 1
    again = await town.crash()
    await again.start([A])
    assert again.phase(A) is Phase.IDLE
    assert len(await answers(again)) == 1
    await again.supervisor.close()


async def test_what_fails_is_not_answered(town: Town) -> None:
    """Neither a refusal nor a log that can't be written leaves an answer behind."""
    await town.register(A)
    before = await town.events(A)
    with pytest.raises(NothingToActOn):
        await town.supervisor.ask(A, town.message(), keyed())
    town.store.failing = True
    with pytest.raises(StoreError):
        await town.supervisor.ask(A, town.trigger(), keyed())
    town.store.failing = False
    assert await town.events(A) == before
    assert (await town.supervisor.ask(A, town.trigger(), keyed())).content == (await answers(town))[0].answer


async def test_a_command_that_records_nothing_is_answered_all_the_same(town: Town) -> None:
    """A second stop of a session that is being stopped has nothing to record but its answer."""
    await running(town, A)
    town.agents.temper.stop_delay = 10
    stops = [asyncio.create_task(town.supervisor.ask(A, c.Stop(), keyed(key))) for key in "ab"]
    await town.clock.advance(20)
    first, second = [(await stop).content for stop in stops]
    assert [a.answer for a in await answers(town)] == [first, second]
    assert (second, [a.key for a in await answers(town)]) == ({"happened": []}, ["a", "b"])
    assert (await town.supervisor.ask(A, c.Conclude(), keyed("c"))).content == {"happened": []}
    await town.assert_truthful()
