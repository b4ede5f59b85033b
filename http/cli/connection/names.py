"""Finds what a person means: by its name, its id, a part of its id, or the directory that the command is started in."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ..failures import CommandFailed
from ..parsing.similar import suggested
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


class NoCodebase(CommandFailed):
    """No codebase is meant by a word."""


def codebase_of(server: Server, given: str | None, options: Options, commands: Iterable[str] = ()) -> Item:
    """The codebase that is named, or that of the directory. Raises `CommandFailed`.

    `commands`: words that could stand in its place, one of which may be meant.
    """
    known: list[Item] = server.get("/codebases")
    if given is not None:
        return _named(given, known, commands)
    if (found := enclosing(options.place, known)) is not None:
        return found
    hint = " `opencode-ledger ps` lists them." if known else ""
    raise CommandFailed(
        f"{options.place} belongs to no codebase of {server.url}. Name one, or register the directory with "
        f"`opencode-ledger codebase add`.{hint}"
    )


def session_meant(
    server: Server, codebase: str | None, session: str | None, options: Options, at: str | None = None
) -> tuple[Item, Item]:
    """A session with its codebase; by default the newest one. A session may stand alone. `at`: as it was then.

    Raises `CommandFailed`.
    """
    try:
        found = codebase_of(server, codebase, options)
    except NoCodebase:
        alone = _session_alone(server, str(codebase), options) if session is None else None
        if alone is None:
            raise
        found, session = alone
    return found, session_of(server, found, session, at)


def _session_alone(server: Server, given: str, options: Options) -> tuple[Item, str] | None:
    """The id of the session that is meant, with its codebase. That of the directory comes first."""
    known: list[Item] = server.get("/codebases")
    here = enclosing(options.place, known)
    for codebase in sorted(known, key=lambda one: one is not here):
        sessions = {one["id"]: one for one in server.pages(_sessions(codebase), "sessions", SEARCHED)}
        if len(found := meant(given, sessions)) == 1:
            return codebase, found[0]
    return None


def _sessions(codebase: Item) -> str:
    return f"/codebases/{codebase['id']}/sessions"


def _named(given: str, known: Sequence[Item], commands: Iterable[str] = ()) -> Item:
    by_id = {one["id"]: one for one in known}
    if given in by_id:
        return by_id[given]
    if len(named := [one for one in known if one["name"] == given]) == 1:
        return named[0]
    if named:
        raise CommandFailed(f"Several codebases are named {given!r}: use an id, {_row(one['id'] for one in named)}.")
    if not meant(given, by_id):
        hint = suggested(given, [*commands, *(one["name"] for one in known)])
        raise NoCodebase(f"There is no codebase {given!r}.{hint} `opencode-ledger ps` lists them.")
    return by_id[one_of(given, "codebase", by_id, "ps")]


def enclosing(place: Path, known: Iterable[Item]) -> Item | None:
    """The codebase that a directory belongs to: the nearest registered directory above it, or itself."""
    by_path = {os.path.normpath(one["path"]): one for one in known}
    return next((by_path[str(folder)] for folder in (place, *place.parents) if str(folder) in by_path), None)


def session_of(server: Server, codebase: Item, given: str | None, at: str | None = None) -> Item:
    """The session that is named, or the codebase's newest one. Raises `CommandFailed`."""
    path = _sessions(codebase)
    if given is None:
        newest = server.pages(path, "sessions", 1, at=at)
        if not newest:
            raise CommandFailed(f"{codebase['name']} {'had no session then' if at else 'has no session yet'}.")
        return newest[0]
    found = {one["id"]: one for one in server.pages(path, "sessions", SEARCHED, at=at)}
    return found[one_of(given, "session", found, f"sessions {codebase['name']}")]


def _row(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
