"""What a shell may complete: the names and ids that the service knows at this moment. Nothing, if it doesn't answer soon."""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter

from ....domain.visible_text import one_line
from ..failures import CommandFailed
from ..layout.amounts import words
from ..layout.asked import in_short
from .contexts import load
from .options import Options
from .server import Server

SOON = 1.0
"""Seconds that a person waits for a completion."""

Candidates: TypeAlias = list[tuple[str, str]]
"""Values, each with a description."""


def _asked(find: Callable[[Server], Candidates]) -> Callable[[object], Candidates]:
    def candidates(_context: object) -> Candidates:
        try:
            found = find(Server(Options(), timeout=SOON))
        except (CommandFailed, OSError, KeyError, TypeError):
            return []
        return [(value, one_line(words(about))) for value, about in found if value == one_line(value)]

    return candidates


def _codebases(server: Server) -> Candidates:
    known: list[dict[str, Any]] = server.get("/codebases")
    names = [str(one["name"]) for one in known]
    return [(one["name"] if names.count(one["name"]) == 1 else one["id"], one["path"]) for one in known]


def _requests(server: Server) -> Candidates:
    return [(one["id"], in_short(one)) for one in server.pages("/permissions", "permissions", 100)]


def _tasks(server: Server) -> Candidates:
    return [(one["id"], one["title"]) for one in server.pages("/tasks", "tasks", 50)]


def _contexts(_context: object) -> Candidates:
    try:
        return [(name, one.url) for name, one in load().named.items()]
    except CommandFailed:
        return []


Codebase = Annotated[str | None, Parameter(completer=_asked(_codebases))]
InCodebase = Annotated[str | None, Parameter(name=("--codebase", "-c"), completer=_asked(_codebases))]
"""The option that names a codebase, of commands whose arguments are something else."""

Request = Annotated[str, Parameter(completer=_asked(_requests))]
Task = Annotated[str, Parameter(completer=_asked(_tasks))]
ContextName = Annotated[str, Parameter(completer=_contexts)]
SomeContext = Annotated[str | None, Parameter(completer=_contexts)]
