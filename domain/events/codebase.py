"""The events of a codebase: it became known, and was deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..ids import CodebaseId
from .event import Event, Json, kind


@kind("codebase", "registered")
@dataclass(frozen=True, kw_only=True)
class CodebaseRegistered(Event):
    """A directory became known under an id; always the first event of its stream. `path` is the real path."""

    codebase_id: CodebaseId
    name: str
    path: str
    description: str = ""
    worker_id: str | None = None
    agent_config: Mapping[str, Json] = field(default_factory=dict[str, Json])


@kind("codebase", "changed")
@dataclass(frozen=True, kw_only=True)
class CodebaseChanged(Event):
    """What is known of a codebase was changed: only the members that are there. `agent_config`: all of it, as it is now."""

    codebase_id: CodebaseId
    name: str | None = None
    description: str | None = None
    agent_config: Mapping[str, Json] | None = None


@kind("codebase", "deleting")
@dataclass(frozen=True, kw_only=True)
class CodebaseDeleting(Event):
    """Deletion was asked for; the agent is being stopped first."""

    codebase_id: CodebaseId


@kind("codebase", "deleted")
@dataclass(frozen=True, kw_only=True)
class CodebaseDeleted(Event):
    """The codebase is hidden from now on; its history stays in the log."""

    codebase_id: CodebaseId
