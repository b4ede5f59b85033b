"""Where the clone's tools are, and what the set-up prints for the person who waits."""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
TOOLS: Final = ROOT / ".tools"
LOG: Final = TOOLS / "setup.log"


def say(line: str) -> None:
    """One line for the person, on standard error."""
    print(f"setup: {line}", file=sys.stderr, flush=True)
