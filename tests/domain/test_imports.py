"""What a sync records in each situation of a codebase's own agent, and what it leaves alone."""

from dataclasses import replace

import pytest
from tests.domain.given import (
    AGENT_SESSION,
    AT,
    ENDED,
    FIRST,
    OPENED,
    SESSION,
    TRIGGER,
    Story,
    given,
    report,
    standing_at,
)

from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.imported import ExternalMessage, ExternalSession
from opencode_ledger.domain.codebase.imports import worth_reading
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import AgentStopping, CodebaseNotFound, LedgerError
from opencode_ledger.domain.events import imported as o
from opencode_ledger.domain.ids import AgentSessionId, Timestamp

FAR = Timestamp("1999-01-01T00:00:00.000Z")
LATER = Timestamp("2025-12-10T16:00:00.000Z")
HELPER = AgentSessionId("ses_helper")
TAKEN = f.PromptTaken(session_id=SESSION, message_id=FIRST, agent_message_id="msg_given")


def outside(name: str = "ses_out", parent: str | None = None, updated: Timestamp = LATER) -> ExternalSession:
    return ExternalSession(
        agent_session_id=AgentSessionId(name),
        parent=AgentSessionId(parent) if parent else None,
        directory="/code/shop",
        title="A title",
        agent="build",
        model=None,
        started_at=AT,
        updated_at=updated,
        revision=f"revision of {updated}",
    )


def message(name: str, turn: str, content: str = "words") -> ExternalMessage:
    return ExternalMessage(
        id=name, role="user" if name == turn else "assistant", turn=turn, created_at=AT, content=content
    )


def read(session: ExternalSession, *messages: ExternalMessage, complete: bool = True) -> c.ImportSession:
    return c.ImportSession(
        session=session, messages=messages, prompt="Go", status="completed", last=True, complete=complete
    )


def worked() -> Story:
    """A codebase whose agent did a piece of work in `AGENT_SESSION`, with a helper, and is done."""
    used = f.StepUsed(session_id=SESSION, tokens={}, cost=0.0, subagent=HELPER)
    return given(TRIGGER, report(OPENED, TAKEN, used, ENDED))


@pytest.mark.parametrize("phase", [Phase.IDLE, Phase.WAITING, Phase.RUNNING, Phase.INTERRUPTED, Phase.STOPPING])
def test_in_any_phase_and_without_a_change_of_it(phase: Phase) -> None:
    """What others did is recorded whatever the agent is at, and changes nothing of that."""
    before = standing_at(phase)
    after = before.when(read(outside(), message("msg_1", "msg_1"))).says("session.imported", "message_imported")
    assert replace(after.state, import_index=before.state.import_index) == before.state
    assert after.last.effects == ()


@pytest.mark.parametrize(
    ("phase", "refusal"),
    [(Phase.VOID, CodebaseNotFound), (Phase.DELETED, CodebaseNotFound), (Phase.DELETING, AgentStopping)],
)
def test_not_for_a_codebase_that_goes(phase: Phase, refusal: type[LedgerError]) -> None:
    """Nothing is recorded for a codebase that isn't there, or is on its way out."""
    standing_at(phase).refuses(read(outside(), message("msg_1", "msg_1")), refusal)


def test_our_own_turns_are_left_alone() -> None:
    """Of a session of our own agent the turns that began with a prompt of ours are not recorded again."""
    own = outside(AGENT_SESSION)
    worked().when(read(own, message("msg_given", "msg_given"), message("msg_a", "msg_given"))).says()


def test_turns_of_others_in_our_own_session() -> None:
    """What others added to a session of our own agent comes into that session, once, and again when it changed."""
    own = outside(AGENT_SESSION)
    ours, theirs = message("msg_a", "msg_given"), (message("msg_o", "msg_o"), message("msg_b", "msg_o"))
    story = worked().when(read(own, ours, *theirs)).says("session.extended", *["message_imported"] * 2)
    assert {event.session_id for event in story.last.events} == {SESSION}
    assert not worth_reading(story.state, own)
    story.when(read(replace(own, revision="other"), ours, *theirs)).says()
    longer = message("msg_b", "msg_o", "more words")
    story.when(read(replace(own, revision="other"), ours, theirs[0], longer)).says(
        "session.extended", "message_imported"
    )


def test_our_own_session_is_read_only_where_it_changed_after_our_agent() -> None:
    """A session that opencode last changed before our agent came to rest in it holds nothing of others."""
    state = worked().state
    assert not worth_reading(state, outside(AGENT_SESSION, updated=AT))
    assert worth_reading(state, outside(AGENT_SESSION, updated=LATER))


