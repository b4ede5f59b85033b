"""What a command of the page acts on, in Node: the codebase and the session that a person saw."""

import asyncio
from pathlib import Path

from tests.clients.programs import node_program, output_of

from .staging import stage


async def test_a_command_acts_on_what_a_person_saw(tmp_path: Path) -> None:
    """Questions, links, earlier sessions and forms without a choice: none of them reaches another codebase."""
    await asyncio.to_thread(stage, tmp_path)
    await output_of(node_program(), "--test", Path(__file__).with_name("acting.test.js"), env={"PAGE": str(tmp_path)})
