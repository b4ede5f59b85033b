"""Tokens that are limited to codebases: what they get at each address.

For such a token no other codebases exist: it gets 404 for them, as for unknown ones, and lists leave them out.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from ...domain.errors import Forbidden

Limited: TypeAlias = Literal["own", "filtered", "same", "refused"]
"""`own`: the path names a codebase, which must be one of the token's. `filtered`: the handler leaves out all others.

`same`: the response says nothing of any codebase. `refused`: it is about all of them.
"""

DECIDED: Final[Mapping[tuple[str, str], Limited]] = {
    ("GET", "/readyz"): "same",
    ("GET", "/v1/opencode/status"): "filtered",
    ("GET", "/v1/opencode/models"): "same",
    ("GET", "/v1/opencode/codebases"): "filtered",
    ("GET", "/v1/opencode/overview/events"): "filtered",
    ("GET", "/v1/opencode/permissions"): "filtered",
    ("GET", "/v1/opencode/search"): "filtered",
    ("GET", "/v1/opencode/tasks"): "filtered",
    ("GET", "/v1/opencode/tasks/{task_id}"): "filtered",
    ("PATCH", "/v1/opencode/tasks/{task_id}"): "filtered",
    ("POST", "/v1/opencode/tasks/{task_id}/retry"): "filtered",
    ("POST", "/v1/opencode/tasks/{task_id}/cancel"): "filtered",
    ("GET", "/v1/opencode/log/checkpoint"): "same",
    ("GET", "/v1/opencode/log/key"): "same",
    ("GET", "/v1/opencode/log/proofs/consistency"): "same",
}
"""What was decided for addresses without a codebase in them. All others are refused, also those that are added later."""


class TokenLimited(Forbidden):
    """This token is limited to some codebases, and this request is about all of them; use another token."""

    code = "token_limited"
