"""What an auditor reads on the page, in Node: events, changed files, moments, addresses, the badge."""

import asyncio
from pathlib import Path

from tests.clients.programs import node_program, output_of

from opencode_ledger.http.pages.dashboard import page_parts

TESTS = Path(__file__).with_name("auditing.test.js")


def stage(place: Path) -> None:
    """The page's files as the service serves them, with those that it makes."""
    for name, content in page_parts().items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (place / "package.json").write_text('{"type":"module"}')


async def test_the_parts_of_an_audit(tmp_path: Path) -> None:
    """Each kind of event, change, moment and verdict is said as it is; see the file itself."""
    await asyncio.to_thread(stage, tmp_path)
    await output_of(node_program(), "--test", TESTS, env={"PAGE": str(tmp_path)})
