"""Who called the service, as far as it matters: one of the agents that it runs, or another program."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from .ids import CodebaseId


@dataclass(frozen=True, slots=True)
class OwnAgent:
    """A process of one of our agents. `codebase`: the agent's; None where it has none. `program`: the process's own name."""

    codebase: CodebaseId | None
    program: str


Caller: TypeAlias = OwnAgent | Literal["another", "unknown"]
"""`another`: not an agent of ours. `unknown`: the connection's owner is gone or can't be seen."""

ANOTHER: Final = "another"
UNKNOWN: Final = "unknown"
