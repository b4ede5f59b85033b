"""Where the programs are that were fetched for the agents: in a clone beside it, else in the person's own data."""

import os
from pathlib import Path


def tools_dir() -> Path:
    """`.tools` of a clone, else `opencode-ledger/tools` in `XDG_DATA_HOME`, which defaults to ~/.local/share."""
    root = Path(__file__).resolve().parents[2]
    if (root / "pyproject.toml").is_file():
        return root / ".tools"
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (data if data.is_absolute() else Path.home() / ".local/share") / "opencode-ledger/tools"
