"""Who caused which event: of every kind it is decided whether somebody causes it, and the golden log keeps to that."""

from typing import Final, Literal

import pytest

from opencode_ledger.domain import events as e
from opencode_ledger.domain.events import imported as o
from opencode_ledger.domain.events.erasure import Erasure
from opencode_ledger.domain.events.wire import decode

from .release import THIS_VERSION, events_of, releases

CAUSED_BY: Final[dict[type[e.Event], Literal["somebody", "nobody", "either"]]] = {
    e.AccessRefused: "nobody",  # the event itself says which agent it was
    e.CodebaseChanged: "somebody",
    e.CodebaseDeleted: "somebody",
    e.CodebaseDeleting: "somebody",
    e.CodebaseRegistered: "somebody",
    e.Complete: "either",
    e.Error: "nobody",
    e.FileChange: "nobody",
    e.FileDiff: "nobody",
    e.LogRead: "somebody",
    e.MessageDelivered: "nobody",
    e.MessageSent: "somebody",
    e.Output: "nobody",
    e.PermissionAnswering: "either",
    e.PermissionAsked: "nobody",
    e.PermissionReplied: "either",
    e.RequestAnswered: "somebody",
    e.SessionAdmitted: "somebody",
    e.SessionCompleted: "nobody",
    e.SessionFailed: "nobody",
    e.SessionInterrupted: "either",
    e.SessionInterrupting: "either",
    e.SessionLinked: "nobody",
    e.SessionResumed: "somebody",
    e.SessionStarted: "somebody",
    e.SessionStopped: "somebody",
    e.SessionStopping: "somebody",
    e.Status: "either",
    e.TaskCancelled: "somebody",
    e.TaskChanged: "somebody",
    e.TaskCompleted: "nobody",
    e.TaskCreated: "somebody",
    e.TaskFailed: "nobody",
    e.TaskHeld: "somebody",
    e.TaskInterrupted: "either",
    e.TaskMoved: "somebody",
    e.TaskResumed: "somebody",
    e.TaskStarted: "somebody",
    e.TokensChanged: "nobody",  # who edited the file is not known
    e.ToolResult: "either",
    e.ToolUse: "nobody",
    e.Usage: "nobody",
    Erasure: "somebody",
    o.MessageImported: "somebody",
    o.OutputImported: "somebody",
    o.SessionExtended: "somebody",
    o.SessionImported: "somebody",
}


def test_of_every_kind_it_is_decided_who_causes_it() -> None:
    """A new kind of event needs a decision: does somebody cause it, nobody, or now one and now the other?"""
    assert set(CAUSED_BY) == set(e.REGISTRY.values())


@pytest.mark.parametrize("kind", CAUSED_BY, ids=lambda kind: kind.__name__)
def test_every_event_that_somebody_caused_says_who(kind: type[e.Event]) -> None:
    """Of each kind the golden log has events, and each of them names its cause, or none, as was decided."""
    events = [event for event in map(decode, events_of(THIS_VERSION)) if type(event) is kind]
    assert events
    for event in events:
        match CAUSED_BY[kind]:
            case "somebody":
                assert event.by, event
            case "nobody":
                assert event.by is event.via is None, event
            case _:
                assert bool(event.by) == is_asked_for(event), event


def is_asked_for(event: e.Event) -> bool:
    """Whether somebody caused an event of a kind that also happens by itself."""
    match event:
        case e.PermissionAnswering() | e.PermissionReplied():
            return event.decided_by in ("user", "interrupt") and bool(event.by)
        case e.SessionInterrupting() | e.SessionInterrupted() | e.TaskInterrupted():
            return event.reason == "requested"
        case e.Complete():
            return event.status == "stopped"
        case _:
            return bool(event.by)


def test_a_person_s_decision_has_a_name() -> None:
    """An answer to a permission or question names the person, and the time limit and auto_approve are nobody."""
    answers = [e_ for e_ in map(decode, events_of(THIS_VERSION)) if isinstance(e_, e.PermissionReplied)]
    assert {(answer.decided_by, answer.by) for answer in answers} >= {("user", "anna"), ("auto_approve", None)}
    assert all(answer.by for answer in answers if answer.decided_by == "user")


def test_old_events_name_nobody() -> None:
    """Logs of versions before names have none, and are read as they are."""
    for release in releases():
        if release != THIS_VERSION:
            assert all(event.by is event.via is None for event in map(decode, events_of(release)))


def test_a_proxy_s_person_is_on_record_with_the_proxy() -> None:
    """Where another credential vouches for a name, both are in the event."""
    assert {event.cause[1:] for event in map(decode, events_of(THIS_VERSION)) if event.via} == {
        ("ben@example.org", "gateway")
    }
