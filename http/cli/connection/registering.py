"""Registers a directory as a codebase: by command, or because `run` was started in it."""

import os
from pathlib import Path

from ...loopback import loopback_of
from ..failures import CommandFailed
from .server import Item, Server

MARKS = (".git", ".jj", ".hg")


def root_of(place: Path) -> Path:
    """The directory that a person means by this one: the root of its repository, if it is in one. Blocking."""
    home = Path(os.path.realpath(Path.home()))
    for folder in (place, *place.parents):
        if folder == home and folder != place:
            break  # a home under version control is not meant by a directory in it
        if any((folder / mark).exists() for mark in MARKS):
            return folder
    return place


def register(
    server: Server, path: Path, *, name: str | None, description: str | None = None, config: Item | None = None
) -> Item:
    """Register a directory; its name is that of the directory unless another is given. Raises `CommandFailed`."""
    body: dict[str, object] = {
        "name": name or path.name or "root",
        "path": str(path),
        "description": description,
        "agent_config": config,
    }
    answer: Item = server.post("/codebases", body)
    codebase: Item = answer["codebase"]
    return codebase


def check_same_machine(server: Server, place: Path) -> None:
    """Raise `CommandFailed` if the service is on another machine, where this directory is something else."""
    host = server.address.url.partition("://")[2].partition("/")[0].rpartition(":")[0] or "localhost"
    if loopback_of(host) is None:
        raise CommandFailed(
            f"{place} belongs to no codebase of {server.url}, which runs on another machine. Name a codebase, or "
            "register a directory of that machine with `opencode-ledger codebase add PATH`."
        )
