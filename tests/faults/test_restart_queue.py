"""A service that ends with tasks in its queues takes them up by itself when it is there again, and only them."""

import signal
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from tests.support.waiting import eventually

from .processes import sleep_alone
from .service import Codebase, Service, count, frame_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

Listed = Sequence[Mapping[str, object]]


async def test_what_waited_starts_by_itself(service: Service) -> None:
    """Over kill -9 and SIGTERM what ran is interrupted and not run again; what waited for room is done by priority.

    What waits behind the interrupted session waits on, until that session ends. Tasks and sessions name each other.
    """
    service.more_options["--max-agents"] = 1
    await service.start()
    first, second = await service.register(), await service.register()
    await at_work(first)
    await queue(first, "behind", 1)
    await queue(second, "low", 0)
    await queue(second, "high", 5)
    await end_and_start(service, signal.SIGKILL)
    assert await done_until("low", second) == ["high", "low"]
    await assert_cut_off(first, "SERVER_RESTARTED")
    assert [task["status"] for task in await listed(first, "tasks")] == ["pending", "interrupted"]
    tasks, sessions = await listed(second, "tasks"), await listed(second, "sessions")
    assert {(task["id"], task["session_id"]) for task in tasks} == {(s["task_id"], s["id"]) for s in sessions}

    await at_work(second)
    await first.post("stop")
    await queue(first, "urgent", 9)
    await end_and_start(service, signal.SIGTERM)
    frames = await first.until(frame_of("session", action="started", prompt="say: urgent"))
    assert count(frames, "session", action="started", prompt="say: behind") == 0
    await assert_cut_off(second, "SERVER_STOPPED")


async def at_work(codebase: Codebase) -> None:
    """Have the agent work on something that it doesn't finish."""
    command, asleep = sleep_alone()
    await codebase.trigger(f"bash: echo once >> ran.txt; {command}")
    await eventually(asleep)


async def queue(codebase: Codebase, title: str, priority: int) -> None:
    """Queue a task whose result is its title."""
    await codebase.post("tasks", {"title": title, "prompt": f"say: {title}", "priority": priority})


async def done_until(title: str, codebase: Codebase) -> list[str]:
    """The tasks that were done in a codebase up to this one, in order."""
    frames = await codebase.until(frame_of("complete", summary=title))
    return [frame.text("summary") for frame in frames if frame_of("complete", status="completed")(frame)]


async def end_and_start(service: Service, end: signal.Signals) -> None:
    """End the service and start it again on its data."""
    service.send_signal(end)
    await service.ended()
    await service.start()


async def assert_cut_off(codebase: Codebase, code: str) -> None:
    """The agent is interrupted, once, and its task with it, for the same reason."""
    assert await codebase.status() == "interrupted"
    frames = await codebase.until(frame_of("session", action="interrupted"))
    assert count(frames, "task", action="interrupted", code=code) == 1
    assert (codebase.directory / "ran.txt").read_text() == "once\n"


async def listed(codebase: Codebase, what: str) -> Listed:
    """The codebase's `tasks` or `sessions`, newest first."""
    answer = await codebase.service.ask("GET", f"{codebase.path}/{what}")
    return cast("Mapping[str, Listed]", answer.content)[what]
