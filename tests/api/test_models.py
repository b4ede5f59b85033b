"""Models that are named in requests: honoured, and refused where it is known that they don't exist."""

import pytest
from tests.support.service import Running, becomes

from opencode_ledger.domain.ids import CodebaseId

from .test_refusals import assert_refused, nothing_recorded

ADVICE = "must be provider/model, such as anthropic/claude-sonnet-4-20250514."


def requests(codebase: str, directory: str, model: str) -> list[tuple[str, dict[str, object]]]:
    """All requests that name a model, and what they name it in."""
    return [
        (f"/codebases/{codebase}/trigger", {"prompt": "x", "model": model}),
        (f"/codebases/{codebase}/message", {"message": "x", "model": model}),
        (f"/codebases/{codebase}/tasks", {"title": "x", "prompt": "x", "model": model}),
        ("/codebases", {"name": "x", "path": directory, "agent_config": {"default_model": model}}),
    ]


@pytest.fixture
async def codebase(api: Running) -> str:
    """One whose session is interrupted, so that a trigger and a message would do."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})
    await api.agent_at_work(codebase)
    await api.post(f"/codebases/{codebase}/interrupt")
    return codebase


async def test_a_name_of_another_form(api: Running, codebase: str, subtests: pytest.Subtests) -> None:
    """A model that isn't `provider/model` is 400 wherever one can be named, and the sentence says what it must be."""
    for path, body in requests(codebase, str(api.directory("other")), "sonnet"):
        with subtests.test(path):
            async with nothing_recorded(api):
                answer = await api.ask("POST", path, body)
                assert_refused(answer, 400, "invalid_input")
                assert answer.body["detail"].endswith(f"model` {ADVICE}")


async def test_an_unknown_model(api: Running, codebase: str, subtests: pytest.Subtests) -> None:
    """A model that opencode doesn't have is 400 wherever one can be named. The sentence lists similar models."""
    api.agents.catalog_known = True
    for path, body in requests(codebase, str(api.directory("other")), "test/modell"):
        with subtests.test(path):
            async with nothing_recorded(api):
                answer = await api.ask("POST", path, body)
                assert_refused(answer, 400, "unknown_model")
                assert "near it are test/model;" in answer.body["detail"]


@pytest.mark.parametrize(("known", "model"), [(True, "test/model"), (False, "test/modell")])
async def test_a_model_that_may_exist(api: Running, codebase: str, known: bool, model: str) -> None:
    """A model that is known, and any while it isn't known which there are, is taken."""
    api.agents.catalog_known = known
    for path, body in requests(codebase, str(api.directory("other")), model):
        await api.post(path, body)


async def test_an_interrupted_session_whose_model_is_gone(api: Running, codebase: str) -> None:
    """A message to it is refused as a trigger is, and it stays as it was; one that names a model goes on with that."""
    top = f"/codebases/{codebase}"
    await api.post(f"{top}/trigger", {"prompt": "x", "model": "test/gone"})
    await api.agent_at_work(CodebaseId(codebase))
    await api.post(f"{top}/interrupt")
    api.agents.catalog_known = True
    async with nothing_recorded(api):
        answer = await api.ask("POST", f"{top}/message", {"message": "Go on."})
        assert_refused(answer, 400, "unknown_model")
        assert answer.body["detail"].startswith("The session's model no longer exists; name another as `model`.")
    assert (await api.status(codebase))["status"] == "interrupted"
    await api.post(f"{top}/message", {"message": "Go on.", "model": "test/model"})
    await becomes(lambda: _given(api, CodebaseId(codebase)), "test/model")


async def _given(api: Running, codebase: CodebaseId) -> str | None:
    return api.agents.of(codebase).given[-1].model


async def test_a_trusted_codebase_may_bring_its_own(api: Running) -> None:
    """A trusted codebase's own configuration may name models that nobody else knows: they are left to its agent."""
    api.agents.catalog_known = True
    codebase = await api.register(agent_config={"trusted": True, "default_model": "its/own"})
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x", "model": "its/other"})
    assert (await api.agent_at_work(codebase)).given[0].model == "its/other"
