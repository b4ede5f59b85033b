"""The event of an erasure: who erased which content from the log, when and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from .event import Event, kind


@kind("erasure")
@dataclass(frozen=True, kw_only=True)
class Erasure(Event):
    """Earlier events lost their content permanently; tombstones replace them.

    `erased_by`: the name that the person gave. `tombstones`: the position of each erased event, with the SHA-256 of the
    bytes that are left of it. This event is never erased itself.
    """

    reason: str
    erased_by: str
    tombstones: Mapping[str, str]
