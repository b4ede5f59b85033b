"""The effect runner: one effect after another, and the overtaking ones first."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.actors.town import A

from opencode_ledger.actors.effect_runner import EffectRunner
from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent, Temper, wait_for_cues
from opencode_ledger.actors.twins.virtual_clock import VirtualClock, settle
from opencode_ledger.domain.codebase import effects as x
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.errors import ActorStopped
from opencode_ledger.domain.failure import Failure
from opencode_ledger.domain.ids import AgentPermissionId, MessageId, PermissionId, SessionId


class Stage:
    """An effect runner with a scripted agent, and what came of it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.temper = Temper()
        self.facts: list[f.Fact] = []
        self.expired: list[PermissionId] = []
        self.gone = False
        self.agent = ScriptedAgent(A, self.deliver, self.clock, wait_for_cues, self.temper)
        self.runner = EffectRunner(self.agent, self.deliver, self.expired.append, self.clock, 600)
        self.task: asyncio.Task[None] | None = None

    async def deliver(self, facts: tuple[f.Fact, ...]) -> None:
        """Take the facts, unless the actor is gone."""
        if self.gone:
            raise ActorStopped
        self.facts += facts

    async def submit(self, *effects: x.Effect) -> None:
        """Hand effects to the runner and let it work as far as it can."""
        if self.task is None:
            self.task = asyncio.create_task(self.runner.run())
        self.runner.submit(effects)
        await settle()

    @property
    def reported(self) -> list[type[f.Fact]]:
        """What kinds of facts came, in order."""
        return [type(fact) for fact in self.facts]

    @property
    def given(self) -> list[str]:
        """The prompts that reached the agent."""
        return [prompt.text for prompt in self.agent.given]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A stage, cleared after the test."""
    made = Stage()
    yield made
    if made.task:
        made.task.cancel()
        await asyncio.gather(made.task, return_exceptions=True)
    made.temper.stop_delay = 0
    await made.agent.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def prompt(text: str) -> x.Prompt:
    """A prompt with these words."""
    return x.Prompt(
        session_id=SessionId("sess_1"),
        agent_session_id=None,
        message_id=MessageId(f"msg_{text}"),
        text=text,
        agent="build",
        model=None,
    )


def answer(permission: AgentPermissionId) -> x.AnswerPermission:
    """A no with a word."""
    return x.AnswerPermission(
        session_id=SessionId("sess_1"), agent_permission_id=permission, reply="reject", message="no"
    )


async def test_prompts_are_given_in_order(stage: Stage) -> None:
    """Prompts reach the agent one after another, in the order of their recording."""
    await stage.submit(prompt("one"), prompt("two"))
    await stage.submit(prompt("three"))
    assert stage.given == ["one", "two", "three"]


@pytest.mark.parametrize(("halt", "fact"), [(x.Abort(), f.AgentAborted), (x.StopAgent(), f.AgentStopped)])
async def test_a_halt_does_not_wait_for_an_agent_that_starts(stage: Stage, halt: x.Effect, fact: type[f.Fact]) -> None:
    """An interrupt or a stop while the agent is still starting takes effect at once, and its prompts are never given."""
    stage.temper.start_delay = 30
    await stage.submit(prompt("one"), prompt("two"))
    await stage.submit(halt)
    assert stage.reported == [fact]
    await stage.clock.advance(60)
    assert stage.given == []


async def test_a_halt_does_not_wait_for_an_agent_that_hangs(stage: Stage) -> None:
    """An interrupt takes effect though the agent never answers the prompt."""
    stage.temper.hangs_in_prompt = True
    await stage.submit(prompt("one"))
    await stage.submit(x.Abort())
    assert stage.reported == [f.AgentAborted]


async def test_a_stop_overtakes_an_interrupt(stage: Stage) -> None:
    """A stop does not wait for an agent that is slow to abort."""
    await stage.submit(prompt("one"))
    stage.temper.abort_delay = 30
    await stage.submit(x.Abort())
    await stage.submit(x.StopAgent())
    assert f.AgentStopped in stage.reported and f.AgentAborted not in stage.reported


async def test_what_comes_after_a_halt_is_given(stage: Stage) -> None:
    """A halt drops what was asked before it, and nothing that is asked after it."""
    stage.temper.start_delay = 1
    await stage.submit(prompt("before"))
    await stage.submit(x.Abort(), prompt("after"))
    await stage.clock.advance(2)
    assert stage.given == ["after"]


async def test_a_start_that_fails_is_reported(stage: Stage) -> None:
    """An agent that can't start is reported with its reason and code."""
    stage.temper.start_error = "opencode is not installed"
    await stage.submit(prompt("one"))
    (failed,) = stage.facts
    assert isinstance(failed, f.PromptFailed)
    assert failed.failure == Failure(code="agent_unavailable", error="opencode is not installed")


