"""The events of the service itself. They belong to no codebase, and have a stream of their own in the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from ..ids import CodebaseId
from .event import Event, kind

SERVICE: Final = CodebaseId("service")
"""Stands where a codebase's id stands otherwise. No codebase is called so."""

AuditRead: TypeAlias = Literal["export", "outputs", "stream"]
"""What was read: a codebase's export, its whole tool outputs, or the stream of all codebases."""


@kind("service", "tokens_changed")
@dataclass(frozen=True, kw_only=True)
class TokensChanged(Event):
    """Other tokens are valid from now on. Their secrets are not on record.

    `added`, `changed`: what each token allows, by its name. `removed`: names that are no longer valid. The event says
    nothing of who edited the file: the service can't know.
    """

    added: Mapping[str, str] = field(default_factory=dict[str, str])
    changed: Mapping[str, str] = field(default_factory=dict[str, str])
    removed: tuple[str, ...] = ()


@kind("service", "log_read")
@dataclass(frozen=True, kw_only=True)
class LogRead(Event):
    """Somebody began to read the log. `codebase`: the only one that was read; absent for the whole log."""

    read: AuditRead
    codebase: CodebaseId | None = None
