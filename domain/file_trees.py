"""What a directory holds, as two looks at it saw it, and what changed in between. Paths are bytes, as systems keep them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Action: TypeAlias = Literal["create", "modify", "delete"]

Mark: TypeAlias = int
"""Stands for a file's kind, mode, identity, size and times: another mark, another file or another content."""

PathEncoding: TypeAlias = Literal["percent"]

_STRANGE = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Look:
    """A directory as it was seen: each file below it that is no directory, links by themselves.

    `files`: None where they are too many, or took too long. `hidden`: directories that could not be read.
    """

    files: Mapping[bytes, Mark] | None
    hidden: frozenset[bytes] = frozenset()


@dataclass(frozen=True, order=True, slots=True)
class Change:
    """A path that names another file, or none, or a file that is not as it was."""

    path: bytes
    action: Action


def changes(before: Look, after: Look) -> list[Change]:
    """What changed, deletions first: a file may lie where a directory was. Nothing is said of what either look missed."""
    old, new = before.files or {}, after.files or {}
    hidden = before.hidden | after.hidden
    gone = [Change(path, "delete") for path in old if path not in new and not _below(path, hidden)]
    made = [Change(path, "create") for path in new if path not in old and not _below(path, hidden)]
    other = [Change(path, "modify") for path, mark in new.items() if old.get(path, mark) != mark]
    return sorted(gone) + sorted(made + other)


def carried_on(before: Look, after: Look) -> dict[bytes, Mark]:
    """The files of the later look, and those of the earlier one that lie where the later could not see."""
    kept = {path: mark for path, mark in (before.files or {}).items() if _below(path, after.hidden)}
    return kept | dict(after.files or {})


def path_text(path: bytes) -> tuple[str, PathEncoding | None]:
    """A path as text. One that is no UTF-8 is `percent`: each byte that is none, and each percent sign, as `%` and two digits."""
    try:
        return path.decode(), None
    except UnicodeDecodeError:
        shown = path.replace(b"%", b"%25").decode("utf-8", "surrogateescape")
        return _STRANGE.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", shown), "percent"


def fewest_first(found: list[Change], limit: int) -> tuple[list[Change], dict[bytes, int]]:
    """At most `limit` changes, in their order, and how many others there are by the directory at the top.

    Those from directories in which little changed come first: a thousand installed files hide no source.
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
