"""The page for newcomers shows what really happens."""

from pathlib import Path

import pytest

from .document import document
from .walk import Walk

pytestmark = pytest.mark.xdist_group("workflow")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "first-run.md"


def test_the_first_run_page_is_in_step_with_the_service(walked: Walk) -> None:
    """docs/first-run.md is what `python -m scripts.make_first_run` would write now."""
    assert PAGE.read_text(encoding="utf-8") == document(walked), "run: .venv/bin/python -m scripts.make_first_run"
