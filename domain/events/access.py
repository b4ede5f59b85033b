"""The events of a codebase's agent that turned to the service itself."""

from dataclasses import dataclass

from .event import Event, kind


@kind("access", "refused")
@dataclass(frozen=True, kw_only=True)
class AccessRefused(Event):
    """Processes of the codebase's agent asked the service itself for something, and were refused.

    `calls`: the different ones of them, the first few, each a method and an address. `times`: how many there were since
    the last such event. `program`: what the first process called itself.
    """

    calls: tuple[str, ...]
    times: int = 1
    program: str = ""
