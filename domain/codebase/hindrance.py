"""What keeps work that waits from starting for now: the directory is gone, or may not be worked in as it is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..events.codebase import CodebaseRegistered


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why an agent can't start now: a stable word, and a sentence for people."""

    code: str
    message: str


Hindered: TypeAlias = Callable[[CodebaseRegistered], Awaitable[Hindrance | None]]
"""Looks whether an agent could start on this codebase now: what hinders it, or None. Changes nothing."""


async def nothing_hinders(_codebase: CodebaseRegistered) -> Hindrance | None:
    """The answer where there is nothing to look at."""
    return None
