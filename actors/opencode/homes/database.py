"""Whether another version of opencode has opened a database, whose shape ours then can't use."""

import re
from pathlib import Path
from typing import Final

from ....domain.errors import StoreError
from ...store.evidence.file_format import Part
from ...store.evidence.foreign import look_into
from .migrations import migrations_in

NAME: Final = "opencode.db"

_MIGRATIONS: Final = "migration"
_LATER: Final = re.compile(r".*_v([2-9]|[1-9]\d+)")
"""Tables that a later version keeps beside those of the first."""


def opened_by_another(database: Path, binary: Path) -> str | None:
    """The sign that a version later than this executable's has opened it; None if there is none. Blocking.

    A database that can't be read shows no sign: our opencode will say what is wrong with it.
    """
    try:
        parts, migrations = look_into(database, _MIGRATIONS)
    except StoreError:
        return None
    return _by_tables(parts) or _by_migrations(migrations, binary)


def _by_tables(parts: list[Part]) -> str | None:
    for part in parts:
        if part.kind == "table" and _LATER.fullmatch(part.name):
            return f"it has a table {part.name!r:.80}"
        if part.kind == "table" and part.name == "workspace" and "project_id" not in (part.sql or ""):
            return "its table 'workspace' has no column 'project_id'"
    return None


def _by_migrations(applied: list[str], binary: Path) -> str | None:
    """A migration after the executable's last one. Earlier ones that it no longer has are of its own past."""
    known = migrations_in(binary)
    if not known:
        return None
    later = [name for name in applied if name > max(known) and re.match(r"\d{14}_", name)]
    return f"its migration {max(later)!r:.120} is unknown to {binary}" if later else None
