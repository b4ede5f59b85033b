"""What goes wrong between opencode and the model's provider, as the service's users see it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, cast

import pytest
import pytest_asyncio
from scripts.demo_session.client import Frame
from scripts.scripted_model import Call, Fail, Hang, Item, Rule, Say, ScriptedModel, Stop, when
from tests.support.waiting import LIMIT

from ..opencode.live import opencode_binary
from .service import Codebase, Service, frame_of, said

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("provider")]

PROVIDERS: Final[Mapping[str, Mapping[str, object]]] = {
    "gone": {"baseURL": "http://127.0.0.1:1/v1"},
    "quiet": {"chunkTimeout": 500},
}
SOON: Final = {"retry-after-ms": "20"}
"""What a provider that doesn't want anyone to wait sends along with its refusal; opencode heeds it."""

TOO_LONG: Final = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
SUMMING_UP: Final = "<conversation>"
"""In opencode's request for a summary of what was said so far."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, model: ScriptedModel) -> AsyncIterator[Service]:
    """A service whose agents know two more providers: one that isn't there, and one that must not be silent for long."""
    binary = opencode_binary()
    if binary is None:
        pytest.skip("opencode is not installed here")
    service = Service(tmp_path_factory.mktemp("service").resolve(), binary, model, PROVIDERS)
    try:
        yield service
    finally:
        left = await service.close()
    assert left == {}, "the service left processes behind"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def codebase(running: Service) -> Codebase:
    """A codebase for all tests here, its agent warm from the second on."""
    return await running.register()


class Started:
    """A session that was triggered."""

    def __init__(self, codebase: Codebase, session: str, task: str) -> None:
        self.codebase, self.id, self._task = codebase, session, task

    async def events(self) -> list[Frame]:
        """All its events, when it has ended."""
        return await self.codebase.session(self.id)

    async def task(self) -> Mapping[str, object]:
        """Its task."""
        answer = await self.codebase.service.ask("GET", f"/tasks/{self._task}")
        return cast("Mapping[str, object]", answer.content)

    async def retried(self) -> Frame:
        """Wait for the event that says that the provider is asked again."""
        frames = await self.codebase.until(lambda f: f.data.get("attempt") == 1 and f.text("session_id") == self.id)
        return frames[-1]


async def start(codebase: Codebase, *items: Item, model: str = "stub/stub-1", rules: Sequence[Rule] = ()) -> Started:
    """Trigger a run in which the model does this; further rules go before it."""
    codebase.service.model.rules = [*rules, when("Work", items)]
    answer = await codebase.post("trigger", {"prompt": "Work", "model": model})
    return Started(codebase, answer.text("session_id"), answer.text("task_id"))


def retries(frames: Sequence[Frame]) -> list[tuple[object, str]]:
    """The attempts that were announced, each with what was said about it."""
    return [(f.data["attempt"], f.text("message")) for f in frames if f.event == "status" and "attempt" in f.data]


def outcome(frames: Sequence[Frame]) -> tuple[str, str]:
    """How the session ended, and its last words."""
    assert frames[-1].event == "complete"
    return frames[-1].text("status"), frames[-1].text("summary")


def errors(frames: Sequence[Frame]) -> list[tuple[str, str]]:
    return [(frame.text("code"), frame.text("error")) for frame in frames if frame.event == "error"]


async def test_retries_are_shown_and_then_it_goes_on(codebase: Codebase) -> None:
    """Each time a provider refuses for a moment, a status event has the attempt, the reason and the wait."""
    run = await start(codebase, Fail(429, "slow down", headers=SOON), Fail(500, "oops", headers=SOON), Say("At last."))
    frames = await run.events()
    assert retries(frames) == [
        (1, "The model's provider failed (slow down); trying again in 0 s"),
        (2, "The model's provider failed (oops); trying again in 0 s"),
    ]
    assert (outcome(frames), errors(frames), said(frames)) == (("completed", "At last."), [], "At last.")


