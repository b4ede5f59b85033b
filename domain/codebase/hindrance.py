"""Why waiting work can't start yet: its directory is missing, or must not be used as it is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..events.codebase import CodebaseRegistered


@dataclass(frozen=True, kw_only=True, slots=True)
class Hindrance:
    """Why an agent can't start now: a stable code, and a sentence for people."""

    code: str
    message: str


Hindered: TypeAlias = Callable[[CodebaseRegistered], Awaitable[Hindrance | None]]
"""Checks whether an agent could start on this codebase now: what hinders it, or None. Changes nothing."""


async def nothing_hinders(_codebase: CodebaseRegistered) -> Hindrance | None:
    """The check that never finds a hindrance."""
    return None
