"""The page's pure parts, in Node."""

from pathlib import Path

from tests.clients.programs import node_program, output_of


async def test_addresses_the_board_answers_and_times() -> None:
    """Tables of cases for what the page makes of addresses, tasks, requests of agents, times and amounts."""
    await output_of(node_program(), "--test", Path(__file__).with_name("state.test.js"))
