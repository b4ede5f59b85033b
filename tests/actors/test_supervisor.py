"""The supervisor: one actor per codebase, one codebase per directory, recovery and the end."""

import asyncio
import gc
from typing import Any

import pytest
from tests.actors.town import A, B, C, Town, outcome, running

from opencode_ledger.actors.settings import ActorSettings
from opencode_ledger.actors.twins.scripted_agent import Temper
from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import (
    ActorStopped,
    AgentRunning,
    AgentStopping,
    AlreadyRegistered,
    CodebaseNotFound,
    StoreError,
)
from opencode_ledger.domain.ids import CodebaseId


def register(codebase: str, path: str = "/code/shop") -> c.Register:
    """A registration of a directory."""
    return c.Register(codebase_id=CodebaseId(codebase), name="shop", path=path)


def awake(town: Town) -> set[CodebaseId]:
    """The codebases whose actor is in memory."""
    supervisor = town.supervisor
    assert supervisor._hosts.keys() == supervisor._ready.keys()  # pyright: ignore[reportPrivateUsage]
    return set(supervisor._hosts)  # pyright: ignore[reportPrivateUsage]


async def test_one_codebase_per_directory(town: Town) -> None:
    """Of fifty registrations of a directory at once one wins, and the others learn its id."""
    asks = [outcome(town.supervisor.register(register(f"cb_{n}"))) for n in range(50)]
    results = await asyncio.gather(*asks)
    refused = [error for error in results if isinstance(error, AlreadyRegistered)]
    assert len(refused) == 49
    assert all("cb_0" in error.message for error in refused)
    assert town.log.head == 1


async def test_another_directory_is_another_codebase(town: Town) -> None:
    """Registrations of different directories don't get in each other's way."""
    await asyncio.gather(*(town.supervisor.register(register(f"cb_{n}", f"/code/{n}")) for n in range(50)))
    assert town.log.head == 50


async def test_a_registration_that_failed_leaves_the_directory_free(town: Town) -> None:
    """A directory whose registration could not be recorded can be registered again."""
    town.store.failing = True
    with pytest.raises(StoreError):
        await town.supervisor.register(register("cb_1"))
    town.store.failing = False
    await town.supervisor.register(register("cb_2"))


async def test_a_registration_repeated_under_its_id_keeps_the_directory(town: Town) -> None:
    """A second registration under the same id is refused, and doesn't free the directory for others."""
    await town.supervisor.register(register("cb_1"))
    for codebase in ("cb_1", "cb_2"):
        with pytest.raises(AlreadyRegistered):
            await town.supervisor.register(register(codebase))


async def test_a_caller_that_leaves_keeps_its_registration(town: Town) -> None:
    """A caller that leaves before the answer has registered all the same, and the directory is taken."""
    leaving = asyncio.create_task(town.supervisor.register(register("cb_1")))
    await asyncio.sleep(0)
    leaving.cancel()
    await settle()
    with pytest.raises(AlreadyRegistered):
        await town.supervisor.register(register("cb_2"))
    assert town.log.head == 1


async def test_a_failure_after_the_caller_left_is_no_news_to_the_loop(town: Town) -> None:
    """A registration that fails when nobody waits for it any more leaves no warning about an error that nobody read."""
    warnings: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: warnings.append(context))
    town.store.failing = True
    leaving = asyncio.create_task(town.supervisor.register(register(A)))
    await asyncio.sleep(0)
    leaving.cancel()
    await settle()
    gc.collect()
    assert warnings == []


async def test_a_deleted_directory_can_be_registered_again(town: Town) -> None:
    """After a deletion the directory is free, also where nobody waited for the deletion's end."""
    await town.register(A)
    await town.do(A, c.Delete())
    with pytest.raises(CodebaseNotFound):
        await town.do(A, town.trigger())
    await town.supervisor.register(register("cb_2", f"/code/{A}"))
    await town.do(CodebaseId("cb_2"), town.trigger())
    town.agents.temper.stop_delay = 1
    leaving = town.ask(CodebaseId("cb_2"), c.Delete())
    await settle()
    leaving.cancel()
    with pytest.raises(AlreadyRegistered):
        await town.supervisor.register(register("cb_3", f"/code/{A}"))
    await town.clock.advance(1)
    await town.supervisor.register(register("cb_3", f"/code/{A}"))


async def test_deleted_codebases_leave_nothing_in_memory(town: Town) -> None:
    """A deleted codebase's actor is gone, and so is one that is asked something later: it is not found, again and again."""
    await running(town, A, B)
    await town.do(A, c.Delete())
    for _ in range(3):
        await settle()
        assert awake(town) == {B}
        asks = [town.ask(A, command) for command in (town.trigger(), town.message(), c.Interrupt(), c.Delete())]
        assert {type(await outcome(ask)) for ask in asks} == {CodebaseNotFound}
    assert [agent.codebase for agent in town.agents.alive] == [B]


