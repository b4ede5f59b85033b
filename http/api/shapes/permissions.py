"""The bodies of responses about permissions and questions."""

from pydantic import JsonValue

from ....domain.events import PermissionKind
from .parts import Listing, NamedCodebase, Shape, Time


class Permission(Shape):
    """A request of an agent: permission to use a tool, or answers to the `questions` in `args`.

    `patterns`: what it asks for. `always`: what `always` would permit; it may be more.
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
    call_id: str | None = None
    subagent: str | None = None


class Permissions(Listing):
    """Requests that wait for an answer, newest first."""

    permissions: list[Permission]


class CodebasePermission(Permission):
    """A request of an agent, with the codebase that it belongs to."""

    codebase: NamedCodebase


class AllPermissions(Listing):
    """Requests of all codebases that wait for an answer, the nearest deadline first."""

    permissions: list[CodebasePermission]
