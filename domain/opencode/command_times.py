"""When an agent's commands began and ended, by its own account."""

from collections.abc import Collection
from typing import NamedTuple


class CommandTimes(NamedTuple):
    """All in ms since the epoch.

    `open`: when each command began that hasn't ended. `over`: the beginning and the end of each that ended while
    one of these was open.
    """

    open: tuple[float, ...] = ()
    over: tuple[tuple[float, float], ...] = ()


class CommandClock:
    """Takes down when commands begin and end, by their calls."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, float]] = {}
        self._over: list[tuple[float, float]] = []

    def begins(self, part: str, call: str, begun: float) -> None:
        """A command begins."""
        self._open[part] = (call, begun)

    def ends(self, part: str, ended: float) -> None:
        """It has ended; nothing happens for what never began."""
        if (command := self._open.pop(part, None)) is None:
            return
        self._over.append((command[1], ended))
        first = min((begun for _, begun in self._open.values()), default=float("inf"))
        self._over = [span for span in self._over if span[1] >= first]

    def times(self, waiting: Collection[str | None], since: float) -> CommandTimes:
        """Of those that began at `since` or later. `waiting`: the calls that wait for permission, which do nothing yet."""
        begun = tuple(begun for call, begun in self._open.values() if call not in waiting and begun >= since)
        return CommandTimes(begun, tuple(span for span in self._over if begun and span[1] >= min(begun)))