@pytest.mark.parametrize(("status", "code"), [(500, "PROVIDER_ERROR"), (429, "RATE_LIMITED")])
async def test_a_provider_that_never_recovers_fails_the_run(codebase: Codebase, status: int, code: str) -> None:
    """After opencode's own number of tries the run has failed, with what the provider said, and so has its task."""
    run = await start(codebase, Fail(status, "not today", times=None, headers=SOON))
    frames = await run.events()
    assert [attempt for attempt, _ in retries(frames)] == [1, 2, 3, 4, 5]
    assert (errors(frames), outcome(frames)) == ([(code, "not today")], ("failed", "not today"))
    task = await run.task()
    assert (task["status"], task["error"], task["code"]) == ("failed", "not today", code)
    assert await codebase.status() == "idle"


async def test_a_stop_does_not_wait_for_the_next_try(codebase: Codebase) -> None:
    """A run that waits for its provider can be stopped meanwhile, and then nothing is asked again."""
    run = await start(codebase, Fail(500, "come back later", times=None, headers={"retry-after": "300"}))
    waiting = (await run.retried()).text("message")
    assert waiting == "The model's provider failed (come back later); trying again in 300 s"
    asked = len(codebase.service.model.requests)
    await codebase.post("stop")
    assert outcome(await run.events())[0] == "stopped"
    assert len(codebase.service.model.requests) == asked
    assert codebase.agents == []


async def test_an_interrupt_ends_the_waiting_and_a_message_goes_on(codebase: Codebase) -> None:
    """A run that waits for its provider can be interrupted; a message then resumes it on a provider that is well again."""
    run = await start(codebase, Fail(500, "come back later", times=None, headers={"retry-after": "300"}))
    await run.retried()
    await codebase.post("interrupt")
    assert await codebase.status() == "interrupted"
    codebase.service.model.rules = [when("Go on", [Say("Well again.")])]
    await codebase.message("Go on")
    frames = await run.events()
    assert (outcome(frames), errors(frames)) == (("completed", "Well again."), [])


async def test_a_wrong_key_fails_the_run_at_once(codebase: Codebase) -> None:
    """A key that the provider refuses is an error with a code of its own, and is not tried again."""
    run = await start(codebase, Fail(401, "Incorrect API key provided", times=None))
    frames = await run.events()
    assert retries(frames) == []
    assert errors(frames) == [("PROVIDER_AUTH", "Incorrect API key provided")]
    assert outcome(frames)[0] == (await run.task())["status"] == "failed"


async def test_an_answer_that_was_cut_off_says_so(codebase: Codebase) -> None:
    """An answer that the model's limit of length cut off is not reported as complete. One that was filtered has failed."""
    frames = await (await start(codebase, Say("Not all of"), Stop("content_filter"))).events()
    assert outcome(frames) == ("failed", "The response was blocked by the provider's content filter")
    run = await start(codebase, Say("Not all of"), Stop("length"))
    frames = await run.events()
    assert (outcome(frames), frames[-1].text("finish")) == (("completed", "Not all of"), "length")
    assert "cut its last answer off" in [frame.text("message") for frame in frames if frame.event == "status"][-1]
    answer = await codebase.service.ask("GET", f"/codebases/{codebase.id}/sessions?limit=1")
    assert "'reason': 'length'" in str(answer.content)


async def test_a_session_keeps_its_model(codebase: Codebase) -> None:
    """Another model that a message names is that message's alone; the next one, and one after an interrupt, has the session's."""
    seen = codebase.service.model.requests
    seen.clear()
    wait = Fail(500, "later", times=None, headers={"retry-after": "300"})
    run = await start(codebase, wait, model="stub/stub-1")
    await run.retried()
    for words, model in (("Once", "stub/stub-small"), ("Then", None), ("At last", None)):
        await codebase.post("interrupt")
        last = words == "At last"
        codebase.service.model.rules = [when(words, [Say("Done.") if last else wait])]
        asked = len(seen)
        await codebase.post("message", {"message": words} | ({"model": model} if model else {}))
        if not last:
            async with asyncio.timeout(LIMIT):
                while len(seen) <= asked:
                    await asyncio.sleep(0.01)
    frames = await run.events()
    answered = [(r.messages[-1].text, r.model) for r in seen if not r.is_title and r.messages[-1].role == "user"]
    of = {words: model for text, model in answered for words in ("Work", "Once", "Then", "At last") if words in text}
    assert of == {"Work": "stub-1", "Once": "stub-small", "Then": "stub-1", "At last": "stub-1"}
    assert outcome(frames) == ("completed", "Done.")


