"""Writes docs/first-run.md by doing what it shows: `.venv/bin/python -m scripts.make_first_run`."""

import asyncio
import tempfile
from pathlib import Path

from tests.workflow.document import document
from tests.workflow.walk import walk

PAGE = Path(__file__).resolve().parents[1] / "docs" / "first-run.md"


def main() -> None:
    """Walk through the workflow and write down what came back."""
    with tempfile.TemporaryDirectory(prefix="opencode-ledger-") as folder:
        page = document(asyncio.run(walk(Path(folder))))
    PAGE.write_text(page, encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
