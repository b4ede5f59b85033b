"""The bodies of responses about permissions and questions."""

from typing import Annotated

from pydantic import Field, JsonValue

from ....domain.events import Decider, PermissionKind, Reply
from .parts import Listing, NamedCodebase, Shape, Time, Via


class Permission(Shape):
    """A request of an agent: permission to use a tool, or answers to the `questions` in `args`.

    `patterns`: what it asks for. `always`: what `always` would permit; it may be more.
    `reply`, `decided_by`, `answered_at` and `answered_by` are null while it waits. `answered_by` is also null where a log from
    before 0.2 doesn't say who it was, and where it was no person. `answered_via`: who vouches for that name. The `args` and
    `patterns` of an answered one are empty; the log has them.
    """

    id: str
    kind: PermissionKind
    tool: str
    args: dict[str, JsonValue]
    patterns: list[str]
    always: list[str]
    session_id: str
    task_id: str | None
    asked_at: Time
    expires_at: Time | None
    reply: Reply | None
    decided_by: Decider | None
    answered_at: Time | None
    answered_by: Annotated[str | None, Field(examples=["anna"])]
    call_id: str | None = None
    subagent: str | None = None
    answered_via: Via = None


class Permissions(Listing):
    """Requests of one status, newest first."""

    permissions: list[Permission]


class CodebasePermission(Permission):
    """A request of an agent, with the codebase that it belongs to."""

    codebase: NamedCodebase


class AllPermissions(Listing):
    """Requests of all codebases that have one status."""

    permissions: list[CodebasePermission]
