"""The event of an agent that called the service itself."""

from dataclasses import dataclass

from .event import Event, kind


@kind("access", "refused")
@dataclass(frozen=True, kw_only=True)
class AccessRefused(Event):
    """Processes of the codebase's agent called the service itself, and were refused.

    `calls`: the first few different calls, each a method and a path. `times`: the number of calls since the last such
    event. `program`: the name of the first process.
    """

    calls: tuple[str, ...]
    times: int = 1
    program: str = ""
