"""The events of a codebase: it was registered, changed and deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..ids import CodebaseId
from .event import Event, Json, kind


@kind("codebase", "registered")
@dataclass(frozen=True, kw_only=True)
class CodebaseRegistered(Event):
    """A directory was registered; always the first event of its stream. `path`: the real path."""

    codebase_id: CodebaseId
    name: str
    path: str
    description: str = ""
    worker_id: str | None = None
    agent_config: Mapping[str, Json] = field(default_factory=dict[str, Json])


@kind("codebase", "changed")
@dataclass(frozen=True, kw_only=True)
class CodebaseChanged(Event):
    """A codebase was changed; only changed members are present. `agent_config`: the whole new configuration."""

    codebase_id: CodebaseId
    name: str | None = None
    description: str | None = None
    agent_config: Mapping[str, Json] | None = None


@kind("codebase", "deleting")
@dataclass(frozen=True, kw_only=True)
class CodebaseDeleting(Event):
    """Deletion was requested; the agent is being stopped first."""

    codebase_id: CodebaseId


@kind("codebase", "deleted")
@dataclass(frozen=True, kw_only=True)
class CodebaseDeleted(Event):
    """The codebase is hidden from now on; its history stays in the log."""

    codebase_id: CodebaseId
