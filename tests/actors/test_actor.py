"""The codebase actor: replies after commits, failing logs, rooms and rest."""

import asyncio

import pytest
from tests.actors.town import A, B, C, Town, outcome, running

from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import (
    ActorStopped,
    AgentRunning,
    NothingToActOn,
    PermissionNotFound,
    StoreError,
)
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import PermissionId, Sequence


async def test_a_run_from_prompt_to_end(town: Town) -> None:
    """A trigger is answered at once; the agent's words, tools and end are recorded as they come."""
    await running(town, A)
    agent = town.agents.of(A)
    await agent.say("Hello")
    call = await agent.begin_tool("write", {"path": "a.py"})
    await agent.end_tool(call, "write", "ok")
    await agent.change_file("a.py")
    await agent.end("Done.")
    assert town.phase(A) is Phase.IDLE
    names = await town.names(A)
    assert names[-10:] == [
        *("session.linked", "message_delivered", "output", "tool_use", "tool_result", "file_change"),
        *("task.completed", "session.completed", "status", "complete"),
    ]
    await town.assert_truthful()


async def test_the_answer_leaves_after_the_commit(town: Town) -> None:
    """The caller of an answered command finds it in the log, at the position that the answer names."""
    await town.register(A)
    answer = await town.supervisor.ask(A, trigger := town.trigger())
    assert answer.phase is Phase.RUNNING
    recorded = await town.log.read_stream(A, Sequence(0), 100)
    assert answer.position >= recorded[-1].position
    started = [x for x in await town.events(A) if isinstance(x, e.SessionStarted)]
    assert [x.session_id for x in started] == [trigger.session_id]


async def test_a_trigger_does_not_wait_for_the_agent(town: Town) -> None:
    """A trigger is answered while the agent is still starting."""
    town.agents.temper.start_delay = 30
    await town.register(A)
    assert await town.do(A, town.trigger()) is Phase.RUNNING
    assert town.agents.of(A).given == []


async def test_an_interrupt_is_answered_when_the_run_is_aborted(town: Town) -> None:
    """An interrupt waits until the agent runs nothing any more, and then a message resumes the session."""
    await running(town, A)
    town.agents.temper.abort_delay = 3
    interrupt = town.ask(A, c.Interrupt())
    await settle()
    assert not interrupt.done() and town.phase(A) is Phase.INTERRUPTING
    await town.clock.advance(3)
    assert interrupt.done() and town.agents.at_work == []
    assert await town.do(A, town.message("go on")) is Phase.RUNNING
    assert [prompt.text for prompt in town.agents.of(A).given] == ["go", "go on"]


async def test_an_interrupt_before_the_agent_has_started(town: Town) -> None:
    """An interrupt during the agent's start is done at once, and the prompt is never given."""
    town.agents.temper.start_delay = 30
    await running(town, A)
    assert await town.do(A, c.Interrupt()) is Phase.INTERRUPTED
    await town.clock.advance(60)
    assert town.agents.of(A).given == []


async def test_a_stop_is_answered_when_no_process_is_left(town: Town) -> None:
    """A stop waits for the end of the agent's processes."""
    await running(town, A)
    town.agents.temper.stop_delay = 5
    stop = town.ask(A, c.Stop())
    await town.clock.advance(4)
    assert not stop.done()
    await town.clock.advance(1)
    assert stop.done() and town.agents.alive == [] and town.phase(A) is Phase.IDLE


async def test_a_refused_command_leaves_no_trace(town: Town) -> None:
    """A refused command records nothing, takes no room and changes nothing."""
    await town.register(A)
    before = town.log.head
    for command in (town.message(), c.Interrupt(), c.Stop()):
        with pytest.raises(NothingToActOn):
            await town.supervisor.ask(A, command)
    assert town.log.head == before and town.slots.busy == 0


