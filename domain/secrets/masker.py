"""Masking: secrets are taken out of a text before it becomes an event or a line of a log.

Promises: of what is known to be secret nothing is left, in any of its forms; a text that holds no secret stays
as it is; masking again changes nothing; it takes time in proportion to the text.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby
from typing import Final

from .forms import forms_of
from .shapes import MARK, SHAPES

CONTEXT: Final = len(MARK)
"""Characters before a text that decide whether a word begins with it."""

_SHAPES: Final = "|".join(shape.whole for shape in SHAPES)
_SHAPED: Final = re.compile(_SHAPES)
_BEGUN: Final = re.compile("|".join(shape.begun for shape in SHAPES))
_HEADS: Final = tuple(shape.head for shape in SHAPES)
_LONGEST_HEAD: Final = max(map(len, _HEADS))


class Masker:
    """Masks what it knows and what looks like a secret. Never changes."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._literals = sorted({form for value in known for form in forms_of(value)})
        self._beginnings = {literal[:2] for literal in self._literals}
        self._longest = max(map(len, self._literals), default=0)

    def mask(self, text: str, before: str = "") -> str:
        """The text with `MARK` for each secret. `before`: what the text goes on from; its last `CONTEXT` will do."""
        pieces: list[str] = []
        whole, done = before + text, len(before)
        for found in self.found(whole, done):
            pieces += (whole[done : found.start()], MARK)
            done = found.end()
        return "".join((*pieces, whole[done:])) if pieces else text

    def found(self, text: str, start: int) -> Iterator[re.Match[str]]:
        """The secrets of a text from `start` on. Most texts hold none, which is seen fast."""
        if _holds(text, self._literals):
            return self._all.finditer(text, start)
        return _SHAPED.finditer(text, start) if _holds(text, _HEADS) else iter(())

    def begun(self, text: str, start: int) -> int:
        """Where in the text, from `start` on, what may be part of a secret begins: one that more text would complete."""
        found = _BEGUN.search(text, start if _holds(text, _HEADS) else max(start, len(text) - _LONGEST_HEAD))
        end = found.start() if found else len(text)
        first = max(start, len(text) - self._longest + 1)
        return next((place for place in range(first, end) if self._begins_at(text, place)), end)

    def _begins_at(self, text: str, place: int) -> bool:
        if text[place : place + 2] not in self._beginnings and place + 1 < len(text):
            return False
        rest = text[place:]
        nearest = bisect_left(self._literals, rest)
        nearest += nearest < len(self._literals) and self._literals[nearest] == rest
        return nearest < len(self._literals) and self._literals[nearest].startswith(rest)

    @cached_property
    def _all(self) -> re.Pattern[str]:
        # Longest first: where one secret begins another, all of the longer one is masked.
        by_start = groupby(self._literals, key=lambda literal: literal[0])
        groups = [
            f"{re.escape(first)}(?:{'|'.join(re.escape(literal[1:]) for literal in sorted(same, key=len, reverse=True))})"
            for first, same in by_start
        ]
        return re.compile("|".join((*groups, _SHAPES)))


def _holds(text: str, wanted: Iterable[str]) -> bool:
    # A plain loop: this is asked of every text, and a generator would take four times as long.
    for one in wanted:  # noqa: SIM110
        if one in text:
            return True
    return False


class Secrets:
    """What is known to be secret at this moment, by where it is from. `masker` masks it."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known = {"": frozenset(values)}
        self.masker = Masker(values)

    def learn(self, source: str, values: Iterable[str]) -> None:
        """Know these values of a source, and no longer those that it had before."""
        if self._known.get(source, frozenset()) != (new := frozenset(values)):
            self._known[source] = new
            self.masker = Masker(value for known in self._known.values() for value in known)

    def forget(self, source: str) -> None:
        """Know nothing of a source any more: its secrets have become worthless."""
        self.learn(source, ())
        self._known.pop(source, None)

    def mask(self, text: str) -> str:
        """See `Masker.mask`."""
        return self.masker.mask(text)
