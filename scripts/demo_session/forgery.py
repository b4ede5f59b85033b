"""The demo's last act: one byte of the record is changed in a copy, and the audit says which event it was."""

import subprocess
import sys
from pathlib import Path
from typing import Final

BEFORE: Final = b"No Rust"
AFTER: Final = b"No Dust"


def copy_of(data: Path, into: Path) -> str:
    """A backup of the running service's data, as an operator makes it; what the command says."""
    return _said("backup", str(into), "--data", str(data))


def change_one_byte(data: Path) -> int:
    """Change one letter of what a person said, beneath SQLite and its triggers. The offset of the byte in the file."""
    file = data / "ledger.db"
    content = bytearray(file.read_bytes())
    place = content.index(BEFORE)
    content[place : place + len(BEFORE)] = AFTER
    file.write_bytes(content)
    return place + next(number for number, (a, b) in enumerate(zip(BEFORE, AFTER, strict=True)) if a != b)


def verdict_on(data: Path) -> str:
    """What `audit verify` says of a data directory."""
    return _said("audit", "verify", "--data", str(data))


def _said(*arguments: str) -> str:
    command = [sys.executable, "-P", "-m", "opencode_ledger", *arguments]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.strip()
