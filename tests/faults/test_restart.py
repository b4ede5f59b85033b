"""The service is killed by kill -9 in the middle of its work and started again: one such crash, seen from many sides."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from scripts.demo_session.client import Frame
from tests.support.waiting import eventually

from .processes import WAYS, Sleepers
from .service import Answer, Codebase, Service, count, frame_of, said
from .strangers import Strangers
from .subscriber import Subscriber

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONCE = "echo once >> ran.txt"


@dataclass
class Crash:
    """What was there before the crash, and what was seen when the service said that it was ready again."""

    service: Service
    subscriber: Subscriber
    strangers: Strangers
    busy: Codebase
    starting: Codebase
    done: Codebase
    survivors: set[str]
    """Which tools outlived the crash itself."""
    left_at_ready: object
    killed_at_ready: list[str]
    requests_before: int
    answers_at_ready: dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crash(running: Service) -> AsyncIterator[Crash]:
    """One agent at work on a command, one just starting, one done; then kill -9 and a new start on the same data."""
    busy, starting, done = [await running.register() for _ in range(3)]
    sleepers, strangers = Sleepers(), Strangers()
    async with Subscriber(busy) as subscriber:
        await asyncio.gather(
            busy.trigger("Remember blue.", "say: I begin.", f"bash: {ONCE}; {sleepers.command}"),
            done.trigger("say: That was all."),
        )
        await done.until(frame_of("complete"))
        await sleepers.all_asleep()
        await strangers.appear(busy.directory, running.instance, busy.id)
        await starting.trigger("say: Never said.")
        await eventually(lambda: starting.processes)
        requests = len(running.model.requests)
        running.send_signal(signal.SIGKILL)
        await running.ended()
        survivors = sleepers.alive
        await running.start()
        left = (sleepers.alive, busy.processes.keys() - strangers.pids, starting.processes, done.processes)
        statuses = {name: await c.status() for name, c in (("busy", busy), ("starting", starting), ("done", done))}
        yield Crash(
            *(running, subscriber, strangers, busy, starting, done),
            *(survivors, left, strangers.killed, requests, statuses),
        )
        assert await strangers.leave() == []


async def test_survivors_are_gone_before_the_service_is_ready(crash: Crash) -> None:
    """The agents' tools outlive a killed service, but not the next one's start."""
    assert crash.survivors == set(WAYS)
    assert crash.left_at_ready == (set(), set(), {}, {})


async def test_processes_that_only_look_like_an_agent_s_are_left_alone(crash: Crash) -> None:
    """The sweep ends what this data directory's own agents left behind, and nothing else."""
    assert crash.killed_at_ready == []
    assert crash.strangers.killed == []


async def test_nothing_stays_running(crash: Crash) -> None:
    """Every session that was cut off is interrupted, and its task with it, with the reason; what was done stays done."""
    assert crash.answers_at_ready == {"busy": "interrupted", "starting": "interrupted", "done": "idle"}
    for codebase in (crash.busy, crash.starting):
        frames = await codebase.until(frame_of("session", action="interrupted", reason="server_restarted"))
        assert count(frames, "error", code="SERVER_RESTARTED") == 1
        assert count(frames, "task", action="interrupted", code="SERVER_RESTARTED") == 1
    frames = await crash.busy.until(frame_of("session", action="interrupted"))
    assert count(frames, "tool_use", tool="bash") == count(frames, "tool_result", status="error") == 1
    frames = await crash.done.until(frame_of("complete"))
    assert count(frames, "error") == 0


async def test_a_message_resumes_and_nothing_runs_twice(crash: Crash) -> None:
    """The model is asked nothing by itself after the restart; a message goes on in the same conversation."""
    prompts = [request.prompt for request in list(crash.service.model.requests)[crash.requests_before :]]
    assert not any("Remember blue." in prompt or "Never said." in prompt for prompt in prompts)
    await crash.busy.message("say: I am back.")
    frames = await crash.busy.until(frame_of("complete", status="completed"))
    assert said(frames) == "I begin.I am back."
    asked = await crash.service.model.wait_for(lambda request: "I am back." in request.prompt)
    assert any("Remember blue." in prompt for prompt in asked.prompts)
    assert any("I begin." in message.text for message in asked.messages if message.role == "assistant")
    assert (crash.busy.directory / "ran.txt").read_text() == "once\n"


async def test_a_subscriber_has_every_event_exactly_once(crash: Crash) -> None:
    """Who comes back with the last id it saw has, over the restart, every event once, in order, byte for byte."""
    frames = await crash.busy.until(frame_of("session", action="interrupted"))
    await crash.subscriber.reached(frames[-1].id)
    seen = crash.subscriber.frames
    assert [frame.id for frame in seen] == list(range(1, len(seen) + 1))
    assert seen[: len(frames)] == frames
    assert crash.subscriber.connections > 1


async def test_views_that_were_lost_come_back_the_same(crash: Crash) -> None:
    """Without the file of its views the service starts as ever, and gives the same answers and the same history."""
    before = await _everything(crash)
    assert await crash.service.terminate() == 0
    files = list(crash.service.data.glob("views.db*"))
    assert files != []
    for file in files:
        file.unlink()
    await crash.service.start()
    assert await _everything(crash) == before


async def _everything(crash: Crash) -> tuple[list[Answer], list[list[Frame]]]:
    codebases = (crash.busy, crash.starting, crash.done)
    paths = ["/codebases", "/status", *(c.path + end for c in codebases for end in ("", "/status"))]
    answers = [await crash.service.ask("GET", path) for path in paths]
    histories = [
        await c.until(frame_of("session", action="completed" if c is crash.done else "interrupted")) for c in codebases
    ]
    return answers, histories