async def test_only_one_of_many_triggers_wins(town: Town) -> None:
    """Of fifty triggers at once one is accepted, and the others learn that the agent is running."""
    await town.register(A)
    results = await asyncio.gather(*(outcome(town.supervisor.ask(A, town.trigger())) for _ in range(50)))
    assert sum(isinstance(result, AgentRunning) for result in results) == 49
    assert (await town.names(A)).count("session.started") == 1
    assert town.agents.of(A).starts <= 1


async def test_a_failing_log_refuses_commands_and_changes_nothing(town: Town) -> None:
    """While the log can't be written, commands are refused as such, and work again afterwards."""
    await town.register(A)
    town.store.failing = True
    with pytest.raises(StoreError):
        await town.supervisor.ask(A, town.trigger())
    assert town.phase(A) is Phase.IDLE and town.slots.busy == 0 and town.agents.made == []
    town.store.failing = False
    assert await town.do(A, town.trigger()) is Phase.RUNNING


async def test_a_failing_log_loses_nothing_that_the_agent_reported(town: Town) -> None:
    """What the agent reports while the log can't be written is kept, in order, and recorded later."""
    await running(town, A)
    agent = town.agents.of(A)
    town.store.failing = True
    said = asyncio.create_task(agent.say("Hello"))
    ended = asyncio.create_task(agent.end("Done."))
    await town.clock.advance(3)
    assert not said.done(), "the agent doesn't run ahead of the log"
    town.store.failing = False
    await town.clock.advance(1)
    await asyncio.gather(said, ended)
    names = await town.names(A)
    assert names[-5:] == ["output", "task.completed", "session.completed", "status", "complete"]


async def test_a_failing_log_loses_no_room(town: Town) -> None:
    """A session that is granted room while the log can't be written runs when it can."""
    town.slots.limit = 1
    await running(town, A)
    await running(town, B)
    assert town.phase(B) is Phase.WAITING
    stop = town.ask(A, c.Stop())
    await settle()
    assert town.phase(B) is Phase.RUNNING
    await stop
    await town.do(A, town.trigger())
    town.store.failing = True
    end = asyncio.create_task(town.agents.of(B).end())
    await town.clock.advance(2)
    town.store.failing = False
    await town.clock.advance(2)
    await end
    assert (town.phase(A), town.phase(B)) == (Phase.RUNNING, Phase.IDLE)


async def test_room_granted_while_the_log_fails_is_not_lost(town: Town) -> None:
    """If the grant itself can't be recorded, it is tried again, and the session runs."""
    town.slots.limit = 1
    await running(town, A, B)
    town.slots.leave(A)  # B's grant is on its way
    town.store.failing = True
    await settle()
    assert town.phase(B) is Phase.WAITING
    town.store.failing = False
    await town.clock.advance(1)
    assert town.phase(B) is Phase.RUNNING


async def test_an_expiry_while_the_log_fails_is_not_lost(town: Town) -> None:
    """A question whose limit passes while the log can't be written is refused when it can."""
    await running(town, A)
    await town.agents.of(A).ask("bash")
    town.store.failing = True
    await town.clock.advance(601)
    town.store.failing = False
    await town.clock.advance(1)
    assert "permission.replied" in await town.names(A)


async def test_a_question_nobody_answers_is_refused_and_recorded(town: Town) -> None:
    """A question of permission that nobody answers is refused after its limit, recorded as `timeout`."""
    await running(town, A)
    permission = await town.agents.of(A).ask("bash", {"command": "rm -rf build"})
    await town.clock.advance(600)
    replied = (await town.events(A))[-1]
    assert isinstance(replied, e.PermissionReplied)
    assert (replied.reply, replied.decided_by) == ("reject", "timeout")
    assert town.agents.of(A).answers == [(permission, "reject", None)]


async def test_an_answered_question_does_not_expire(town: Town) -> None:
    """An answer in time goes to the agent, and the limit then finds nothing to refuse."""
    await running(town, A)
    permission = await town.agents.of(A).ask("bash")
    ours = PermissionId("perm_" + permission.removeprefix("per_"))
    await town.do(A, c.ReplyPermission(permission_id=ours, reply="always"))
    await town.clock.advance(700)
    assert town.agents.of(A).answers == [(permission, "always", None)]
    assert (await town.names(A)).count("permission.replied") == 1


