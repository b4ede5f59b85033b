"""How a codebase's agent runs, as a value. Events and views keep the members that were given, in a mapping."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentConfig:
    """How to run a codebase's agent.

    - `default_model`: the model for work that names none; None leaves it to the agent.
    - `auto_approve`: permissions are approved automatically.
    - `trusted`: the codebase's own agent configuration may be used.
    """

    default_model: str | None = None
    auto_approve: bool = False
    trusted: bool = False

    @classmethod
    def of(cls, members: Mapping[str, object]) -> Self:
        """The value of recorded or requested members. Unknown members, and values of another type, count as absent."""
        model = members.get("default_model")
        return cls(
            default_model=model if isinstance(model, str) else None,
            auto_approve=members.get("auto_approve") is True,
            trusted=members.get("trusted") is True,
        )