async def test_what_is_asked_while_a_codebase_is_deleted(town: Town) -> None:
    """A caller during a deletion learns that the actor ends, then that the codebase isn't found, never to try again."""
    await running(town, A)
    town.agents.temper.stop_delay = 1
    asks = [town.ask(A, c.Delete())]
    for _ in range(40):
        asks.append(town.ask(A, town.trigger()))
        await town.clock.advance(0.05)
    results = [await outcome(ask) for ask in asks]
    assert not isinstance(results[0], Exception)
    assert {type(result) for result in results[1:]} == {AgentStopping, CodebaseNotFound}
    assert awake(town) == set()


async def test_an_actor_that_goes_keeps_its_hands_off_its_successor(town: Town) -> None:
    """A directory registered again while its deleted codebase's actor still ends belongs to the new codebase alone."""
    for number in range(10):
        codebase = CodebaseId(f"cb_{number}")
        await town.supervisor.register(register(codebase))
        await town.supervisor.ask(codebase, c.Delete())
    await town.supervisor.register(register("cb_last"))
    await settle()
    assert awake(town) == {"cb_last"}
    with pytest.raises(AlreadyRegistered, match="cb_last"):
        await town.supervisor.register(register("cb_late"))
    assert await town.do(CodebaseId("cb_last"), town.trigger()) is Phase.RUNNING


async def test_an_unknown_codebase_is_not_found(town: Town) -> None:
    """Whatever is asked of a codebase that nobody registered is refused, and starts no actor."""
    for command in (town.trigger(), town.message(), c.Interrupt(), c.Stop(), c.Delete()):
        with pytest.raises(CodebaseNotFound):
            await town.supervisor.ask(CodebaseId("cb_none"), command)
    assert town.births == 0


async def test_one_actor_per_codebase_even_when_all_ask_at_once(town: Town) -> None:
    """After a restart fifty first commands at once meet one actor, and one of them wins."""
    await town.register(A)
    again = await town.crash()
    asks = [again.ask(A, again.trigger()) for _ in range(50)]
    await settle()
    results = [await outcome(ask) for ask in asks]
    assert sum(isinstance(result, AgentRunning) for result in results) == 49
    assert again.births == 1
    await again.assert_truthful()
    await again.supervisor.close()


async def test_what_ran_is_interrupted_after_a_crash_of_the_server(town: Town) -> None:
    """After a crash a running session and its task are interrupted, an error says why, and nothing runs by itself."""
    await running(town, A)
    await town.agents.of(A).begin_tool("bash")
    again = await town.crash()
    await again.start([A])
    events = await again.events(A)
    assert again.phase(A) is Phase.INTERRUPTED
    assert [x.code for x in events if isinstance(x, e.Error)] == ["SERVER_RESTARTED"]
    assert [x.code for x in events if isinstance(x, e.TaskInterrupted)] == ["SERVER_RESTARTED"]
    assert again.agents.made == []
    assert await again.do(A, again.message()) is Phase.RUNNING
    await again.assert_truthful()
    await again.supervisor.close()


async def test_what_was_ending_is_ended_after_a_crash_of_the_server(town: Town) -> None:
    """After a crash a stop and a deletion under way are finished, and the deleted directory is free."""
    await running(town, A, B)
    town.agents.temper.stop_delay = 10
    town.ask(A, c.Stop())
    town.ask(B, c.Delete())
    await settle()
    again = await town.crash()
    await again.start([A, B])
    assert (again.phase(A), again.phase(B)) == (Phase.IDLE, Phase.DELETED)
    await again.supervisor.register(register("cb_2", f"/code/{B}"))
    await again.assert_truthful()
    await again.supervisor.close()


async def test_what_waited_goes_on_waiting_after_a_crash_of_the_server(town: Town) -> None:
    """After a crash a session that waited for room waits again, and runs when there is some."""
    town.slots.limit = 1
    await running(town, A, B, C)
    again = await town.crash()
    await again.start([A, B, C])
    assert again.phase(A) is Phase.INTERRUPTED
    phases = {again.phase(B), again.phase(C)}
    assert phases == {Phase.RUNNING, Phase.WAITING}
    assert again.slots.busy == 1
    await again.supervisor.close()


async def test_a_recovery_that_can_not_be_recorded_is_tried_again(town: Town) -> None:
    """While the log can't be written no command reaches a codebase that was cut off; then it recovers."""
    await running(town, A)
    again = await town.crash()
    asked = again.ask(A, again.message())
    again.store.failing = True
    await again.clock.advance(3)
    assert isinstance(await outcome(asked), StoreError | ActorStopped)
    assert again.agents.made == []
    again.store.failing = False
    await again.clock.advance(3)
    assert await again.do(A, c.Stop()) is Phase.IDLE
    assert "error" in await again.names(A)
    await again.supervisor.close()


