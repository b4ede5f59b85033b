"""Small parts of the domain that others are built on: rests after failures, pages of events, refusals."""

import pytest

from opencode_ledger.domain.codebase.backoff import backoff_after, notice
from opencode_ledger.domain.errors import (
    AgentError,
    CodebaseNotFound,
    InvalidInput,
    LedgerError,
    WrongExpectedVersion,
)
from opencode_ledger.domain.events.recorded import PAGE_BYTES, RecordedEvent, page_of
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 0), (2, 2), (3, 4), (4, 8), (8, 128), (9, 256), (10, 300), (10_000, 300)]
)
def test_the_rest_after_failures(failures: int, seconds: float) -> None:
    """One failure costs the queue no rest; from the second on each rest is twice the last, up to five minutes."""
    assert backoff_after(failures) == seconds


def test_the_notice_of_a_failure() -> None:
    """The notice names the failure, and from the second on the time that the queue waits."""
    assert notice(1) == "Agent failed"
    assert notice(3) == "Agent failed 3 times in a row; the queue waits 4 s"


def of_size(size: int) -> RecordedEvent:
    return RecordedEvent(Position(1), CodebaseId("cb_1"), Sequence(1), "output", bytes(size))


def test_a_page_ends_where_it_is_full() -> None:
    """A page ends with the event that fills it, holds at least one, and all of them while they fit."""
    half = of_size(PAGE_BYTES // 2)
    assert page_of([half, half, half]) == [half, half]
    assert page_of([of_size(PAGE_BYTES // 2 - 1), half, half, half]) == [of_size(PAGE_BYTES // 2 - 1), half, half]
    assert page_of([of_size(3 * PAGE_BYTES), half]) == [of_size(3 * PAGE_BYTES)]
    assert page_of([half]) == [half]
    assert page_of([]) == []


def test_a_refusal_says_what_is_wrong() -> None:
    """A refusal's message is the one given, else the first line of what its kind means."""
    first = (CodebaseNotFound.__doc__ or "").strip().splitlines()[0]
    assert CodebaseNotFound().message == str(CodebaseNotFound()) == first
    assert InvalidInput("The path is empty.").message == "The path is empty."
    assert isinstance(WrongExpectedVersion(5, 4), LedgerError)
    message = WrongExpectedVersion(5, 4).message
    assert message == "The stream is at 5, not at 4: another writer appended to it."


def test_an_error_of_the_agent_has_its_own_code() -> None:
    """An agent's error has the code it is given, else that of its kind."""
    assert (AgentError("Boom", code="OUT_OF_TOKENS").code, AgentError("Boom").code) == (
        "OUT_OF_TOKENS",
        AgentError.code,
    )
    assert AgentError("Boom").message == "Boom"
