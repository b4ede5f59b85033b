"""What the provider or opencode refuses, and how it is reported."""

import pytest

from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.errors import AgentError
from opencode_ledger.domain.failure import Failure
from opencode_ledger.domain.ids import AgentSessionId

from .live import Live

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """The agent outlives a test of this module; what it leaves behind is looked for when it has ended."""


async def test_a_rate_limit_is_shown_and_then_overcome(kept: Live) -> None:
    """A provider that refuses for a moment is asked again; the attempt and its delay are reported."""
    ended = await kept.run("fail: 429 too many requests\nsay: At last.")
    retry = kept.recorder.of(f.RetryScheduled)[0]
    assert (retry.attempt, retry.reason) == (1, "too many requests")
    assert 0 < retry.delay < 10
    assert (ended.outcome, ended.summary) == ("completed", "At last.")


async def test_what_was_said_before_a_retry_is_taken_back(kept: Live) -> None:
    """When the connection breaks in mid-sentence, the half sentence is taken back and the retry's text stands alone."""
    ended = await kept.run("say: Half a sentence\ncut:\nsay: The whole of it.")
    assert kept.recorder.text == "The whole of it."
    assert ended.summary == "The whole of it."


async def test_a_refused_request_fails_the_run(kept: Live) -> None:
    """A request that the provider refuses permanently fails the run with a code and a sentence."""
    ended = await kept.run("fail: 401 x 9 bad key")
    assert ended.failure == Failure(code="PROVIDER_AUTH", error="bad key")
    ended = await kept.run("fail: 400 x 9 no such thing")
    assert ended.failure == Failure(code="PROVIDER_ERROR", error="no such thing")


async def test_unknown_models_agents_and_sessions_are_refused(kept: Live) -> None:
    """A prompt for a model, a kind of agent or a session that isn't there is refused before anything is run."""
    for refused, code in (
        (kept.prompt("say: x", model="stub/none"), "MODEL_NOT_FOUND"),
        (kept.prompt("say: x", agent="nobody"), "AGENT_NOT_FOUND"),
        (kept.prompt("say: x", agent_session=AgentSessionId("ses_0000000000000000000000000")), "SESSION_LOST"),
        (kept.prompt("say: x", files=["gone.txt"]), "FILE_NOT_FOUND"),
        (kept.prompt("say: x", files=["../../../../../../../../etc/passwd"]), "FILE_OUTSIDE"),
    ):
        with pytest.raises(AgentError) as refusal:
            await refused
        assert refusal.value.code == code
    assert kept.recorder.facts == []
