"""Where the programs are that were fetched for the agents: in a clone beside it, else in the person's own data."""

import os
from pathlib import Path
from typing import Final


def clone_of(module: Path) -> Path | None:
    """The root of the clone that a module of this folder belongs to; None in an installed package."""
    root = module.resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() else None


# Looked up when the module is imported: later it would block the loop.
CLONE: Final = clone_of(Path(__file__))


def tools_dir() -> Path:
    """`.tools` of a clone, else `opencode-ledger/tools` in `XDG_DATA_HOME`, which defaults to ~/.local/share."""
    if CLONE is not None:
        return CLONE / ".tools"
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (data if data.is_absolute() else Path.home() / ".local/share") / "opencode-ledger/tools"
