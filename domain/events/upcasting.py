"""Old shapes of events, read in the newest one. The bytes stay as they were written: the hash, the stream and exports have them.

A member that is added with a default needs nothing of this. For any other change of a kind an upcaster is registered,
which makes the members of the version before into those of the next; the kind then has one version more than it has
upcasters. Version 1 is not written; a later one is, as the member `schema_version`. A shape of a later version than
this program knows is not read at all: its event is kept as one of an unknown kind. The members by which events are
placed, `action`, `session_id`, `task_id` and `timestamp`, keep their names and meanings for ever.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from .event import Json

VERSION: Final = "schema_version"

Members: TypeAlias = dict[str, Json]
Upcaster: TypeAlias = Callable[[Members], Members]
"""Makes a copy of the members in the next shape. Pure; it is given all that its version wrote, also what was erased since."""

UPCASTERS: Final[dict[tuple[str, str | None], tuple[Upcaster, ...]]] = {}
"""By topic and action, from version 1 to 2, from 2 to 3, and so on. None is ever taken away."""


def version_of(topic: str, action: str | None) -> int:
    """The version in which this kind is written now."""
    return 1 + len(UPCASTERS.get((topic, action), ()))


def upcast(topic: str, members: Members) -> Members | None:
    """The members in the newest shape; None where they are in none that this program knows."""
    if not UPCASTERS and VERSION not in members:
        return members
    steps, version = _steps(topic, members.get("action")), members.get(VERSION, 1)
    if not isinstance(version, int) or not 1 <= version <= len(steps) + 1:
        return None
    try:
        for step in steps[version - 1 :]:
            members = step(members)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None  # what somebody else put into the log in this kind's name
    return members


def _steps(topic: str, action: Json) -> tuple[Upcaster, ...]:
    steps = UPCASTERS.get((topic, None))
    if steps is None and isinstance(action, str):
        steps = UPCASTERS.get((topic, action))
    return steps or ()
