"""What a command's request adds to what is recorded of it."""

from collections.abc import Mapping, Sequence

import pytest
from tests.domain.given import AT, REGISTER, SESSION, TRIGGER, Story, standing_at

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.decide import decide
from opencode_ledger.domain.codebase.decision import NOTHING, fold
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.codebase.requests import IdempotencyKey, Request
from opencode_ledger.domain.codebase.state import INITIAL
from opencode_ledger.domain.errors import AgentStopping, CodebaseNotFound
from opencode_ledger.domain.events.requests import RequestAnswered

KEY = IdempotencyKey("key-1", "f" * 64)


def names(events: Sequence[e.Event]) -> Mapping[str, e.Json]:
    """An answer that says what happened."""
    return {"happened": [event.topic for event in events]}


KEYED = Request(correlation_id="req-1", respond=names, key=KEY)
KEYLESS = Request(correlation_id="req-1", respond=names)
DECIDED = decide(fold(INITIAL, decide(INITIAL, REGISTER, AT).events), TRIGGER, AT).events


def test_every_event_names_the_request() -> None:
    """What a request led to names it, and is the same otherwise."""
    marked = KEYLESS.mark(DECIDED, AT)
    assert {event.correlation_id for event in marked} == {"req-1"}
    assert [(type(event), event.session_id) for event in marked] == [(type(d), SESSION) for d in DECIDED]


def test_a_key_brings_the_answer_into_the_log() -> None:
    """With a key the answer is one event more, the last; it is of no session."""
    *marked, answered = KEYED.mark(DECIDED, AT)
    assert tuple(marked) == KEYLESS.mark(DECIDED, AT)
    assert answered == RequestAnswered(
        key="key-1", fingerprint="f" * 64, answer=names(DECIDED), correlation_id="req-1", timestamp=AT
    )
    assert answered.session_id is None


def test_the_answer_is_the_recorded_one() -> None:
    """The first response is taken from the recorded event, as every later one is; without a key each is made again."""
    other = RequestAnswered(key="key-1", fingerprint="", answer={"as": "recorded"}, timestamp=AT)
    assert KEYED.answer((*DECIDED, other)) == {"as": "recorded"}
    assert KEYLESS.answer(DECIDED) == names(DECIDED)


def test_an_answer_changes_no_state() -> None:
    """Nothing of a request stays in an actor's memory."""
    state = fold(INITIAL, decide(INITIAL, REGISTER, AT).events)
    assert fold(state, KEYED.mark((), AT)) == state


@pytest.mark.parametrize("phase", Phase)
def test_a_conclusion_is_drawn_where_the_codebase_is(phase: Phase) -> None:
    """The answer of a request that needed no command is recorded in the history of a codebase that is there."""
    story: Story = standing_at(phase)
    if phase in (Phase.VOID, Phase.DELETED, Phase.DELETING):
        with pytest.raises(CodebaseNotFound if phase is not Phase.DELETING else AgentStopping):
            decide(story.state, c.Conclude(), AT)
    else:
        assert decide(story.state, c.Conclude(), AT) == NOTHING
