"""The twins that the other tests stand on: the virtual clock and the scripted agent."""

import asyncio

import pytest
from tests.actors.town import A, Town, running

from opencode_ledger.actors.twins.scripted_agent import Play, RunFailed, ScriptedAgent, Temper, echo
from opencode_ledger.actors.twins.virtual_clock import START, VirtualClock, settle
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.errors import AgentError, AgentUnavailable
from opencode_ledger.domain.ids import MessageId, SessionId


def prompt(text: str, session: str = "sess_1") -> Prompt:
    """A prompt with these words."""
    return Prompt(
        session_id=SessionId(session),
        agent_session_id=None,
        message_id=MessageId(f"msg_{text}"),
        text=text,
        agent="build",
        model=None,
    )


class Heard:
    """An agent and all that it reported."""

    def __init__(self, play: Play = echo, temper: Temper | None = None) -> None:
        self.facts: list[f.Fact] = []
        self.clock = VirtualClock(jumping=True)
        self.agent = ScriptedAgent(A, self.deliver, self.clock, play, temper or Temper())

    async def deliver(self, facts: tuple[f.Fact, ...]) -> None:
        """Hear, after a moment."""
        await asyncio.sleep(0)
        self.facts += facts

    @property
    def kinds(self) -> list[str]:
        """What kinds of facts were heard."""
        return [type(fact).__name__ for fact in self.facts]


async def test_time_stands_still_until_it_is_advanced() -> None:
    """Sleepers wake in the order of their moments, each in its own, and only as far as time is advanced."""
    clock, woken = VirtualClock(), list[tuple[str, float]]()

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    tasks = [asyncio.create_task(sleeper(name, seconds)) for name, seconds in (("c", 3), ("a", 1), ("b", 1))]
    await settle()
    assert len(woken) == 0
    await clock.advance(2)
    assert woken == [("a", 1), ("b", 1)]
    assert (clock.now() - START).total_seconds() == clock.monotonic() == 2
    await clock.advance(1)
    assert [name for name, _ in woken] == ["a", "b", "c"]
    await asyncio.gather(*tasks)


async def test_time_jumps_by_itself_when_all_wait() -> None:
    """A jumping clock lets a day pass in no time, and passes over sleepers that were cancelled."""
    clock = VirtualClock(jumping=True)
    cancelled = asyncio.create_task(clock.sleep(10))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(clock.sleep(86_400), clock.sleep(5))
    assert clock.monotonic() == 86_400


async def test_an_agent_plays_its_part() -> None:
    """A run opens the session, says what its play says, and ends answering the last prompt."""
    heard = Heard()
    await heard.agent.prompt(prompt("one"))
    await settle()
    assert heard.kinds == ["SessionOpened", "PromptTaken", "TextStreamed", "RunEnded"]
    ended = heard.facts[-1]
    assert isinstance(ended, f.RunEnded) and (ended.answers, ended.outcome) == ("msg_one", "completed")
    assert heard.agent.alive and heard.agent.run is None


async def test_a_prompt_during_a_run_steers_it() -> None:
    """A prompt during a run is another act of it, and the run ends answering the newer prompt."""

    async def slow(agent: ScriptedAgent, words: Prompt) -> None:
        await agent.pause(10)
        await agent.say(words.text)

    heard = Heard(slow)
    await heard.agent.prompt(prompt("one"))
    await heard.agent.prompt(prompt("two"))
    with pytest.raises(AgentError):
        await heard.agent.prompt(prompt("three", "sess_2"))
    await heard.clock.sleep(30)
    assert [fact.content for fact in heard.facts if isinstance(fact, f.TextStreamed)] == ["one", "two"]
    assert [fact.answers for fact in heard.facts if isinstance(fact, f.RunEnded)] == ["msg_two"]


async def test_an_agent_waits_for_leave() -> None:
    """A play that asks for leave goes on with the reply, and one that fails ends its run as failed."""

    async def careful(agent: ScriptedAgent, words: Prompt) -> None:
        if await agent.leave_for("bash") == "reject":
            raise RunFailed("not allowed")
        await agent.say(words.text)

    for reply, last in (("once", "completed"), ("reject", "failed")):
        heard = Heard(careful)
        await heard.agent.prompt(prompt("one"))
        await settle()
        asked = heard.facts[-1]
        assert isinstance(asked, f.PermissionRequested)
        await heard.agent.answer(asked.agent_permission_id, "once" if reply == "once" else "reject", None)
        await settle()
        ended = heard.facts[-1]
        assert isinstance(ended, f.RunEnded) and ended.outcome == last


@pytest.mark.parametrize("halt", ["abort", "stop", "die"])
async def test_nothing_comes_after_a_halt(halt: str) -> None:
    """Once an agent is aborted, is stopped or has died, it says nothing more of that run."""

    async def endless(agent: ScriptedAgent, words: Prompt) -> None:
        while True:
            await agent.say(words.text)
            await agent.pause(1)

    heard = Heard(endless)
    await heard.agent.prompt(prompt("one"))
    await heard.clock.sleep(3.5)
    await getattr(heard.agent, halt)()
    count = len(heard.facts)
    await heard.clock.sleep(10)
    assert len(heard.facts) == count
    assert heard.agent.alive is (halt == "abort")
    assert heard.kinds[-1] == ("AgentDied" if halt == "die" else "TextStreamed")


async def test_a_play_that_kills_its_agent_is_the_last() -> None:
    """A prompt that came before the death of an agent in its own play is not played by the dead agent."""
    played: list[str] = []

    async def fatal(agent: ScriptedAgent, words: Prompt) -> None:
        played.append(words.text)
        await agent.pause(1)
        await agent.die()

    heard = Heard(fatal)
    await heard.agent.prompt(prompt("one"))
    await heard.agent.prompt(prompt("two"))
    await heard.clock.sleep(10)
    assert played == ["one"] and not heard.agent.alive
    assert heard.kinds[-1] == "AgentDied"


async def test_an_agent_that_can_not_start_has_no_process() -> None:
    """An agent that is set to fail at its start says so, and leaves nothing."""
    heard = Heard(temper=Temper(start_error="not installed"))
    with pytest.raises(AgentUnavailable, match="not installed"):
        await heard.agent.prompt(prompt("one"))
    assert not heard.agent.alive and heard.facts == []


async def test_the_town_shows_which_agents_work(town: Town) -> None:
    """The factory remembers every agent, the directory it was made for, and which ones live and work."""
    await running(town, A)
    assert town.agents.directories == {A: f"/code/{A}"}
    assert town.agents.alive == town.agents.at_work == [town.agents.of(A)]
