"""The page's own check of proofs, in Node: on the golden logs, and on forgeries of each kind."""

import asyncio
from pathlib import Path

from tests.clients.programs import node_program, output_of

from .golden_proofs import write_golden

TESTS = Path(__file__).with_name("proofs.test.js")


async def test_the_page_finds_each_forgery_of_a_proof(tmp_path: Path) -> None:
    """Real proofs hold; a changed event, path, size, root, signature, key or origin is found out, each in words."""
    await asyncio.to_thread(write_golden, tmp_path / "golden.json")
    await output_of(node_program(), "--test", TESTS, env={"GOLDEN": str(tmp_path / "golden.json")})
