"""Why what waits has not begun: the status says it in a word and a sentence, and when it is looked again."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.service import Running, becomes, running

from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.settings import Settings

NOTHING = {"pending": 0, "code": None, "message": None, "next_try_at": None}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Running]:
    """A service with room for one agent."""
    async with running(Settings(data=tmp_path / "data", max_agents=1), tmp_path / "home") as service:
        yield service


async def queue(api: Running, codebase: CodebaseId, name: str = "x") -> str:
    """A queued task."""
    answer = await api.post(f"/codebases/{codebase}/tasks", {"title": name, "prompt": name})
    return str(answer["task"]["id"])


async def waits(api: Running, codebase: CodebaseId) -> Any:
    """What the status says of the queue."""
    return (await api.status(codebase))["queue"]


async def code(api: Running, codebase: CodebaseId) -> object:
    """The word alone."""
    return (await waits(api, codebase))["code"]


async def _gone(api: Running, codebase: CodebaseId) -> Callable[[], Awaitable[object]]:
    place = api.directory("x")
    place.rmdir()
    await queue(api, codebase)
    return lambda: asyncio.to_thread(place.mkdir)


async def _replaced_by_a_file(api: Running, codebase: CodebaseId) -> Callable[[], Awaitable[object]]:
    place = api.directory("x")
    place.rmdir()
    place.write_text("no directory")
    await queue(api, codebase)

    async def back() -> None:
        place.unlink()
        place.mkdir()

    return back


async def _moved_and_linked(api: Running, codebase: CodebaseId) -> Callable[[], Awaitable[object]]:
    place, other = api.directory("x"), api.directory("y")
    place.rmdir()
    place.symlink_to(other)
    await queue(api, codebase)

    async def back() -> None:
        place.unlink()
        place.mkdir()

    return back


async def _moved_away(api: Running, codebase: CodebaseId) -> Callable[[], Awaitable[object]]:
    place = api.directory("x")
    shutil.move(place, place.parent / "elsewhere")
    await queue(api, codebase)
    return lambda: asyncio.to_thread(shutil.move, place.parent / "elsewhere", place)


async def _untrusted(api: Running, codebase: CodebaseId) -> Callable[[], Awaitable[object]]:
    api.agents.untrusted.add(str(api.directory("x")))
    await queue(api, codebase)

    async def trusted() -> None:
        api.agents.untrusted.clear()

    return trusted


async def _no_opencode(api: Running, codebase: CodebaseId) -> Callable[[], Awaitable[object]]:
    api.agents.problem = "opencode is not installed."
    await queue(api, codebase)

    async def installed() -> None:
        api.agents.problem = None

    return installed


HELD = {
    "directory_gone": [_gone, _replaced_by_a_file, _moved_and_linked, _moved_away],
    "project_config_untrusted": [_untrusted],
    "agent_unavailable": [_no_opencode],
}


@pytest.mark.parametrize(("word", "hinder"), [(word, way) for word, ways in HELD.items() for way in ways])
async def test_work_that_can_not_start_waits_and_says_why(
    api: Running, word: str, hinder: Callable[[Running, CodebaseId], Awaitable[Callable[[], Awaitable[object]]]]
) -> None:
    """A queued task that can't start stays pending with the reason; it fails nothing, and starts once nothing hinders it."""
    codebase = await api.register("x")
    back = await hinder(api, codebase)
    await becomes(lambda: code(api, codebase), word)
    status = await waits(api, codebase)
    assert status["pending"] == 1 and status["message"] and status["next_try_at"] > datetime.now(UTC).isoformat()[:19]
    task = (await api.get(f"/codebases/{codebase}/tasks"))["tasks"][0]
    assert (task["status"], task["reason"]) == ("pending", word)
    assert (await api.get(f"/tasks/{task['id']}"))["reason"] == word
    now = (await api.get(f"/codebases/{codebase}/log"))["head"]
    then = (await api.get(f"/codebases/{codebase}/status?at={now}"))["queue"]
    assert then == {**status, "next_try_at": None}, "when the next look was is nothing that the log knows"
    await back()
    await (await api.agent_at_work(codebase)).end("Done.")
    await becomes(lambda: _status(api, task["id"]), "completed")
    assert await waits(api, codebase) == NOTHING
    assert "reason" not in await api.get(f"/tasks/{task['id']}")


async def _status(api: Running, task: str) -> object:
    return (await api.get(f"/tasks/{task}"))["status"]


async def test_what_waits_behind_others(api: Running) -> None:
    """Behind a session, an interrupted one, and other codebases' agents, the status says what is waited for."""
    first, second = await api.register("first"), await api.register("second")
    assert await waits(api, first) == NOTHING
    await api.post(f"/codebases/{first}/trigger", {"prompt": "Start"})
    await api.agent_at_work(first)
    assert await waits(api, first) == NOTHING
    await queue(api, first)
    assert await code(api, first) == "agent_running"
    await queue(api, second)
    assert await code(api, second) == "no_free_slot"
    await api.post(f"/codebases/{first}/interrupt")
    assert await code(api, first) == "session_interrupted"
    await becomes(lambda: waits(api, second), NOTHING)
    await api.agent_at_work(second)
    await api.post(f"/codebases/{first}/stop")
    assert await code(api, first) == "no_free_slot"
    assert (await waits(api, first))["pending"] == 1


async def test_a_rest_after_failures_says_why_and_until_when(api: Running) -> None:
    """A queue that rests after failures in a row says so, and when it goes on."""
    codebase = await api.register("x")
    api.agents.temper.start_error = "out of processes"
    for name in "abc":
        await queue(api, codebase, name)
    await becomes(lambda: code(api, codebase), "consecutive_failures")
    status = await waits(api, codebase)
    assert status["message"] == "Agent failed 2 times in a row; the queue waits 2 s"
    assert status["next_try_at"] > (await api.get(f"/codebases/{codebase}/sessions"))["sessions"][0]["ended_at"]
    api.agents.temper.start_error = None
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Mine"})
    assert (await waits(api, codebase))["next_try_at"] is None
