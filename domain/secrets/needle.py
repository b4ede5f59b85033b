"""Finds one known text, also where programs have escaped some of its characters on the way.

Percent-encoders, JSON writers and shells differ in which characters they escape. So each character is looked for in
all its ways: as it is, percent-encoded, or after backslashes. Base64 may also be broken into lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from .character import ways_of

_HEAD: Final = 6
"""Characters by which the places are found where it may begin."""
_LINE: Final = 28
"""Characters of base64 that at most one break parts: shorter lines are not looked for."""
_TELLING: Final = 3
"""Characters of a word that are worth a search."""

_WORDS: Final = re.compile("[A-Za-z0-9]+")
_BREAK: Final = re.compile(r"(?:(?:[\r\n]|\\{1,8}[rn]|%0[AaDd])[ \t]{0,128}+){1,4}+")
"""Ends a line of base64, as it is or escaped, and begins the next one, indented. Nothing of it is tried twice."""
_LONGEST_BREAK: Final = 256
_LONGEST_WAY: Final = 13


@dataclass(frozen=True)
class Needle:
    """A known text; one that is `wrapped` may have line breaks between its characters."""

    text: str
    wrapped: bool = False

    @cached_property
    def anchors(self) -> tuple[str, ...]:
        """Words, one of which stands in every text that holds this with its letters and digits as they are."""
        line = self.text[:_LINE]
        parts = (line[: len(line) // 2], line[len(line) // 2 :]) if self.wrapped else (self.text,)
        longest = [max(_WORDS.findall(part), key=len, default="") for part in parts]
        return tuple(longest) if all(len(word) >= _TELLING for word in longest) else ("",)

    @cached_property
    def reach(self) -> int:
        """Characters that it takes at the most, with all of them escaped and broken into lines."""
        breaks = len(self.text) // _LINE + 2 if self.wrapped else 0
        return len(self.text) * _LONGEST_WAY + breaks * _LONGEST_BREAK

    def spans(self, text: str, start: int) -> Iterator[tuple[int, int]]:
        """Where it stands in a text, from `start` on, overlaps included."""
        head = self._head.search(text, start)
        while head:
            end, _ = self.follow(text, head.start())
            if end is not None:
                yield head.start(), end
            head = self._head.search(text, head.start() + 1)

    def follow(self, text: str, place: int) -> tuple[int | None, bool]:
        """Where it ends if it begins at `place`, and whether more text could still make it so."""
        if text.startswith(self.text, place):
            return place + len(self.text), False
        at, open_end = {place}, False
        for number, char in enumerate(self.text):
            if self.wrapped and number:
                at |= {found.end() for one in at if (found := _BREAK.match(text, one))}
            ways = ways_of(char)
            open_end = open_end or len(text) in at or any(ways.is_begun(text, one) for one in at)
            at = {end for one in at for end in ways.ends(text, one)}
            at = {end for end in at if end - place <= self.reach}
            if not at:
                return None, open_end
        return max(at), open_end

    @cached_property
    def _head(self) -> re.Pattern[str]:
        between = f"(?:{_BREAK.pattern})?" if self.wrapped else ""
        return re.compile(between.join(ways_of(char).pattern for char in self.text[:_HEAD]))
