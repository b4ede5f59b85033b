"""Finds one known text, even where programs have escaped some of its characters.

Percent-encoders, JSON writers and shells escape different characters. So each character is searched in all its forms:
plain, percent-encoded, or after backslashes. Base64 may also be broken into lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from .character import ways_of

_HEAD: Final = 6
"""Leading characters that are used to find possible places."""
_LINE: Final = 28
"""Characters of base64 with at most one line break among them: shorter lines are not searched."""
_SEARCHABLE: Final = 3
"""Characters that a word needs to be worth a search."""

_WORDS: Final = re.compile("[A-Za-z0-9]+")
_BREAK: Final = re.compile(r"(?:(?:[\r\n]|\\{1,8}[rn]|%0[AaDd])[ \t]{0,128}+){1,4}+")
"""A line break in base64, plain or escaped, with the next line's indentation. Possessive: nothing is tried twice."""
_ODD: Final = re.compile(r"[\\%+&'\"\r\n<>]")
"""Characters that begin an escape, or that have other forms."""
_LONGEST_BREAK: Final = 256
_LONGEST_WAY: Final = 13
_PER_TEXT: Final = 5000
_PER_CHARACTER: Final = 4
"""Steps of a close search: each compares one character of the secret at one possible place."""


class Effort:
    """The steps that may still be tried for one needle in one text. Only repetitive texts and secrets use them up."""

    def __init__(self, text: str) -> None:
        self._left = _PER_TEXT + _PER_CHARACTER * len(text)

    @property
    def is_over(self) -> bool:
        """Whether the steps are used up."""
        return self._left <= 0

    def take(self, steps: int) -> None:
        """Count steps that were tried."""
        self._left -= steps


@dataclass(frozen=True)
class Needle:
    """A known text. `wrapped`: it may have line breaks between its characters."""

    text: str
    wrapped: bool = False

    @cached_property
    def anchors(self) -> tuple[str, ...]:
        """Words, one of which is in every text that contains this with plain letters and digits."""
        line = self.text[:_LINE]
        parts = (line[: len(line) // 2], line[len(line) // 2 :]) if self.wrapped else (self.text,)
        longest = [max(_WORDS.findall(part), key=len, default="") for part in parts]
        return tuple(longest) if all(len(word) >= _SEARCHABLE for word in longest) else ("",)

    @cached_property
    def reach(self) -> int:
        """Its largest length, with all characters escaped and broken into lines."""
        breaks = len(self.text) // _LINE + 2 if self.wrapped else 0
        return len(self.text) * _LONGEST_WAY + breaks * _LONGEST_BREAK

    def spans(self, text: str, start: int) -> Iterator[tuple[int, int]]:
        """Where it stands in a text, from `start` on, overlaps included.

        Where it takes too long to find out, since it may stand at very many places, all of them count as it.
        """
        head, effort = self._head.search(text, start), Effort(text)
        while head:
            if effort.is_over:
                yield head.start(), min(len(text), self._last_head(text, head.start()) + self.reach)
                return
            end, _ = self.follow(text, head.start(), effort)
            if end is not None:
                yield head.start(), end
            head = self._head.search(text, head.start() + 1)

    def _last_head(self, text: str, place: int) -> int:
        found = self._head.search(text, place)
        while found:
            place = found.start()
            found = self._head.search(text, place + 1)
        return place

    def follow(self, text: str, place: int, effort: Effort) -> tuple[int | None, bool]:
        """Where it ends if it begins at `place`, and whether more text could still make it so."""
        if text.startswith(self.text, place):
            return place + len(self.text), False
        known = self._plainly(text, place)
        effort.take(1 + known // 64)
        at, open_end = {place + known}, False
        for number, char in enumerate(self.text[known:], known):
            if self.wrapped and number:
                at |= {found.end() for one in at if (found := _BREAK.match(text, one))}
            ways = ways_of(char)
            effort.take(len(at))
            open_end = open_end or len(text) in at or any(ways.is_begun(text, one) for one in at)
            at = {end for one in at for end in ways.ends(text, one)}
            at = {end for end in at if end - place <= self.reach}
            if not at:
                return None, open_end
        return max(at), open_end

    def _plainly(self, text: str, place: int) -> int:
        """How many of its characters stand at `place` as they are, and can't be meant otherwise.

        All that a character can be written with begins with an odd one. A text that repeats itself has as many places as
        characters where a secret that does so, too, nearly stands: so what is plain is compared at once.
        """
        odd = _ODD.search(text, place, place + len(self.text))
        least, most = 0, (odd.start() if odd else min(len(text), place + len(self.text))) - place
        while least < most:
            middle = (least + most + 1) // 2
            same = text.startswith(self.text[least:middle], place + least)
            least, most = (middle, most) if same else (least, middle - 1)
        return least

    @cached_property
    def _head(self) -> re.Pattern[str]:
        between = f"(?:{_BREAK.pattern})?" if self.wrapped else ""
        return re.compile(between.join(ways_of(char).pattern for char in self.text[:_HEAD]))
