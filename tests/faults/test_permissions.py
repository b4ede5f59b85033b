"""What the real opencode asks of people, and what becomes of it: in the log, with the model, and on the disk."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import count as count_from
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from scripts.demo_session.client import Frame

from .service import Answer, Codebase, Service, count, frame_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = frame_of("permission", action="asked")
QUESTION = "question: Which database? sqlite / postgres"
NEVER = "bash: touch never.txt"


class Run:
    """A session of a codebase's agent, seen by itself."""

    def __init__(self, codebase: Codebase, session: str) -> None:
        self.codebase, self.session = codebase, session
        self.directory = codebase.directory

    async def until(self, wanted: Callable[[Frame], bool]) -> list[Frame]:
        """The session's events up to the first one that is wanted."""
        mine = frame_in(self.session)
        return [frame for frame in await self.codebase.until(lambda f: mine(f) and wanted(f)) if mine(frame)]

    async def waiting(self) -> list[dict[str, Any]]:
        """What the agent waits for."""
        answer = await self.codebase.service.ask("GET", f"{self.codebase.path}/permissions")
        assert answer.status == 200, answer
        return cast("Mapping[str, list[dict[str, Any]]]", answer.content)["permissions"]

    async def asked(self, times: int = 1) -> dict[str, Any]:
        """What it asks, once it does so for the first or a later time."""
        seen = count_from(1)
        await self.until(lambda frame: ASKED(frame) and next(seen) == times)
        (one,) = await self.waiting()
        return one

    async def reply(self, asked: Mapping[str, Any], **body: object) -> Answer:
        """Answer it."""
        return await self.codebase.service.ask("POST", f"{self.codebase.path}/permissions/{asked['id']}", body)

    async def finished(self) -> list[Frame]:
        """The session's events, once it has ended."""
        return await self.until(frame_of("complete"))


def frame_in(session: str) -> Callable[[Frame], bool]:
    """Whether an event belongs to a session."""
    return lambda frame: frame.text("session_id") == session


async def started(codebase: Codebase, *lines: str) -> Run:
    """An agent that does what these lines say."""
    return Run(codebase, await codebase.trigger(*lines))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def codebase(running: Service) -> Codebase:
    """A codebase for all tests that leave its agent as it was."""
    return await running.register()


def given_to_the_model(service: Service) -> str:
    """The model's last request."""
    return "\n".join(message.text for message in service.model.requests[-1].messages)


def decided(frames: list[Frame]) -> list[tuple[str, str]]:
    """How what was asked was settled, and by whom."""
    replies = [frame for frame in frames if frame_of("permission", action="replied")(frame)]
    return [(frame.text("reply"), frame.text("decided_by")) for frame in replies]


def errors(frames: list[Frame]) -> list[str]:
    """The codes of what went wrong."""
    return [frame.text("code") for frame in frames if frame.event == "error"]


async def test_leave_given_once(codebase: Codebase) -> None:
    """After a yes the file is written; the same kind of command asks again."""
    run = await started(codebase, "bash: touch one.txt", "bash: touch two.txt", "say: Done.")
    one = await run.asked()
    assert (one["kind"], one["tool"], one["args"]["command"]) == ("permission", "bash", "touch one.txt")
    assert not (run.directory / "one.txt").exists()
    assert (await run.reply(one, reply="once")).status == 200
    two = await run.asked(2)
    assert (run.directory / "one.txt").exists()
    assert (await run.reply(two, reply="once")).status == 200
    assert decided(await run.finished()) == [("once", "user")] * 2
    assert (run.directory / "two.txt").exists()


async def test_leave_refused(codebase: Codebase, running: Service) -> None:
    """After a no nothing is written; with words the model hears them and goes on, without them the run fails."""
    run = await started(codebase, NEVER, "say: Then not.")
    await run.reply(await run.asked(), reply="reject", message="Not in this directory, please.")
    frames = await run.finished()
    assert (decided(frames), frames[-1].text("status")) == ([("reject", "user")], "completed")
    assert "Not in this directory, please." in given_to_the_model(running)
    run = await started(codebase, NEVER, "say: Never said.")
    await run.reply(await run.asked(), reply="reject")
    assert errors(await run.finished()) == ["PERMISSION_REJECTED"]
    assert not (run.directory / "never.txt").exists()