class Broken(ScriptedAgent):
    """An agent that breaks its promises."""

    async def prompt(self, prompt: x.Prompt) -> None:
        """Break."""
        raise ZeroDivisionError

    async def abort(self) -> None:
        """Break."""
        raise ZeroDivisionError

    async def stop(self) -> None:
        """Break."""
        raise ZeroDivisionError


async def test_an_agent_that_breaks_its_promises_keeps_nobody_waiting(stage: Stage) -> None:
    """An agent's mistake is reported or passed over; an interrupt or stop is answered all the same."""
    broken: Any = Broken(A, stage.deliver, stage.clock, wait_for_cues, stage.temper)
    stage.runner = EffectRunner(broken, stage.deliver, stage.expired.append, stage.clock, 600)
    for effect in (prompt("one"), x.Abort(), x.StopAgent()):
        await stage.submit(effect)
    assert stage.reported == [f.PromptFailed, f.AgentAborted, f.AgentStopped]
    assert isinstance(failed := stage.facts[0], f.PromptFailed) and failed.failure.error == "ZeroDivisionError"


async def test_a_question_nobody_answers_expires(stage: Stage) -> None:
    """A question of permission is refused when its limit has passed, and not before."""
    await stage.submit(x.LimitPermission(permission_id=PermissionId("perm_1")))
    await stage.clock.advance(599)
    assert stage.expired == []
    await stage.clock.advance(1)
    assert stage.expired == ["perm_1"]


async def test_a_reply_reaches_the_agent(stage: Stage) -> None:
    """A reply of permission is handed over with its words."""
    permission = AgentPermissionId("per_1")
    await stage.submit(answer(permission))
    assert stage.agent.answers == [(permission, "reject", "no")]


async def test_an_answer_that_is_missed_is_given_again(stage: Stage) -> None:
    """An answer that the agent failed to take is handed over again after a while, once it takes it no more."""
    permission = AgentPermissionId("per_1")
    stage.temper.answers_missed = 3
    await stage.submit(answer(permission))
    assert stage.agent.answers == []
    await stage.clock.advance(60)
    assert stage.agent.answers == [(permission, "reject", "no")]
    assert stage.facts == []


async def test_an_answer_that_is_never_taken_is_reported(stage: Stage) -> None:
    """An answer that can't be handed over is reported with a clear error; it holds up neither an interrupt nor a stop."""
    stage.temper.answers_missed = 1000
    await stage.submit(answer(AgentPermissionId("per_1")))
    await stage.clock.advance(60)
    (failed,) = stage.facts
    assert isinstance(failed, f.AnswerFailed)
    assert (failed.session_id, failed.failure.code) == ("sess_1", "ANSWER_NOT_TAKEN")
    assert failed.failure.error == "The agent did not take an answer that it waited for: It did not listen."
    await stage.submit(answer(AgentPermissionId("per_2")))
    await stage.submit(x.Abort())
    assert stage.reported == [f.AnswerFailed, f.AgentAborted]


async def test_effects_after_the_actors_end_are_no_trouble(stage: Stage) -> None:
    """What is still under way when the actor has ended finishes without an error."""
    stage.gone = True
    await stage.submit(prompt("one"), x.Abort(), x.StopAgent())
    assert stage.facts == [] and stage.task is not None and not stage.task.done()


async def test_ending_the_runner_ends_what_it_does(stage: Stage) -> None:
    """When the runner ends, the prompt under way and every timer end with it."""
    stage.temper.hangs_in_prompt = True
    await stage.submit(x.LimitPermission(permission_id=PermissionId("perm_1")), prompt("one"))
    assert stage.task
    stage.task.cancel()
    await asyncio.gather(stage.task, return_exceptions=True)
    await stage.clock.advance(1000)
    assert stage.expired == []
