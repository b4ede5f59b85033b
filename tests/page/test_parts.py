"""The pure parts of the page, in Node: what becomes of events, texts, outputs and differences before they are shown."""

from pathlib import Path

import pytest
from tests.clients.programs import node_program, output_of

HERE = Path(__file__).parent


@pytest.mark.parametrize("part", ["diff", "text", "transcript"])
async def test_the_parts_of_a_transcript(part: str) -> None:
    """Each form that agents write, and each that would mislead a reader, is shown as what it is; see the file itself."""
    await output_of(node_program(), "--test", HERE / f"{part}.test.js")