async def test_a_conversation_that_grew_too_long_is_summed_up_and_goes_on(codebase: Codebase) -> None:
    """When the conversation no longer fits the model, opencode sums it up by itself, and the run is completed."""
    rules = [when(SUMMING_UP, [Say("A summary.")]), when("Continue", [Say("I go on.")])]
    work = Call("bash", command="echo work", description="Work")
    run = await start(codebase, Say("Some work."), work, Fail(400, TOO_LONG), rules=rules)
    frames = await run.events()
    assert (outcome(frames), errors(frames)) == (("completed", "I go on."), [])
    assert said(frames).startswith("Some work.")


async def test_a_conversation_that_can_t_be_made_to_fit_fails(codebase: Codebase) -> None:
    """When not even the summary fits, the run has failed, and its code says why."""
    rules = [when(SUMMING_UP, [Fail(400, TOO_LONG, times=None)])]
    run = await start(codebase, Fail(400, TOO_LONG, times=None), rules=rules)
    frames = await run.events()
    assert [code for code, _ in errors(frames)] == ["CONTEXT_TOO_LONG"]
    assert outcome(frames)[0] == (await run.task())["status"] == "failed"


async def test_a_provider_that_is_not_there_is_tried_again(codebase: Codebase) -> None:
    """A provider that refuses the connection is a reason to try again, which is shown, and can be stopped."""
    run = await start(codebase, Say("Never said."), model="gone/stub-1")
    assert "Cannot connect" in (await run.retried()).text("message")
    await codebase.post("stop")
    frames = await run.events()
    assert (outcome(frames)[0], said(frames)) == ("stopped", "")


async def test_a_model_that_falls_silent_is_asked_again(codebase: Codebase) -> None:
    """A model that streams nothing for longer than its provider's limit is asked again, with the reason on record."""
    run = await start(codebase, Hang(), Say("After silence."), model="quiet/stub-1")
    frames = await run.events()
    attempts = retries(frames)
    assert attempts[0][0] == 1
    assert all("timed out" in message for _, message in attempts)
    assert outcome(frames) == ("completed", "After silence.")


async def test_a_model_with_nothing_to_say_completes_the_run(codebase: Codebase) -> None:
    """An answer without a word is an end like any other: completed, with no last words."""
    frames = await (await start(codebase, Say(""))).events()
    assert (outcome(frames), errors(frames), said(frames)) == (("completed", ""), [], "")


async def test_an_unknown_model_is_refused_once_the_models_are_known(running: Service) -> None:
    """After an agent's first run a model that opencode doesn't have is 400, and the one that was meant is named."""
    codebase = await running.register()
    await (await start(codebase, Say("Here."))).events()
    wrong = {"prompt": "x", "model": "stub/stub-smal"}
    answer = await running.ask("POST", f"{codebase.path}/trigger", wrong)
    assert (answer.status, answer.text("code")) == (400, "unknown_model")
    assert "There is no model 'stub/stub-smal'; near it are stub/stub-small" in answer.text("detail")
    assert await codebase.status() == "idle"


async def test_an_unknown_model_fails_where_only_the_agent_knows(running: Service) -> None:
    """Where it isn't known which models there are, a wrong one is taken, and becomes an error and a failed task."""
    codebase = await running.register(trusted=True)
    run = await start(codebase, Say("Never said."), model="stub/stub-smal")
    frames = await codebase.until(frame_of("complete"))
    ((code, error),) = errors(frames)
    assert code == "MODEL_NOT_FOUND"
    assert "near it are stub/stub-small" in error
    task = await run.task()
    assert (task["status"], task["code"]) == ("failed", "MODEL_NOT_FOUND")
