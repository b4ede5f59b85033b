"""The event of an erasure: who took which content out of the log, when and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from .event import Event, kind


@kind("erasure")
@dataclass(frozen=True, kw_only=True)
class Erasure(Event):
    """The content of earlier events was erased for good; tombstones stand in their places.

    `erased_by`: who says to have done it. `tombstones`: by the position of each such event, the SHA-256 of the bytes
    that are left of it. Never erased itself, and never changes an actor's state.
    """

    reason: str
    erased_by: str
    tombstones: Mapping[str, str]
