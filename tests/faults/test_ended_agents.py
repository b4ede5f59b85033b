"""Whatever ends an agent, none of its processes outlives it, and nobody else's is touched."""

import asyncio
import os
import signal

import pytest
from tests.support.waiting import eventually

from .processes import FOREGROUND, Sleepers, sleep_alone
from .service import Codebase, Service, count, frame_of, said

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_stop_and_deletion_are_answered_when_no_process_is_left(running: Service) -> None:
    """When stop is answered, neither opencode nor anything that its tools started is alive, however it was detached.

    Another codebase's agent and tools are left alone. When the deletion of that one is answered nothing of it runs either,
    and every address of it answers 404.
    """
    codebase, other = await running.register(), await running.register()
    sleepers, others = Sleepers(), Sleepers()
    await asyncio.gather(codebase.trigger(f"bash: {sleepers.command}"), other.trigger(f"bash: {others.command}"))
    await asyncio.gather(sleepers.all_asleep(), others.all_asleep())
    assert codebase.agents != []
    before = other.processes
    await codebase.post("stop")
    assert (sleepers.alive, codebase.processes) == (set(), {})
    assert await codebase.status() == "idle"
    frames = await codebase.until(frame_of("complete", status="stopped"))
    assert count(frames, "task", action="cancelled") == 1
    assert count(frames, "error") == 0
    assert FOREGROUND in others.alive
    assert other.processes.keys() >= before.keys()
    assert await other.status() == "running"
    assert (await running.ask("DELETE", other.path)).status == 200
    assert (others.alive, other.processes) == (set(), {})
    await assert_gone(running, other)


async def assert_gone(running: Service, codebase: Codebase) -> None:
    """Every address of it answers 404, and no list has it."""
    requests = [("GET", ""), ("DELETE", ""), ("GET", "/status"), ("GET", "/events"), ("POST", "/interrupt")]
    requests += [("POST", "/stop"), ("POST", "/trigger"), ("POST", "/message"), ("POST", "/permissions/perm_1")]
    bodies = {"/trigger": {"prompt": "x"}, "/message": {"message": "x"}, "/permissions/perm_1": {"reply": "once"}}
    answers = [await running.ask(method, codebase.path + path, bodies.get(path)) for method, path in requests]
    assert [(answer.status, answer.text("code")) for answer in answers] == [(404, "codebase_not_found")] * len(requests)
    assert codebase.id not in str((await running.ask("GET", "/codebases")).content)


async def test_a_tool_without_its_environment_is_found_by_its_descent(running: Service) -> None:
    """A process that cleared its environment bears no mark any more, and ends with the agent all the same."""
    codebase = await running.register()
    cleared, asleep = sleep_alone()
    waiting, waits = sleep_alone()
    await codebase.trigger(f"bash: env -i setsid {cleared} </dev/null >/dev/null 2>&1 & {waiting}")
    await eventually(lambda: asleep() and waits())
    await codebase.post("stop")
    assert (asleep(), waits()) == (False, False)


async def test_an_agent_that_was_killed_takes_its_tools_along(running: Service) -> None:
    """When opencode is killed its tools end too, the session is interrupted, and a message resumes it."""
    codebase, sleepers = await running.register(), Sleepers()
    await codebase.trigger("Remember blue.", "say: I begin.", f"bash: {sleepers.command}")
    await sleepers.all_asleep()
    [agent] = codebase.agents
    os.kill(agent, signal.SIGKILL)
    frames = await codebase.until(frame_of("session", action="interrupted"))
    assert count(frames, "error", code="AGENT_CRASHED") == 1
    assert count(frames, "task", action="interrupted", code="AGENT_CRASHED") == 1
    assert "SIGKILL" in next(frame for frame in frames if frame.event == "error").text("error")
    assert count(frames, "tool_result", status="error") == 1
    assert (sleepers.alive, codebase.processes) == (set(), {})
    assert await codebase.status() == "interrupted"
    await codebase.message("say: I am back.")
    assert "I am back." in said(await codebase.until(frame_of("complete", status="completed")))
    asked = await running.model.wait_for(lambda request: "I am back." in request.prompt)
    assert any("Remember blue." in prompt for prompt in asked.prompts)


async def test_an_interrupt_ends_the_running_command_and_keeps_the_session(running: Service) -> None:
    """When an interrupt is answered the command is gone; the same session and the same opencode take the next message."""
    codebase = await running.register()
    command, asleep = sleep_alone()
    session = await codebase.trigger(f"bash: {command}")
    await eventually(asleep)
    before = codebase.agents
    await codebase.post("interrupt")
    assert not asleep()
    assert await codebase.status() == "interrupted"
    await codebase.message("say: On we go.")
    frames = await codebase.until(frame_of("complete"))
    assert said(frames) == "On we go."
    assert {frame.text("session_id") for frame in frames if frame.event == "session"} == {session}
    assert codebase.agents == before