def test_an_own_session_whose_prompts_are_not_all_known() -> None:
    """Where the agent has no id for our prompt, our turns can't be separated from others': the session is left alone."""
    unnamed = f.PromptTaken(session_id=SESSION, message_id=FIRST)
    story = given(TRIGGER, report(OPENED, unnamed, ENDED))
    assert not worth_reading(story.state, outside(AGENT_SESSION))
    story.when(read(outside(AGENT_SESSION), message("msg_o", "msg_o"))).says()


def test_helpers_of_our_own_agent() -> None:
    """The session of a helper that our agent had at work is not imported; while it works, no unknown one either."""
    assert not worth_reading(worked().state, outside(HELPER, parent=AGENT_SESSION))
    at_work = given(TRIGGER, report(OPENED, TAKEN)).state
    assert not worth_reading(at_work, outside("ses_new", parent=AGENT_SESSION))
    assert worth_reading(at_work, outside("ses_other", parent="ses_out"))


def test_a_helper_that_others_had_at_work_in_our_session() -> None:
    """A subagent's session that others had in a session of ours comes in under that session."""
    story = worked().when(read(outside("ses_new", parent=AGENT_SESSION), message("msg_1", "msg_1")))
    (imported, _) = story.says("session.imported", "message_imported").last.events
    assert getattr(imported, "parent_id", None) == SESSION


def test_an_unfinished_session_is_read_again() -> None:
    """A session that isn't at rest gets no revision, so that it is read again; the same again records nothing."""
    story = given().when(read(outside(), message("msg_1", "msg_1"), complete=False))
    assert worth_reading(story.state, outside())
    story.when(read(outside(), message("msg_1", "msg_1"), complete=False)).says()
    rested = story.when(read(outside(), message("msg_1", "msg_1"))).says("session.imported")
    assert not worth_reading(rested.state, outside())


def test_a_message_with_nothing_in_it() -> None:
    """A message that says nothing is not recorded, unless it said something before."""
    story = given().when(
        read(outside(), message("msg_1", "msg_1"), replace(message("msg_a", "msg_1", ""), silent=True))
    )
    story.says("session.imported", "message_imported")
    taken_back = replace(message("msg_1", "msg_1", ""), silent=True)
    story.when(read(outside(updated=AT), taken_back)).says("session.imported", "message_imported")


def test_a_session_in_which_nothing_was_said() -> None:
    """An empty session isn't recorded: it may be our own agent's, that has just been opened."""
    given(TRIGGER).when(read(outside())).says()
    given().when(read(outside(), complete=False)).says()


def now_open(updated: str, status: str = "stopped") -> c.ImportSession:
    session = outside(updated=Timestamp(updated))
    return replace(read(session, message("msg_1", "msg_1"), complete=False), open=True, status=status)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("updated", "status"),
    [
        ("2025-12-10T15:29:59.000Z", "running"),
        ("2025-12-10T15:01:00.000Z", "running"),
        ("2025-12-10T15:45:00.000Z", "running"),
        ("2025-12-10T14:59:00.000Z", "stopped"),
        ("1970-01-01T00:00:00.000Z", "stopped"),
        ("9999-12-31T23:59:59.999Z", "stopped"),
    ],
)
def test_a_session_that_somebody_is_still_at(updated: str, status: str) -> None:
    """A session whose last message has no end is running elsewhere, without an end, until nothing has changed for half an hour."""
    story = given().when(replace(now_open(updated), messages=(replace(message("msg_1", "msg_1"), created_at=FAR),)))
    (event, _message) = story.last.events
    assert isinstance(event, o.SessionImported)
    assert (event.status, event.ended_at is None) == (status, status == "running")


def test_a_session_elsewhere_comes_to_its_end() -> None:
    """Once it is over, or nothing has come for a while, its end is recorded, though no message is new; and once."""
    story = given().when(now_open("2025-12-10T15:29:59.000Z")).says("session.imported", "message_imported")
    story = story.when(now_open("2025-12-10T15:29:59.000Z")).says()
    over = replace(now_open("2025-12-10T15:29:59.000Z"), open=False, complete=True, status="completed")
    story = story.when(over).says("session.imported")
    assert isinstance(event := story.last.events[0], o.SessionImported)
    assert (event.status, event.ended_at) == ("completed", AT)
    story.when(over).says()


def test_times_that_run_backwards() -> None:
    """A session whose last change lies before its beginning ends when it began."""
    odd = replace(outside(), started_at=Timestamp("2025-12-10T17:00:00.000Z"))
    (event, _message) = given().when(read(odd, message("msg_1", "msg_1"))).last.events
    assert isinstance(event, o.SessionImported)
    assert event.ended_at == event.started_at == "2025-12-10T17:00:00.000Z"
