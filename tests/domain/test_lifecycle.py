"""The table of the life cycle: every command in every phase."""

import pytest
from tests.domain.given import AGAIN, LATER, REGISTER, TRIGGER, given, standing_at

from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.lifecycle_rules import (
    BUSY,
    TRANSITIONS,
    VERBS,
    Phase,
    Verb,
    outcome,
    public_status,
)
from opencode_ledger.domain.errors import AlreadyRegistered, LedgerError

COMMANDS: dict[Verb, c.Command] = {
    c.Trigger: AGAIN,
    c.SendMessage: LATER,
    c.Interrupt: c.Interrupt(),
    c.Stop: c.Stop(),
    c.Delete: c.Delete(),
}
PAIRS = [(phase, verb) for phase in Phase for verb in VERBS]
STARTS = [(Phase.IDLE, c.Trigger), (Phase.INTERRUPTED, c.Trigger), (Phase.INTERRUPTED, c.SendMessage)]


def test_the_table_has_a_row_for_every_phase() -> None:
    """No phase is forgotten by the table, and no row is of another width than the commands."""
    assert set(TRANSITIONS) == set(Phase)
    assert all(len(row) == len(VERBS) for row in TRANSITIONS.values())


@pytest.mark.parametrize(("phase", "verb"), PAIRS, ids=lambda x: x.name if isinstance(x, Phase) else x.__name__)
def test_every_command_in_every_phase(phase: Phase, verb: Verb) -> None:
    """Each command does in each phase what the table says: it leads to that phase, or is refused by that error."""
    story = standing_at(phase)
    assert story.phase is phase
    promised = outcome(phase, verb)
    if isinstance(promised, Phase):
        assert story.when(COMMANDS[verb]).phase is promised
    else:
        assert issubclass(promised, LedgerError)
        story.refuses(COMMANDS[verb], promised)


@pytest.mark.parametrize(("phase", "verb"), STARTS, ids=lambda x: x.name if isinstance(x, Phase) else x.__name__)
def test_without_room_what_would_run_waits(phase: Phase, verb: Verb) -> None:
    """Where no slot is free, work waits instead of running, and nothing is sent to an agent."""
    story = standing_at(phase).when(COMMANDS[verb], has_slot=False)
    assert story.phase is Phase.WAITING
    assert story.last.effects == ()


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.VOID])
def test_a_codebase_is_registered_once(phase: Phase) -> None:
    """A codebase that is registered, or was, can't be registered again under its id."""
    standing_at(phase).refuses(REGISTER, AlreadyRegistered)


@pytest.mark.parametrize("phase", list(Phase))
def test_the_status_that_people_see(phase: Phase) -> None:
    """A codebase is running until the agent has aborted or is gone, and pending while it waits for a slot."""
    others = {Phase.INTERRUPTED: "interrupted", Phase.WAITING: "pending"}
    assert public_status(phase) == others.get(phase, "running" if phase in BUSY else "idle")


@pytest.mark.parametrize(("phase", "verb"), PAIRS, ids=lambda x: x.name if isinstance(x, Phase) else x.__name__)
def test_deciding_twice_decides_the_same(phase: Phase, verb: Verb) -> None:
    """The same command in the same state always means the same."""
    story = standing_at(phase)
    if isinstance(outcome(phase, verb), Phase):
        assert story.when(COMMANDS[verb]).last == story.when(COMMANDS[verb]).last


def test_what_waits_is_answered_only_when_it_is_so() -> None:
    """Interrupt, stop and delete are answered when the agent has aborted or is gone; all else is answered at once."""
    running = given(TRIGGER)
    assert Phase.INTERRUPTING in running.when(c.Interrupt()).last.unanswered_while
    assert running.when(c.Stop()).last.unanswered_while == {Phase.STOPPING, Phase.DELETING}
    assert running.when(c.Delete()).last.unanswered_while == {Phase.DELETING}
    assert running.last.unanswered_while == frozenset()