async def test_leave_given_for_ever(running: Service) -> None:
    """After an always the same kind of command isn't asked about again by this agent."""
    run = await started(await running.register(), "bash: touch one.txt", "bash: touch two.txt", "say: Done.")
    await run.reply(await run.asked(), reply="always")
    frames = await run.finished()
    assert (count(frames, "permission", action="asked"), decided(frames)) == (1, [("always", "user")])
    assert (run.directory / "two.txt").exists()


async def test_auto_approve(running: Service) -> None:
    """With auto_approve leave is given and recorded so; a question is sent back, and the agent goes on alone."""
    run = await started(await running.register(auto_approve=True), "bash: touch one.txt", QUESTION, "say: Done.")
    frames = await run.finished()
    assert decided(frames) == [("once", "auto_approve"), ("reject", "auto_approve")]
    assert frames[-1].text("status") == "completed"
    assert "Nobody is there to answer" in given_to_the_model(running)
    assert (run.directory / "one.txt").exists()


@pytest.mark.parametrize("words", [NEVER, QUESTION])
async def test_an_interrupt_while_it_asks(codebase: Codebase, words: str) -> None:
    """An interrupt rejects what waits before the agent stops. A late answer is refused, and nothing is executed."""
    run = await started(codebase, words, NEVER)
    one = await run.asked()

    async def late() -> Answer:
        await run.until(frame_of("session", action="interrupting"))
        return await run.reply(one, reply="once")

    answer, _ = await asyncio.gather(late(), codebase.post("interrupt"))
    assert (answer.status, answer.text("code")) == (409, "permission_withdrawn")
    assert (await codebase.status(), await run.waiting()) == ("interrupted", [])
    await codebase.message("say: Here again.")
    assert decided(await run.finished()) == [("reject", "interrupt")]
    assert not (run.directory / "never.txt").exists()


async def test_a_question_answered(codebase: Codebase, running: Service) -> None:
    """The model sees the answer that was chosen; one that doesn't fit is refused, and the question waits on."""
    run = await started(codebase, QUESTION, "say: A good choice.")
    one = await run.asked()
    assert one["kind"] == "question"
    assert [option["label"] for option in one["args"]["questions"][0]["options"]] == ["sqlite", "postgres"]
    assert (await run.reply(one, reply="once")).status == 400
    assert (await run.reply(one, reply="once", answers=[["postgres"]])).status == 200
    frames = await run.finished()
    assert (decided(frames), frames[-1].text("status")) == ([("once", "user")], "completed")
    assert '"Which database?"="postgres"' in given_to_the_model(running)


async def test_a_question_rejected(codebase: Codebase, running: Service) -> None:
    """A rejection ends the run as failed; with words the model hears them and goes on."""
    run = await started(codebase, QUESTION, "say: Never said.")
    await run.reply(await run.asked(), reply="reject")
    assert errors(await run.finished()) == ["QUESTION_REJECTED"]
    run = await started(codebase, QUESTION, "say: I choose.")
    await run.reply(await run.asked(), reply="reject", message="You choose.")
    assert (await run.finished())[-1].text("status") == "completed"
    assert "(Not answered.) You choose." in given_to_the_model(running)


async def test_the_service_is_killed_while_it_asks(codebase: Codebase, running: Service) -> None:
    """After kill -9 and a new start nothing waits: what was asked is closed by an event, and never carried out."""
    run = await started(codebase, NEVER)
    one = await run.asked()
    running.send_signal(signal.SIGKILL)
    await running.ended()
    await running.start()
    assert await run.waiting() == []
    assert decided(await run.until(frame_of("session", action="interrupted"))) == [("reject", "interrupt")]
    late = await run.reply(one, reply="once")
    assert (late.status, late.text("code")) == (409, "permission_withdrawn")
    assert not (run.directory / "never.txt").exists()


@pytest_asyncio.fixture(loop_scope="module")
async def impatient(tmp_path: Path, service: Service) -> AsyncIterator[Service]:
    """A service with a limit of a second."""
    impatient = Service(tmp_path.resolve(), service.binary, service.model)
    impatient.more_options["--permission-limit"] = 1
    await impatient.start()
    yield impatient
    assert await impatient.close() == {}


async def test_the_limit_of_time(impatient: Service) -> None:
    """What nobody answers within --permission-limit is rejected, recorded so, and not carried out."""
    codebase = await impatient.register()
    for words in (NEVER, QUESTION):
        run = await started(codebase, words, "say: Never said.")
        frames = await run.finished()
        assert (decided(frames), frames[-1].text("status")) == ([("reject", "timeout")], "failed")
        assert not (run.directory / "never.txt").exists()
