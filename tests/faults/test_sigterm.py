"""SIGTERM ends the service in good order, whatever its agents are doing at that moment."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
import pytest_asyncio
from scripts.demo_session.client import Frame
from tests.support.waiting import eventually

from opencode_ledger.http.server import SAME_SIGNAL

from .processes import Sleepers
from .service import Codebase, Service, count, frame_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def started(service: Service) -> AsyncIterator[Service]:
    """The service, restarted on the same data for each test."""
    await service.start()
    yield service
    await service.close()


def recorded(codebase: Codebase) -> list[Frame]:
    """What the log's file holds of a codebase, read without the service."""
    with closing(sqlite3.connect(f"file:{codebase.service.data / 'ledger.db'}?mode=ro", uri=True)) as log:
        rows = log.execute(
            "SELECT originator_version, topic, state FROM stored_events WHERE originator_id = ? ORDER BY rowid",
            (codebase.id,),
        ).fetchall()
    return [Frame(number, topic, bytes(data)) for number, topic, data in rows]


def assert_interrupted(codebase: Codebase, code: str = "SERVER_STOPPED") -> None:
    """The log says once that the session and its task were interrupted, and why."""
    frames = recorded(codebase)
    assert count(frames, "session", action="interrupted") == 1
    assert [frame.text("code") for frame in frames if frame.event == "error"] == [code]
    assert count(frames, "task", action="interrupted", code=code) == 1
    assert count(frames, "status", status="interrupted") == 1


async def test_sigterm_while_a_command_runs(started: Service) -> None:
    """The service ends with exit code 0 within 10 s, no process is left, and who watched saw why before the stream's end."""
    codebase, sleepers = await started.register(), Sleepers()
    await codebase.trigger(f"bash: {sleepers.command}")
    await sleepers.all_asleep()
    watched = codebase.events()
    seen = [await anext(watched)]
    assert await started.terminate() == 0
    assert (sleepers.alive, codebase.processes) == (set(), {})
    assert_interrupted(codebase)
    seen += [frame async for frame in watched]
    assert [(frame.id, frame.raw) for frame in seen] == [(frame.id, frame.raw) for frame in recorded(codebase)]


async def test_sigterm_while_the_agent_starts(started: Service) -> None:
    """An agent that is still starting is ended too, and its session is recorded as interrupted."""
    codebase = await started.register()
    await codebase.trigger("say: Too late.")
    await eventually(lambda: codebase.processes)
    assert await started.terminate() == 0
    assert codebase.processes == {}
    assert_interrupted(codebase)
    assert count(recorded(codebase), "output") == 0


async def test_sigterm_while_the_agent_waits_for_leave(started: Service) -> None:
    """What the agent still asked leave for is refused and never done."""
    codebase = await started.register()
    await codebase.trigger("bash: touch forbidden.txt")
    await codebase.until(frame_of("permission", action="asked"))
    assert await started.terminate() == 0
    assert codebase.processes == {}
    assert not (codebase.directory / "forbidden.txt").exists()
    assert_interrupted(codebase)
    assert count(recorded(codebase), "permission", action="replied", reply="reject") == 1


async def test_a_second_sigterm_ends_at_once(started: Service) -> None:
    """After a second signal the service doesn't wait for a frozen agent. No process is left, and the next start says what happened."""
    codebase, sleepers = await started.register(), Sleepers()
    await codebase.trigger(f"bash: {sleepers.command}")
    await sleepers.all_asleep()
    for process in codebase.processes:
        os.kill(process, signal.SIGSTOP)
    started.send_signal(signal.SIGTERM)
    await asyncio.sleep(2 * SAME_SIGNAL)  # the first one may be noticed late
    started.send_signal(signal.SIGTERM)
    assert await started.ended(5.0) == 1
    assert (sleepers.alive, codebase.processes) == (set(), {})
    await started.start()
    assert await codebase.status() == "interrupted"
    assert count(recorded(codebase), "session", action="interrupted") == 1
    assert count(recorded(codebase), "task", action="interrupted") == 1