async def test_auto_approval_is_recorded(town: Town) -> None:
    """A codebase with auto_approve answers by itself, and the log says so."""
    await town.register(A, auto_approve=True)
    await town.do(A, town.trigger())
    permission = await town.agents.of(A).ask("bash")
    await settle()
    replied = (await town.events(A))[-1]
    assert isinstance(replied, e.PermissionReplied) and replied.decided_by == "auto_approve"
    assert town.agents.of(A).answers == [(permission, "once", None)]


QUESTION: e.Json = {"question": "Which?", "options": [{"label": "this"}, {"label": "that"}]}


async def test_a_questions_answers_reach_the_agent(town: Town) -> None:
    """What a user answers to the agent's question is recorded, and then handed to the agent."""
    await running(town, A)
    question = await town.agents.of(A).inquire(QUESTION)
    ours = PermissionId("perm_" + question.removeprefix("per_"))
    await town.do(A, c.ReplyPermission(permission_id=ours, reply="once", answers=(("that",),)))
    replied = (await town.events(A))[-1]
    assert isinstance(replied, e.PermissionReplied)
    assert (replied.decided_by, replied.answers) == ("user", (("that",),))
    assert town.agents.of(A).question_answers == [(question, (("that",),))]


async def test_an_interrupt_takes_an_unanswered_question_back(town: Town) -> None:
    """A question that waits is rejected by an interrupt before the abort, and a late answer goes nowhere."""
    await running(town, A)
    question = await town.agents.of(A).inquire(QUESTION)
    ours = PermissionId("perm_" + question.removeprefix("per_"))
    await town.do(A, c.Interrupt())
    names = await town.names(A)
    assert names.index("permission.replied") < names.index("session.interrupted")
    late = town.ask(A, c.ReplyPermission(permission_id=ours, reply="once", answers=(("that",),)))
    assert isinstance(await outcome(late), PermissionNotFound)
    assert town.agents.of(A).question_answers == []


async def test_a_crash_of_the_server_closes_what_was_asked(town: Town) -> None:
    """After a crash in which something was asked, it is recorded as refused before the session is interrupted."""
    await running(town, A)
    await town.agents.of(A).ask("bash")
    again = await town.crash()
    await again.start([A])
    assert [n for n in await again.names(A) if n.startswith("permission")] == ["permission.asked", "permission.replied"]
    await again.assert_truthful()
    await again.supervisor.close()


async def test_trust_is_what_was_registered(town: Town) -> None:
    """A codebase's own configuration is trusted only where it was registered so."""
    await town.register(A, trusted=True)
    await town.register(B)
    await town.do(A, town.trigger())
    await town.do(B, town.trigger())
    assert town.agents.trusted == [True, False]


async def test_who_waits_for_room_starts_by_itself(town: Town) -> None:
    """Beyond the limit a trigger waits, and starts by itself, first come first served."""
    town.slots.limit = 1
    await running(town, A, B, C)
    assert [town.phase(x) for x in (A, B, C)] == [Phase.RUNNING, Phase.WAITING, Phase.WAITING]
    await town.agents.of(A).end()
    await settle()
    assert [town.phase(x) for x in (A, B, C)] == [Phase.IDLE, Phase.RUNNING, Phase.WAITING]
    await town.do(B, c.Interrupt())
    assert town.phase(C) is Phase.RUNNING
    assert [agent.codebase for agent in town.agents.at_work] == [C]


async def test_a_warm_process_is_retired_when_it_rested_long(town: Town) -> None:
    """An agent's process is kept for the next prompt, and ended after the idle limit."""
    await running(town, A)
    agent = town.agents.of(A)
    await agent.end()
    await town.clock.advance(299)
    assert town.agents.alive == [agent]
    await town.do(A, town.trigger())
    assert agent.starts == 1, "the warm process took the next prompt"
    await agent.end()
    await town.clock.advance(300)
    assert town.agents.alive == []
    assert await town.do(A, town.trigger()) is Phase.RUNNING
    assert agent.starts == 2


