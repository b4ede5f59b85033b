"""The drawing of the life cycle."""

from scripts import draw_states

from opencode_ledger.domain.codebase.lifecycle_rules import Phase


def test_the_drawing_shows_the_table_as_it_is() -> None:
    """The drawing in the documentation is the one that the table makes today."""
    drawn = draw_states.TARGET.read_text(encoding="utf-8")
    assert drawn == draw_states.picture(), "run scripts/draw_states.py"


def test_every_phase_has_its_place() -> None:
    """No phase is missing from the drawing."""
    assert set(draw_states.PLACES) == set(Phase)
