"""What of an agent's events is ours, new, and well formed."""

import pytest

from opencode_ledger.domain.codebase.facts import PermissionRequested
from opencode_ledger.domain.ids import AgentSessionId, MessageId, SessionId
from opencode_ledger.domain.opencode.translator import Translator

ROOT = "ses_root"


def prompted() -> Translator:
    """A translator of a run that has just begun."""
    translator = Translator("/code/shop")
    translator.prompted(SessionId("sess_1"), AgentSessionId(ROOT), MessageId("msg_1"), "msg_agent", 1000.0)
    return translator


def event(kind: str, **properties: object) -> dict[str, object]:
    return {"type": kind, "properties": properties}


ASKED = event("permission.asked", id="per_1", sessionID=ROOT, permission="bash", patterns=["ls"])


def test_what_has_no_kind_is_counted() -> None:
    """Each event without a kind is counted as malformed, gives nothing and breaks nothing."""
    translator = prompted()
    malformed: list[object] = [{}, None, {"type": 5}, {"type": ""}]
    assert [translator.event(each, 0.0) for each in malformed] == [[], [], [], []]
    assert translator.malformed == 4


def test_what_is_unknown_is_counted_and_what_says_nothing_is_not() -> None:
    """Kinds that nobody knows are counted by their names; those known to say nothing are passed over."""
    translator = prompted()
    for kind in ("x.new", "x.new", "server.heartbeat", "x.other"):
        assert translator.event(event(kind), 0.0) == []
    assert translator.unknown == {"x.new": 2, "x.other": 1}


def test_a_question_is_reported_once() -> None:
    """What an agent asks is one fact, however often it is reported; a stranger's question is none."""
    translator = prompted()
    (asked,) = translator.event(ASKED, 0.0)
    assert isinstance(asked, PermissionRequested) and (asked.agent_permission_id, asked.tool) == ("per_1", "bash")
    assert translator.event(ASKED, 0.0) == []
    stranger = event("permission.asked", id="per_2", sessionID="ses_other", permission="bash")
    assert translator.event(stranger, 0.0) == []


@pytest.mark.parametrize(("reply", "refused"), [("reject", "permission"), ("once", None), ("always", None)])
def test_only_a_refusal_refuses(reply: str, refused: str | None) -> None:
    """A run knows that it was refused leave where the reply was a refusal, and then waits for no answer any more."""
    translator = prompted()
    translator.event(ASKED, 0.0)
    assert translator.run is not None and translator.run.asking == {"per_1"}
    translator.event(event("permission.replied", sessionID=ROOT, requestID="per_1", reply=reply), 0.0)
    assert (translator.run.refused or None, translator.run.asking) == (refused, set())


def test_an_event_that_comes_again_is_passed_over() -> None:
    """An event with a name that was seen before is passed over, also where the first was of no interest."""
    translator = prompted()
    for _ in range(2):
        translator.event({**event("x.new"), "id": "evt_1"}, 0.0)
    assert translator.unknown == {"x.new": 1}


def test_helpers_are_known_by_their_parents() -> None:
    """A session whose parent is known is a helper, and keeps what it was first; a stranger's stays a stranger."""
    translator = prompted()
    for child, parent in (("ses_a", ROOT), ("ses_b", "ses_a"), ("ses_x", "ses_other"), ("", ROOT), (ROOT, "ses_a")):
        translator.event(event("session.created", info={"id": child, "parentID": parent}), 0.0)
    assert translator.sessions == (ROOT, "ses_a", "ses_b")
    facts = translator.event({**ASKED, "properties": {"id": "per_3", "sessionID": ROOT, "permission": "x"}}, 0.0)
    assert [fact.subagent for fact in facts if isinstance(fact, PermissionRequested)] == [None]