async def test_a_warm_process_makes_way_for_another_codebase(town: Town) -> None:
    """A warm process is ended when its place is needed, even after commands that were refused."""
    town.slots.limit = 1
    await running(town, A)
    await town.agents.of(A).end()
    with pytest.raises(NothingToActOn):
        await town.do(A, town.message())
    await running(town, B)
    await settle()
    assert [agent.codebase for agent in town.agents.alive] == [B]


async def test_an_agent_that_dies_leaves_no_prompt_behind(town: Town) -> None:
    """When the agent dies with messages still on their way, no new process is started for them."""
    await running(town, A)
    agent = town.agents.of(A)
    town.agents.temper.hangs_in_prompt = True
    await town.do(A, town.message("one"))
    await town.do(A, town.message("two"))
    town.agents.temper.hangs_in_prompt = False
    await agent.die()
    await settle()
    assert town.phase(A) is Phase.INTERRUPTED and not agent.alive
    assert [prompt.text for prompt in agent.given] == ["go"]
    assert [x.code for x in await town.events(A) if isinstance(x, e.Error)] == ["AGENT_CRASHED"]


async def test_everybody_is_answered_when_the_actor_fails(town: Town) -> None:
    """When an actor fails in the middle of its work, each of those who asked is answered or refused, once."""
    await running(town, A)
    town.agents.temper.abort_delay = 10
    town.agents.temper.stop_delay = 10
    asks = [town.ask(A, command) for command in (c.Interrupt(), town.message(), c.Interrupt(), town.message())]
    await settle()
    asks.append(town.ask(A, town.message()))
    town.store.broken = RuntimeError("a mistake of ours")
    asks += [town.ask(A, town.message()) for _ in range(20)]
    await town.clock.advance(20)
    results = await asyncio.wait_for(asyncio.gather(*map(outcome, asks)), 5)
    assert len(results) == len(asks)
    refused = [result for result in results if isinstance(result, Exception)]
    assert refused and all(isinstance(error, ActorStopped | AgentRunning) for error in refused)
    await town.assert_truthful()


async def test_an_actor_that_fails_starts_again_from_the_log(town: Town) -> None:
    """An actor that fails is started again; what ran is interrupted, recorded, and can be resumed."""
    await running(town, A)
    town.store.broken = RuntimeError("a mistake of ours")
    failed = town.ask(A, town.message())
    await town.clock.advance(2)
    assert isinstance(await outcome(failed), ActorStopped)
    assert town.births == 2 and town.phase(A) is Phase.INTERRUPTED
    assert town.agents.alive == [], "the old actor's agent is gone"
    assert await town.do(A, town.message()) is Phase.RUNNING
    await town.assert_truthful()


async def test_an_actor_overtaken_by_another_writer_starts_again(town: Town) -> None:
    """A second writer on the same stream is noticed; the command is refused and the actor reads the log again."""
    await running(town, A)
    last = (await town.log.read_stream(A, Sequence(0), 100))[-1]
    await town.log.append(A, last.sequence, [NewEvent("status", b'{"status":"idle","message":"x","timestamp":"t"}')])
    asked = town.ask(A, town.message())
    await town.clock.advance(2)
    assert isinstance(await outcome(asked), StoreError)
    assert town.phase(A) is Phase.INTERRUPTED
    await town.assert_truthful()


async def test_text_that_json_can_not_hold_keeps_state_and_log_the_same(town: Town) -> None:
    """What the log can't hold to the letter is the same in the actor's mind as in the log."""
    town.slots.limit = 1
    await running(town, A)
    await running(town, B)
    await town.do(B, town.message("lone \ud800 surrogate"))
    await town.assert_truthful()
