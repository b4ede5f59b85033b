"""Finds what a person means: by its name, its id, a part of its id, or the directory that the command is started in."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ..failures import CommandFailed
from .options import Options
from .server import Item, Server

ELLIPSIS: Final = "…"
SEARCHED: Final = 2000
"""The newest sessions or tasks among which a shortened id is looked for."""


def meant(given: str, ids: Iterable[str]) -> list[str]:
    """The ids that a person may mean: the id itself, else those that end or begin as given, with or without its kind."""
    every = list(dict.fromkeys(ids))
    if given in every:
        return [given]
    part = given.strip(ELLIPSIS + ".")
    if len(part) < 3:
        return []
    return [
        one for one in every if one.endswith(part) or one.startswith(part) or one.partition("_")[2].startswith(part)
    ]


def one_of(given: str, what: str, ids: Iterable[str], listed_by: str) -> str:
    """The one id that is meant. Raises `CommandFailed`."""
    found = meant(given, ids)
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandFailed(f"{given!r} may be {_row(found)}: give more of the {what}'s id.")
    raise CommandFailed(f"There is no {what} {given!r}. `opencode-ledger {listed_by}` lists them.")


def codebase_of(server: Server, given: str | None, options: Options) -> Item:
    """The codebase that is named, or that of the directory. Raises `CommandFailed`."""
    known: list[Item] = server.get("/codebases")
    if given is not None:
        return _named(given, known)
    if (found := enclosing(options.place, known)) is not None:
        return found
    hint = " `opencode-ledger ps` lists them." if known else ""
    raise CommandFailed(
        f"{options.place} belongs to no codebase of {server.url}. Name one, or register the directory with "
        f"`opencode-ledger codebase add`.{hint}"
    )


def _named(given: str, known: Sequence[Item]) -> Item:
    by_id = {one["id"]: one for one in known}
    if given in by_id:
        return by_id[given]
    if len(named := [one for one in known if one["name"] == given]) == 1:
        return named[0]
    if named:
        raise CommandFailed(f"Several codebases are named {given!r}: use an id, {_row(one['id'] for one in named)}.")
    return by_id[one_of(given, "codebase", by_id, "ps")]


def enclosing(place: Path, known: Iterable[Item]) -> Item | None:
    """The codebase that a directory belongs to: the nearest registered directory above it, or itself."""
    by_path = {os.path.normpath(one["path"]): one for one in known}
    return next((by_path[str(folder)] for folder in (place, *place.parents) if str(folder) in by_path), None)


def session_of(server: Server, codebase: Item, given: str | None) -> Item:
    """The session that is named, or the codebase's newest one. Raises `CommandFailed`."""
    path = f"/codebases/{codebase['id']}/sessions"
    if given is None:
        newest = server.pages(path, "sessions", 1)
        if not newest:
            raise CommandFailed(f"{codebase['name']} has no session yet.")
        return newest[0]
    found = {one["id"]: one for one in server.pages(path, "sessions", SEARCHED)}
    return found[one_of(given, "session", found, f"sessions {codebase['name']}")]


def _row(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
