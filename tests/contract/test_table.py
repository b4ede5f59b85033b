"""The table of the document's facts leaves nothing of the document out; compared where the document is at hand."""

import os
from pathlib import Path
from typing import Final

import pytest

from ..workflow import lines
from . import facts, reading

ROOT: Final = Path(__file__).resolve().parents[2]
VARIABLE: Final = "OPENCODE_API_DOCUMENT"
"""Names the document where it doesn't lie beside the project."""


@pytest.fixture(scope="module")
def document() -> str:
    """The customer's document."""
    place = Path(os.environ.get(VARIABLE) or ROOT / "../shared/reference/opencode-api.md")
    if not place.is_file():
        pytest.skip(f"the customer's document is not here; {VARIABLE} names it")
    return place.read_text(encoding="utf-8")


def test_every_section_is_in_the_table(document: str) -> None:
    """The table has the document's sections, no more and no fewer, in its order."""
    assert [e.title for e in facts.ENDPOINTS] == [e.title for e in reading.endpoints(document)]


@pytest.mark.parametrize("endpoint", facts.ENDPOINTS, ids=lambda endpoint: endpoint.title)
def test_every_address_example_and_field_is_in_the_table(document: str, endpoint: facts.Endpoint) -> None:
    """Addresses, examples of requests and answers, and tables of fields are those of the document, to the letter."""
    assert endpoint in reading.endpoints(document)


def test_every_event_is_in_the_table(document: str) -> None:
    """The events and their data are those of the document, and its example client listens for nothing else."""
    assert reading.events(document) == facts.EVENTS
    assert reading.listened_for(document) <= set(facts.EVENTS)


def test_every_error_is_in_the_table(document: str) -> None:
    """The status codes of errors and their one form are those of the document."""
    assert reading.status_codes(document) == facts.STATUS_CODES
    assert reading.error(document) == facts.ERROR


def test_no_code_block_is_passed_over(document: str) -> None:
    """Every code block of the document is one that is looked at, so that a new kind of fact can't slip by."""
    kinds = {piece.kind for piece in reading.pieces(document)}
    assert kinds == {"", "http", "json", "bash", "javascript", "row"}
    assert document.count("\n```json") == sum(e.request is not None for e in facts.ENDPOINTS) + sum(
        e.response is not None for e in facts.ENDPOINTS
    ) + len([facts.ERROR])


def test_the_workflow_that_is_walked_is_the_documents(document: str) -> None:
    """The lines that the walk through the Complete Workflow types are those of the document, to the letter."""
    typed = (lines.STATUS, lines.REGISTER, lines.MODELS, lines.TRIGGER, lines.WATCH, lines.FOLLOW_UP, lines.STOP)
    assert reading.commands(document).strip() == "\n\n".join(f"# {line.title}\n{line.command}" for line in typed)
