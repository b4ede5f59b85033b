"""Has the configuration changed since: the files that say which models opencode offers."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[tuple[str, int, int], ...]
"""Of each file that is there: its path, when it was last changed (ns since the epoch), and its size."""

_CONFIG = ("config.json", "opencode.json", "opencode.jsonc")


def configuration_stamp(environment: Mapping[str, str]) -> Stamp:
    """What the configuration files of an opencode with this environment look like now. Blocking."""
    home = Path(environment.get("HOME") or Path.home())
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "opencode"
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local/share") / "opencode"
    files = [*(config / name for name in _CONFIG), data / "auth.json"]
    if given := environment.get("OPENCODE_CONFIG"):
        files.append(Path(given))
    return tuple(_stamp(file) for file in files if file.is_file())


def _stamp(file: Path) -> tuple[str, int, int]:
    try:
        found = file.stat()
    except OSError:  # it is gone by now
        return str(file), 0, 0
    return str(file), found.st_mtime_ns, found.st_size
