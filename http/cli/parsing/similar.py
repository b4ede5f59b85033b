"""Names that a person may have meant, for one that does not exist. Pure."""

from collections.abc import Iterable
from typing import Final

from ..late import loaded

SIMILAR: Final = 0.6
"""From 0 to 1: how similar two names must be."""


def alike(given: str, names: Iterable[str]) -> str | None:
    """The name that is most like the given one, whatever the case of its letters, or None."""
    known = {name.casefold(): name for name in reversed([*names])}
    found: list[str] = loaded("difflib:get_close_matches")(given.casefold(), known, n=1, cutoff=SIMILAR)
    return known[found[0]] if found else None


def suggested(given: str, names: Iterable[str]) -> str:
    """A question to put behind an error, with a blank before it. Empty if no name is similar."""
    name = alike(given, names)
    return "" if name is None else f" Did you mean {name!r}?"
