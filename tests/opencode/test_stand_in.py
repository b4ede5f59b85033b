"""Faults and loads that the real opencode can't be made to show, on a stand-in that speaks like it."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from opencode_ledger.actors.opencode import OpencodeAgents, OpencodeSettings
from opencode_ledger.actors.opencode.other_versions import choice
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.errors import AgentError, AgentUnavailable
from opencode_ledger.domain.failure import Failure
from opencode_ledger.domain.untrusted_json import fields, items

from .conftest import STAND_IN, MakeLive
from .live import Live


@pytest.fixture
def live(make_stand_in: MakeLive) -> Live:
    return make_stand_in()


async def test_a_dropped_stream_loses_and_repeats_nothing(live: Live) -> None:
    """When the event stream breaks in mid-run, it is taken up again and what was missed is reported once."""
    ended = await live.run("text before\nwrite a.txt\ndrop\nwrite b.txt\ntext after")
    assert live.recorder.text == "beforeunheard wordsafter"
    assert ended.summary == "before\n\nunheard words\n\nafter"
    assert [tool.tool for tool in live.recorder.of(f.ToolStarted)] == ["write", "write"]
    assert [change.path for change in live.recorder.of(f.FileChanged)] == ["a.txt", "b.txt"]
    assert len(live.recorder.of(f.RunEnded)) == 1


async def test_a_silent_stream_counts_as_broken(make_stand_in: MakeLive) -> None:
    """A stream without even heartbeats is taken up again, and the run's end is not missed."""
    live = make_stand_in(heartbeat_limit=0.3)
    ended = await live.run("mute\ntext unheard")
    assert (ended.outcome, live.recorder.text) == ("completed", "unheard")


async def test_garbage_among_the_events_is_passed_over(live: Live) -> None:
    """Lines that are no events, unknown kinds and events without sense change nothing and stop nothing."""
    ended = await live.run("text before\ngarbage\ntext after")
    assert (ended.outcome, live.recorder.text) == ("completed", "beforeafter")


async def test_an_agent_that_does_not_abort_is_ended(make_stand_in: MakeLive) -> None:
    """When an interrupt isn't answered in time the process is ended instead, which is no crash; the session goes on."""
    live = make_stand_in(abort_limit=0.3, shutdown_limit=0.2)
    await live.prompt("text before\ndeaf")
    await live.recorder.has(f.TextStreamed)
    await live.agent.abort()
    assert live.marked() == []
    assert not live.recorder.of(f.AgentDied)
    assert not live.recorder.of(f.RunEnded)


async def test_a_prompt_given_up_before_its_session_is_on_record_is_not_handed_over(live: Live) -> None:
    """Its words are kept by the actor and come again; handed over all the same they would be said twice."""
    await live.run("text warm")
    live.recorder.may_go_on = False
    live.recorder.gate.clear()
    giving = asyncio.create_task(live.prompt("text never", session="sess_2"))
    await live.eventually(lambda: live.agent.handing_over)
    giving.cancel()
    await asyncio.wait({giving})
    aborting = asyncio.create_task(live.agent.abort())
    live.recorder.gate.set()
    await aborting
    opened = live.recorder.of(f.SessionOpened)[-1]
    assert live.agent.connection is not None
    assert await live.agent.connection.client.messages(opened.agent_session_id, 10) == []


async def test_a_prompt_given_up_after_its_session_is_on_record_is_in_its_history(live: Live) -> None:
    """From then on the words are the agent's: it keeps them in the session, but does nothing about them."""
    await live.run("text warm")
    giving = asyncio.create_task(live.prompt("sleep 600", session="sess_2"))
    await live.recorder.has(f.SessionOpened, lambda opened: opened.session_id == "sess_2")
    await asyncio.sleep(0.01)
    giving.cancel()
    await asyncio.wait({giving})
    await live.agent.abort()
    opened = live.recorder.of(f.SessionOpened)[-1]
    assert live.agent.connection is not None
    messages = await live.agent.connection.client.messages(opened.agent_session_id, 10)
    assert fields(fields(items(messages)[0]).get("info")).get("role") == "user"
    assert await live.agent.connection.client.statuses() == {}


async def test_an_interrupt_waits_for_a_run_that_begins_late(live: Live) -> None:
    """A prompt that the agent has accepted and not begun is begun and ended before the interrupt is answered."""
    await live.prompt("late 0.2\nhang")
    await live.agent.abort()
    [opened] = live.recorder.of(f.SessionOpened)
    assert live.agent.connection is not None
    messages = items(await live.agent.connection.client.messages(opened.agent_session_id, 10))
    assert [fields(fields(message).get("info")).get("role") for message in messages] == ["user", "assistant"]
    assert await live.agent.connection.client.statuses() == {}


