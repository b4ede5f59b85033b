"""The generated files of the clients, by their paths from the project's root."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from opencode_ledger.http.description import description

from . import python_types, sync_module, typescript_types

ROOT: Final = Path(__file__).resolve().parents[2]


def made_files() -> Mapping[str, str]:
    """What the files must hold."""
    described = json.loads(description())
    return {
        "client/described.py": _formatted(python_types.module(described)),
        "client/javascript/models.d.ts": typescript_types.module(described),
        "client/sync.py": _formatted(sync_module.module(ROOT / "client")),
    }


def _formatted(text: str) -> str:
    """Python in the project's form."""
    ruff = [str(Path(sys.executable).with_name("ruff")), "format", "--stdin-filename", "client/described.py", "-"]
    return subprocess.run(ruff, input=text, cwd=ROOT, capture_output=True, text=True, check=True).stdout
