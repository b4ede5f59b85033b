"""Reads events of old versions in their newest shape. The bytes stay as they were written, for hashes, streams and exports.

- A new member with a default needs no upcaster.
- Any other change of a kind needs one: it turns the members of one version into those of the next. A kind has one
  version more than it has upcasters.
- Version 1 is not written; a later one is, as the member `schema_version`.
- A version that this program doesn't know is not read: the event is kept as an unknown kind.
- The members `action`, `session_id`, `task_id` and `timestamp` keep their names and meanings for ever.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from .event import Json

VERSION: Final = "schema_version"

Members: TypeAlias = dict[str, Json]
Upcaster: TypeAlias = Callable[[Members], Members]
"""Makes a copy of the members in the next version's shape. Pure. Its input may be erased content too."""

UPCASTERS: Final[dict[tuple[str, str | None], tuple[Upcaster, ...]]] = {}
"""By topic and action, from version 1 to 2, from 2 to 3, and so on. None is ever removed."""


def version_of(topic: str, action: str | None) -> int:
    """The version in which this kind of event is written now."""
    return 1 + len(UPCASTERS.get((topic, action), ()))


def upcast(topic: str, members: Members) -> Members | None:
    """The members in the newest shape; None where this program doesn't know their version."""
    if not UPCASTERS and VERSION not in members:
        return members
    steps, version = _steps(topic, members.get("action")), members.get(VERSION, 1)
    if not isinstance(version, int) or not 1 <= version <= len(steps) + 1:
        return None
    try:
        for step in steps[version - 1 :]:
            members = step(members)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None  # somebody else wrote it into the log under this kind's name
    return members


def _steps(topic: str, action: Json) -> tuple[Upcaster, ...]:
    steps = UPCASTERS.get((topic, None))
    if steps is None and isinstance(action, str):
        steps = UPCASTERS.get((topic, action))
    return steps or ()
