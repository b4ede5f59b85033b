"""The files of a directory in two scans, and what changed in between. Paths are bytes, as the system has them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Action: TypeAlias = Literal["create", "modify", "delete"]

Mark: TypeAlias = int
"""A digest of a file's kind, mode, identity, size and times: it differs for another file or changed content."""

PathEncoding: TypeAlias = Literal["percent"]

_STRANGE = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Look:
    """One scan of a directory: each file below it that is not a directory; links are not followed.

    `files`: None where there are too many, or the scan took too long. `hidden`: directories that could not be read.
    """

    files: Mapping[bytes, Mark] | None
    hidden: frozenset[bytes] = frozenset()


@dataclass(frozen=True, order=True, slots=True)
class Change:
    """A path whose file was created, modified or deleted."""

    path: bytes
    action: Action


def changes(before: Look, after: Look) -> list[Change]:
    """The changes, deletions first: a file may replace a directory. What either scan missed is left out."""
    old, new = before.files or {}, after.files or {}
    hidden = before.hidden | after.hidden
    gone = [Change(path, "delete") for path in old if path not in new and not _below(path, hidden)]
    made = [Change(path, "create") for path in new if path not in old and not _below(path, hidden)]
    other = [Change(path, "modify") for path, mark in new.items() if old.get(path, mark) != mark]
    return sorted(gone) + sorted(made + other)


def carried_on(before: Look, after: Look) -> dict[bytes, Mark]:
    """The files of the later scan, and those of the earlier scan in directories that the later one could not read."""
    kept = {path: mark for path, mark in (before.files or {}).items() if _below(path, after.hidden)}
    return kept | dict(after.files or {})


def path_text(path: bytes) -> tuple[str, PathEncoding | None]:
    """A path as text. A path that is not UTF-8 is `percent`-encoded: its invalid bytes and percent signs as `%` and two digits."""
    try:
        return path.decode(), None
    except UnicodeDecodeError:
        shown = path.replace(b"%", b"%25").decode("utf-8", "surrogateescape")
        return _STRANGE.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", shown), "percent"


def fewest_first(found: list[Change], limit: int) -> tuple[list[Change], dict[bytes, int]]:
    """At most `limit` changes, in their order, and the number of the others by top-level directory.

    Directories with few changes have priority, so that a thousand installed files hide no source file.
    """
    if len(found) <= limit:
        return found, {}
    counts: dict[bytes, int] = {}
    for change in found:
        counts[_top(change.path)] = counts.get(_top(change.path), 0) + 1
    ranked = sorted(range(len(found)), key=lambda index: (counts[_top(found[index].path)], index))
    left: dict[bytes, int] = {}
    for index in ranked[limit:]:
        left[_top(found[index].path)] = left.get(_top(found[index].path), 0) + 1
    return [found[index] for index in sorted(ranked[:limit])], left


def _top(path: bytes) -> bytes:
    return path.partition(b"/")[0] if b"/" in path else b"."


def _below(path: bytes, directories: frozenset[bytes]) -> bool:
    if not directories:
        return False
    if b"" in directories:
        return True
    ends = (index for index, byte in enumerate(path) if byte == 0x2F)
    return any(path[:end] in directories for end in ends)
