"""The customer's document holds to the letter: its examples, played on the real service with the real agent."""

import asyncio
from collections.abc import Sequence

import pytest
from scripts.demo_session.stage import find_opencode

from . import facts
from .facts import Endpoint, Json
from .likeness import unlike
from .play import Played, played

pytestmark = pytest.mark.xdist_group("contract")

ROUTES = [(endpoint, route) for endpoint in facts.ENDPOINTS for route in endpoint.routes]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """What came back when the document's examples were played."""
    if find_opencode() is None:
        pytest.skip("opencode was not found; ./scripts/test fetches it")
    return asyncio.run(played(tmp_path_factory.mktemp("contract")))


def refusals(seen: Played, *beginnings: str) -> Sequence[tuple[str, int]]:
    return [(name, answer.status) for name, answer in seen.refusals.items() if name.startswith(beginnings)]


@pytest.mark.parametrize(("endpoint", "route"), ROUTES, ids=[route for _, route in ROUTES])
def test_every_address_answers_as_its_example(seen: Played, endpoint: Endpoint, route: str) -> None:
    """Each address answers 200, with every member of the document's example, of its type and in its words."""
    assert seen.answers[route]
    for answer in seen.answers[route]:
        assert answer.status == 200, answer
        assert list(unlike(endpoint.response, answer.body)) == []


def test_the_models_are_listed(seen: Played) -> None:
    """The list of models is that of the document, to the letter."""
    (answer,) = seen.answers[facts.MODELS.routes[0]]
    assert sorted(answer.body, key=str) == sorted(facts.MODELS.response, key=str)


@pytest.mark.parametrize("name", facts.EVENTS)
def test_every_event_comes_as_its_example(seen: Played, name: str) -> None:
    """The stream has each event that the document names, with the members of its example and, once, with its words."""
    args: Json = {"args": {}} if name == "tool_use" else {}  # a tool's arguments are the agent's own
    example = {**facts.EVENTS[name], **args}
    shown = [list(unlike(example, frame.data)) for frame in seen.events if frame.event == name]
    assert [] in shown
    assert [problem for problems in shown for problem in problems if "and not" not in problem] == []
    assert seen.content_type == "text/event-stream"


def test_an_error_says_what_the_provider_said(seen: Played) -> None:
    """The error event of a run that failed holds the provider's own words."""
    (error,) = (frame for frame in seen.events if frame.event == "error")
    assert facts.EVENTS["error"]["error"] in error.text("error")


def test_what_the_document_allows_is_accepted(seen: Played) -> None:
    """Every kind of agent and every status to filter by, and a request with nothing but what is required, are accepted."""
    assert len(seen.accepted) == 4 + 1 + 4 + 2
    assert [(name, answer) for name, answer in seen.accepted.items() if answer.status != 200] == []


def test_what_is_not_there_is_404(seen: Played) -> None:
    """An id that nobody knows is 404 at every address with an id in it, in the document's words for a codebase."""
    unknown = refusals(seen, "unknown: ")
    assert len(unknown) == sum("{" in route for _, route in ROUTES)
    assert {status for _, status in unknown} == {404}
    assert seen.refusals[f"unknown: {facts.TRIGGER.routes[0]}"].body["detail"] == facts.ERROR["detail"]


def test_what_does_not_fit_the_agent_is_409(seen: Played) -> None:
    """A second trigger, a message, interrupt or stop with nothing to act on, and an ended task's cancel are 409."""
    conflicts = refusals(seen, "nothing for ", "a second trigger", "a task that has ended")
    assert [status for _, status in conflicts] == [409] * 5


def test_what_is_invalid_is_400(seen: Played) -> None:
    """A required field left out, a value of another type and a word that is none of those named are 400."""
    rest = ("unknown: ", "nothing for ", "a second trigger", "a task that has ended", "without opencode")
    invalid = [(name, answer.status) for name, answer in seen.refusals.items() if not name.startswith(rest)]
    assert len(invalid) > 20
    assert [name for name, status in invalid if status != 400] == []


def test_without_opencode_a_trigger_is_503(seen: Played) -> None:
    """Where there is no opencode a trigger is 503."""
    assert seen.refusals["without opencode"].status == 503


def test_every_error_has_the_one_form(seen: Played) -> None:
    """Every refusal is of the document's form, and each of its status codes was seen."""
    assert [name for name, answer in seen.refusals.items() if list(unlike(facts.ERROR, answer.body))] == []
    assert {answer.status for answer in seen.refusals.values()} == set(facts.STATUS_CODES)