async def test_an_interrupt_waits_for_what_is_being_handed_over(live: Live) -> None:
    """A prompt that is on its way when the interrupt comes arrives, and is ended before the interrupt is answered."""
    await live.run("text warm")
    live.recorder.gate.clear()
    giving = asyncio.create_task(live.prompt("hang"))
    await live.eventually(lambda: live.agent.handing_over)
    aborting = asyncio.create_task(live.agent.abort())
    live.recorder.gate.set()
    await asyncio.wait({aborting, giving})
    assert live.agent.connection is not None
    assert await live.agent.connection.client.statuses() == {}


async def test_an_agent_that_hangs_is_given_up(make_stand_in: MakeLive) -> None:
    """A run in which nothing happens any more and nothing is asked fails after a limit."""
    live = make_stand_in(hang_limit=0.5)
    ended = await live.run("text before\nhang")
    assert ended.failure and ended.failure.code == "AGENT_SILENT"


async def test_a_silent_agent_that_does_not_abort_is_ended(make_stand_in: MakeLive) -> None:
    """One that doesn't answer to an abort either is killed; its run fails all the same, and a prompt starts another."""
    live = make_stand_in(hang_limit=0.5, abort_limit=0.5)
    ended = await live.run("text before\ndeaf")
    assert ended.failure and ended.failure.code == "AGENT_SILENT"
    assert not live.agent.alive
    assert live.recorder.of(f.AgentDied) == []
    assert (await live.run("text again", session="sess_2")).outcome == "completed"


async def test_an_agent_that_waits_for_leave_does_not_hang(make_stand_in: MakeLive) -> None:
    """Waiting for an answer is no hanging, however long it takes."""
    live = make_stand_in(hang_limit=0.3)
    message = await live.prompt("ask\ntext given")
    asked = await live.recorder.has(f.PermissionRequested)
    with pytest.raises(TimeoutError):
        await live.recorder.until(lambda: live.recorder.of(f.RunEnded) != [], limit=2.0)
    await live.agent.answer(asked.agent_permission_id, "once", None)
    assert (await live.recorder.end_of(message)).outcome == "completed"


async def test_a_question_waits_for_its_answer(live: Live) -> None:
    """A question to the user is reported and waits, and its answers reach the agent; or that there are none."""
    answered: list[f.PermissionRequested] = []
    for answers, said in (((("that",),), "[['that']]\n\n"), (None, "reject\n\n")):
        message = await live.prompt("question\ntext So be it.")
        asked = await live.recorder.has(f.PermissionRequested, lambda asked: asked not in answered)
        answered.append(asked)
        await live.agent.answer_question(asked.agent_permission_id, answers)
        assert (await live.recorder.end_of(message)).summary == f"{said}So be it."


async def out_of_reach(*_: object) -> None:
    """What a request is that gets no answer."""
    raise AgentError("opencode did not answer.")


