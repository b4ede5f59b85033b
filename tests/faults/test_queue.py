"""Tasks queued behind a real agent at work are done by it, one after another, in the order of their priority."""

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from .processes import Sleepers
from .service import Service, frame_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_three_tasks_run_by_priority(running: Service) -> None:
    """When the agent is stopped the three tasks behind it are done, the most urgent first, as their messages show."""
    codebase, sleepers = await running.register(), Sleepers()
    await codebase.trigger(f"bash: {sleepers.command}")
    await sleepers.all_asleep()
    for name, priority in (("low", 0), ("high", 5), ("middle", 1)):
        prompt = f"bash: echo {name} >> order.txt\nsay: {name} is done."
        await codebase.post("tasks", {"title": name, "prompt": prompt, "priority": priority})
    await codebase.post("stop")
    await codebase.until(frame_of("complete", summary="low is done."))
    assert (codebase.directory / "order.txt").read_text().split() == ["high", "middle", "low"]
    answer = await running.ask("GET", f"{codebase.path}/tasks?status=completed")
    tasks = cast("Mapping[str, Sequence[Mapping[str, str]]]", answer.content)["tasks"]
    assert [task["title"] for task in tasks] == ["middle", "high", "low"]
    for task in tasks:
        there = await running.ask("GET", f"{codebase.path}/messages?session_id={task['session_id']}")
        assert f"{task['title']} is done." in str(there.content)
