"""What is written for people goes one way out, on which it is made visible: nobody writes past it."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]

PAST: Final = {
    r"(?<!class Terminal\()\bConsole\b": ("http/cli/screen.py",),
    r"sys\.__std|\.buffer\b|os\.write\(": ("http/cli/way_out.py",),
    r"underlying\(sys\.": ("http/cli/way_out.py", "http/logs.py"),
    r"(?<![.\w])(?<!def )print\(": ("http/cli/erase.py", "http/server.py"),
}
"""What could write past it, and who may: the way itself, and who says what has no foreign word in it."""


@pytest.mark.parametrize("pattern", PAST)
def test_nobody_writes_past_it(pattern: str) -> None:
    """Consoles, bytes and the streams behind are in the hands of those few alone."""
    found = {
        str(path.relative_to(ROOT)) for path in (ROOT / "http").rglob("*.py") if re.search(pattern, path.read_text())
    }
    assert found <= set(PAST[pattern])
