"""The page for newcomers shows what really happens."""

import re
from pathlib import Path

import pytest

from .document import document
from .walk import Walk

pytestmark = pytest.mark.xdist_group("workflow")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "first-run.md"


def without_numbers(page: str) -> str:
    """The page without the events' numbers: whether the agent takes a message before or after a call is a matter of moments."""
    return re.sub(r"^id: [0-9]+$", "id: N", page, flags=re.MULTILINE)


def test_the_first_run_page_is_in_step_with_the_service(walked: Walk) -> None:
    """docs/first-run.md is what `python -m scripts.make_first_run` would write now."""
    page, now = PAGE.read_text(encoding="utf-8"), document(walked)
    assert without_numbers(page) == without_numbers(now), "run: .venv/bin/python -m scripts.make_first_run"
