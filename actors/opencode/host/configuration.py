"""The files that hold opencode's configuration and logins, and whether they have changed."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from ....domain.untrusted_json import fields
from ..program.environment import opencode_data

Stamp: TypeAlias = tuple[tuple[str, str], ...]
"""Of each file that says something: its path, and a digest of what it says about models."""

LARGEST: Final = 2**20
"""Bytes of a file that are looked at."""

_SCHEMA: Final = re.compile(r'\s*"\$schema"\s*:\s*"[^"]*"\s*,?')
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
        data = opencode_data(environment)
        given = environment.get("OPENCODE_CONFIG")
        files = (*(config / name for name in _CONFIG), *((Path(given),) if given else ()))
        return cls(files, (data / "auth.json", data / "mcp-auth.json"))


def configuration_stamp(environment: Mapping[str, str]) -> Stamp:
    """The state of the files that decide which models there are, for an opencode with this environment. Blocking.

    It ignores what opencode itself writes there while it works: the name of its schema, and renewed tokens.
    """
    places = Places.of(environment)
    said = ((file, _without_schema(content)) for file, content in _contents(places.configuration))
    logins = ((file, _who_is_logged_in(content)) for file, content in _contents(places.logins[:1]))
    return tuple((str(file), _digest(content)) for file, content in (*said, *logins) if content not in ("", "{}"))


def content_of(file: Path) -> str:
    """A file's text, or the beginning of a large one; empty if there is none that we may read. Blocking."""
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST).decode("utf-8", "replace")
    except (OSError, RuntimeError):  # it isn't there, isn't ours to read, or lies in a home that there isn't
        return ""


def _contents(files: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    return ((file, content_of(file)) for file in files)


def _without_schema(content: str) -> str:
    return _SCHEMA.sub("", content).strip()


def _who_is_logged_in(content: str) -> str:
    try:
        logins = fields(json.loads(content))
    except (ValueError, RecursionError):
        return content
    return json.dumps({name: fields(login).get("type") for name, login in logins.items()}, default=str)


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()