async def test_an_answer_that_is_missed_can_be_given_again(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the agent has taken an answer it counts as waiting, and takes the answer when it is given again."""
    message = await live.prompt("ask\ntext given")
    asked = await live.recorder.has(f.PermissionRequested)
    assert live.agent.connection is not None
    with monkeypatch.context() as broken, pytest.raises(AgentError):
        broken.setattr(live.agent.connection.client, "reply_permission", out_of_reach)
        await live.agent.answer(asked.agent_permission_id, "once", None)
    await live.agent.answer(asked.agent_permission_id, "once", None)
    assert (await live.recorder.end_of(message)).summary == "given"


async def test_an_error_without_an_idle_ends_the_run(live: Live) -> None:
    """A run that ends with nothing but an error is over, with the error's code."""
    ended = await live.run("error 429 Slow down.")
    assert ended.failure == Failure(code="RATE_LIMITED", error="Slow down.")


async def test_a_crash_is_reported_with_exit_code_and_last_words(live: Live) -> None:
    """The report of an unexpected end names the exit code and the last line that was printed."""
    await live.prompt("text before\nsleep 0.2\ncrash 3")
    died = await live.recorder.has(f.AgentDied)
    assert died.reason == "opencode ended with exit code 3: the stand-in was asked to crash"
    assert live.recorder.text == "before"
    assert (await live.run("text again", session="sess_2")).summary == "again"


async def test_a_slow_log_holds_the_agent_back(make_stand_in: MakeLive) -> None:
    """While the log takes nothing, what waits for it stays bounded; afterwards the text is whole and in order."""
    live = make_stand_in(backlog=100_000)
    message = await live.prompt("stream 30000 0")
    await live.recorder.has(f.TextStreamed)
    live.recorder.gate.clear()
    outbox = live.agent._outbox  # pyright: ignore[reportPrivateUsage]
    await live.eventually(lambda: outbox.size > 100_000)
    largest = outbox.size
    for _ in range(20):
        await asyncio.sleep(0.01)
        largest = max(largest, outbox.size)
    assert largest < 400_000
    live.recorder.gate.set()
    await live.recorder.end_of(message)
    times = [int(time) for time in live.recorder.text.replace("@", "").split()]
    assert len(times) == 30_000
    assert times == sorted(times)
    assert len(live.recorder.of(f.TextStreamed)) < 10_000


async def test_an_end_before_a_newer_prompt_is_no_end(live: Live) -> None:
    """However a new prompt and the end of the one before it meet, the newest prompt has exactly one end, and it is last."""
    chance = random.Random(7)
    for _ in range(12):
        first = await live.prompt("text one")
        await asyncio.sleep(chance.uniform(0.0, 0.06))
        second = await live.prompt("text two")
        ended = await live.recorder.end_of(second)
        assert ended.summary == "two"
        answered = [end.answers for end in live.recorder.of(f.RunEnded)]
        assert answered.count(second) == 1
        assert answered.count(first) <= 1
        assert answered[-1] == second


async def test_a_program_that_is_no_opencode_is_refused(make_stand_in: MakeLive, tmp_path: Path) -> None:
    """An executable that ends at once, or never listens, fails the prompt with its last words and leaves nothing."""
    for script, words in (("echo not today >&2; exit 7", "exit code 7: not today"), ("sleep 600", "within 1 s")):
        program = tmp_path / "program"
        program.write_text(f'#!/bin/sh\n[ "$1" = serve ] || exec echo 1.18.33\n{script}\n')
        program.chmod(0o755)
        live = make_stand_in(binary=program, start_limit=1.0)
        with pytest.raises(AgentError) as refusal:
            await live.prompt("text x")
        assert words in str(refusal.value)
        assert refusal.value.code == "AGENT_START_FAILED"
        assert live.marked() == []


async def test_a_wrong_version_is_refused(make_stand_in: MakeLive, tmp_path: Path) -> None:
    """A server of a version that isn't understood is ended and refused, and nothing is sent to it."""
    other = tmp_path / "other"
    source = STAND_IN.read_text().replace('VERSION = "1.18.33"', 'VERSION = "2.0.1"')
    other.write_text(source)
    other.chmod(0o755)
    live = make_stand_in(binary=other)
    with pytest.raises(AgentUnavailable, match=r"opencode 2\.0\.1 is not supported"):
        await live.prompt("text x")
    assert live.marked() == []
    agents = OpencodeAgents(OpencodeSettings(instance="x", binary=other))
    assert "2.0.1" in (await agents.unavailable() or "")


async def test_the_list_of_models_is_asked_for_once(tmp_path: Path) -> None:
    """Many who ask for the models at once share one short-lived server, and the answer is kept."""
    settings = OpencodeSettings(instance="models-test", binary=STAND_IN, home=tmp_path / "home")
    agents = OpencodeAgents(settings)
    assert await agents.unavailable() is None
    assert agents.binary == STAND_IN
    answers = await asyncio.gather(*(agents.models() for _ in range(5)))
    assert all(answer is answers[0] for answer in answers)
    assert [(m.id, m.name, m.provider) for m in answers[0]] == [("stand/in-1", "Stand-In One", "Stand")]
    assert await agents.models() is answers[0]
    await agents.close()


async def test_a_missing_binary_is_unavailable_with_what_to_do(tmp_path: Path) -> None:
    """Without opencode nothing can be started, and the message says how to get it."""
    agents = OpencodeAgents(OpencodeSettings(instance="x", binary=tmp_path / "none"))
    assert "--opencode-binary" in (await agents.unavailable() or "")
    assert agents.binary is None
    with pytest.raises(AgentUnavailable):
        await agents.models()
    nowhere = OpencodeAgents(OpencodeSettings(instance="x", environment={"PATH": str(tmp_path)}))
    assert "opencode-ledger setup" in (await nowhere.unavailable() or "")


async def test_what_is_known_of_the_binary_is_known_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many who ask at once whether agents can run share one look at the executable; it is looked at again soon after."""
    looks: list[Path | None] = []

    def find(given: Path | None, *_: object) -> list[Path]:
        looks.append(given)
        raise AgentUnavailable(str(len(looks)))

    monkeypatch.setattr(choice, "candidates", find)
    agents = OpencodeAgents(OpencodeSettings(instance="x", binary=tmp_path / "none", look_lifetime=600.0))
    assert set(await asyncio.gather(*(agents.unavailable() for _ in range(5)))) == {"1"}
    assert await agents.unavailable() == "1"
    agents = OpencodeAgents(OpencodeSettings(instance="x", binary=tmp_path / "none", look_lifetime=0.0))
    assert [await agents.unavailable(), await agents.unavailable()] == ["2", "3"]


async def test_a_frozen_agent_is_stopped_in_time(make_stand_in: MakeLive) -> None:
    """A process that answers nothing, not even SIGTERM, is ended within the limits, and what it was asked is reported."""
    live = make_stand_in(shutdown_limit=0.2)
    await live.prompt("text before\nhang")
    await live.recorder.has(f.TextStreamed)
    for process in live.marked():
        os.kill(process, signal.SIGSTOP)
    async with asyncio.timeout(10):
        await live.agent.stop()
    assert live.marked() == []
    assert not live.recorder.of(f.AgentDied)
    assert (await live.run("text again", session="sess_2")).summary == "again"
