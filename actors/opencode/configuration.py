"""The files in which opencode's configuration and logins are kept, and whether they have changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[tuple[str, int, int], ...]
"""Of each file that is there: its path, when it was last changed (ns since the epoch), and its size."""

_CONFIG = ("config.json", "opencode.json", "opencode.jsonc")


@dataclass(frozen=True)
class Places:
    """`configuration`: the files that say how opencode is to work. `logins`: the ones that it keeps logins in."""

    configuration: tuple[Path, ...]
    logins: tuple[Path, ...]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Places":
        """Those of an opencode with this environment, whether they are there or not."""
        home = Path(environment.get("HOME") or Path.home())
        config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "opencode"
        data = Path(environment.get("XDG_DATA_HOME") or home / ".local/share") / "opencode"
        given = environment.get("OPENCODE_CONFIG")
        files = (*(config / name for name in _CONFIG), *((Path(given),) if given else ()))
        return cls(files, (data / "auth.json", data / "mcp-auth.json"))


def configuration_stamp(environment: Mapping[str, str]) -> Stamp:
    """What the files that say which models there are look like now, for an opencode with this environment. Blocking."""
    places = Places.of(environment)
    return tuple(_stamp(file) for file in (*places.configuration, places.logins[0]) if file.is_file())


def _stamp(file: Path) -> tuple[str, int, int]:
    try:
        found = file.stat()
    except OSError:  # it is gone by now
        return str(file), 0, 0
    return str(file), found.st_mtime_ns, found.st_size