async def test_the_end_interrupts_and_records_all_that_runs(town: Town) -> None:
    """At the server's end every running session is interrupted and recorded, and no process is left."""
    await running(town, A, B)
    town.agents.temper.stop_delay = 2
    closing = asyncio.create_task(town.supervisor.close())
    await town.clock.advance(2)
    await closing
    assert town.agents.alive == []
    for codebase in (A, B):
        errors = [x.code for x in await town.events(codebase) if isinstance(x, e.Error)]
        assert errors == ["SERVER_STOPPED"]
        assert (await town.recorded_state(codebase)).phase is Phase.INTERRUPTED


async def test_the_end_starts_nobody_who_waits(town: Town) -> None:
    """At the server's end a session that waits for room, and a command that waits its turn, start no agent."""
    town.slots.limit = 2
    await running(town, A, C, B)
    town.agents.of(A).temper = Temper(stop_delay=1)
    town.agents.of(C).temper = Temper(stop_delay=5)
    late = [town.ask(C, town.message()) for _ in range(20)]
    closing = asyncio.create_task(town.supervisor.close())
    await town.clock.advance(3)
    assert not town.agents.of(A).alive and not closing.done()
    assert town.phase(B) is Phase.WAITING
    await town.clock.advance(3)
    await closing
    assert isinstance(await outcome(late[-1]), ActorStopped), "what waits its turn behind the end is refused"
    assert [agent.codebase for agent in town.agents.made] == [A, C]
    assert (await town.recorded_state(B)).phase is Phase.WAITING


async def test_the_end_has_a_limit(town: Town) -> None:
    """A log that can't be written doesn't keep the server from ending; the next start recovers what it missed."""
    await running(town, A)
    stop = town.ask(A, c.Interrupt())
    town.agents.temper.abort_delay = 3
    await settle()
    town.store.failing = True
    closing = asyncio.create_task(town.supervisor.close())
    await town.clock.advance(town.settings.close_limit + 1)
    await closing
    assert isinstance(await outcome(stop), ActorStopped)
    assert town.agents.alive == []
    town.store.failing = False


async def test_a_slow_agent_does_not_keep_the_end_waiting_for_its_record(town: Town) -> None:
    """An agent slower than the limit is ended all the same, and its session recovered at the next start."""
    await running(town, A)
    town.agents.temper.stop_delay = ActorSettings().close_limit * 2
    closing = asyncio.create_task(town.supervisor.close())
    await town.clock.advance(town.settings.close_limit)
    assert not closing.done()
    await town.clock.advance(town.settings.close_limit * 2)
    await closing
    assert town.agents.alive == []


async def test_the_end_leaves_no_process_of_an_actor_that_just_failed(town: Town) -> None:
    """The server's end doesn't cut short the end of an actor that failed just before: its agent is gone too."""
    await running(town, A)
    town.agents.temper.stop_delay = 4
    town.store.broken = RuntimeError("a mistake of ours")
    closing = asyncio.create_task(town.supervisor.close())
    await town.clock.advance(20)
    await closing
    assert town.agents.alive == []


async def test_a_report_that_waits_for_the_log_does_not_keep_the_end_waiting(town: Town) -> None:
    """An agent whose report can't be recorded before the server's end learns that, and ends."""
    await running(town, A)
    town.store.failing = True
    said = asyncio.create_task(town.agents.of(A).say("last words"))
    await settle()
    closing = asyncio.create_task(town.supervisor.close())
    await settle()
    await asyncio.wait_for(asyncio.gather(closing, said), 5)


async def test_everybody_is_answered_at_the_end(town: Town) -> None:
    """At the server's end each of those who asked is answered or refused, whatever they asked and however late."""
    await running(town, A)
    await town.register(B)
    town.agents.temper.abort_delay = town.agents.temper.stop_delay = 60
    asks = [
        town.ask(codebase, command)
        for codebase in (A, B, CodebaseId("cb_none"))
        for command in (c.Interrupt(), town.trigger(), c.Stop(), town.message(), c.Delete())
        for _ in range(5)
    ]
    await asyncio.sleep(0)
    closing = asyncio.create_task(town.supervisor.close())
    late = [town.ask(A, town.message()) for _ in range(5)]
    await town.clock.advance(600)
    await closing
    results = await asyncio.wait_for(asyncio.gather(*map(outcome, [*asks, *late])), 5)
    assert len(results) == len(asks) + len(late)
    with pytest.raises(ActorStopped):
        await town.supervisor.ask(A, c.Stop())


async def test_an_actor_that_never_came_up_keeps_nobody_waiting(town: Town) -> None:
    """Those who wait for an actor that can't read its log are refused, at once or at the server's end."""
    await town.register(A)
    again = await town.crash()
    first = again.ask(A, c.Stop())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    again.store.failing = True
    await settle()
    assert isinstance(await outcome(first), StoreError)
    waiting = again.ask(A, c.Stop())
    await settle()
    await again.supervisor.close()
    assert isinstance(await outcome(waiting), ActorStopped | StoreError)
