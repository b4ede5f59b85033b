"""Who asks the service for something, as far as it matters: one of the agents that it runs, or somebody else."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from .ids import CodebaseId


@dataclass(frozen=True, slots=True)
class OwnAgent:
    """A process of an agent of ours. `codebase`: whose, None where it works on none; `program`: what it calls itself."""

    codebase: CodebaseId | None
    program: str


Caller: TypeAlias = OwnAgent | Literal["another", "unknown"]
"""`another`: no agent of ours. `unknown`: nobody holds the connection any more, or it can't be seen who does."""

ANOTHER: Final = "another"
UNKNOWN: Final = "unknown"
