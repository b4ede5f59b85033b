"""Modules that are imported when they are needed first: `ps` must answer before a person notices, so it loads little."""

from importlib import import_module
from typing import Any, Final

PACKAGE: Final = __name__.rpartition(".")[0]


def loaded(place: str) -> Any:
    """What is at `module:name`. A module that begins with a dot is seen from this folder."""
    module, _, name = place.partition(":")
    return getattr(import_module(module, PACKAGE), name)


class Late:
    """Stands for what a factory at `module:name` makes; it is made when something of it is used first."""

    def __init__(self, place: str, **arguments: object) -> None:
        self._place, self._arguments = place, arguments
        self._made: object | None = None

    def __getattr__(self, name: str) -> Any:
        """Everything is that of what it stands for."""
        if self._made is None:
            self._made = loaded(self._place)(**self._arguments)
        return getattr(self._made, name)
