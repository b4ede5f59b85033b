"""Named points where a crash can interrupt writing. Code that promises something about crashes calls them; tests stop there.

Each point is where a crash would leave the most behind: before anything is written, half way, before the commit, after
it. In the service nothing happens at these points.
"""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias, get_args

FaultPoint: TypeAlias = Literal[
    "append.before_transaction",
    "append.before_commit",
    "append.after_commit",
    "projection.between_statements",
    "projection.between_rows_and_tracking",
    "projection.before_commit",
    "projection.after_commit",
    "views.before_exchange",
    "views.between_files",
    "views.after_exchange",
    "tree.before_transaction",
    "tree.between_tiles_and_checkpoint",
    "tree.before_commit",
    "tree.after_commit",
    "erasure.before_commit",
    "erasure.after_commit",
    "erasure.between_tombstones",
    "erasure.before_overwritten",
    "erasure.after_overwritten",
    "erasure.before_outputs",
    "erasure.between_outputs",
    "erasure.after_outputs",
    "erasure.before_compaction",
    "erasure.before_end",
    "erasure.after_end",
    "output.between_chunks",
    "output.before_commit",
    "output.after_commit",
]

FAULT_POINTS: Final[tuple[FaultPoint, ...]] = get_args(FaultPoint)

Reach: TypeAlias = Callable[[FaultPoint], None]
"""Called with each point as it is passed; what it raises is raised by the writing code."""


def pass_by(_point: FaultPoint) -> None:
    """Go on."""
