"""Excerpts: the part of a text around the first thing that a query finds in it, and what is marked there. Pure.

SQLite's own `snippet` and `highlight` take time with the square of what is found. Here every word is looked at once, and
all looking is counted: a text or a page that would take too long is shown from its beginning, without marks.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from .words import UNSPACED, Query, folded, joined, word_key, words_of

LONGEST: Final = 300
"""Characters of an excerpt."""

MOST_STEPS_OF_A_TEXT: Final = 100_000
MOST_STEPS_OF_A_PAGE: Final = 500_000
"""Words that are compared, at most."""

_BEFORE: Final = 100
"""Characters before what was found."""

_LEFT_OUT: Final = "…"
_WORDS: Final = re.compile(f"[{UNSPACED}]|[^ {UNSPACED}]+")
_ASCII_WORDS: Final = re.compile("[^ ]+")


class Excerpt(NamedTuple):
    """A part of a text, and what was found there: pairs of the first character and the one behind it."""

    text: str
    marks: tuple[tuple[int, int], ...]


class Excerpts:
    """Makes the excerpts of one page. `left`: how many more words may be compared."""

    def __init__(self, query: Query) -> None:
        self.left = MOST_STEPS_OF_A_PAGE
        phrases = [words_of(phrase) for phrase in query.phrases]
        self._going_on = phrases.pop() if query.goes_on else None
        self._by_first: dict[str, list[list[str]]] = {}
        for phrase in filter(None, phrases):
            self._by_first.setdefault(phrase[0], []).append(phrase)

    def of(self, indexed: str) -> Excerpt:
        """The excerpt of a text as it is indexed."""
        text = joined(indexed)
        reserve = max(self.left - MOST_STEPS_OF_A_TEXT, 0)
        self.left -= reserve
        try:
            hits = self._hits(folded(text)) if self.left > 0 else iter(())
            return _cut(text, hits)
        finally:
            self.left += reserve

    def _hits(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the phrases are in a folded text, in order. They may overlap."""
        for word in _words(text):
            if self.left <= 0:
                return
            self.left -= 1
            key = word_key(word.group())
            phrases, goes_on = self._by_first.get(key, ()), self._going_on and key.startswith(self._going_on[0])
            if not (phrases or goes_on):
                continue
            ends = [self._end(text, word.start(), phrase) for phrase in phrases]
            if self._going_on and goes_on:
                ends.append(self._end(text, word.start(), self._going_on, goes_on=True))
            if end := max(ends, default=0):
                yield word.start(), end

    def _end(self, text: str, at: int, phrase: list[str], *, goes_on: bool = False) -> int:
        """Where the phrase that begins here ends; 0 where it is another one."""
        words, last = _words(text, at), len(phrase) - 1
        for number, wanted in enumerate(phrase):
            word = next(words, None)
            if word is None or self.left <= 0:
                return 0
            self.left -= 1
            key = word_key(word.group())
            if key != wanted and not (goes_on and number == last and key.startswith(wanted)):
                return 0
            if number == last:
                return word.end()
        return 0


def _words(text: str, at: int = 0) -> Iterator[re.Match[str]]:
    return (_ASCII_WORDS if text.isascii() else _WORDS).finditer(text, at)


def _cut(text: str, hits: Iterator[tuple[int, int]]) -> Excerpt:
    first = next(hits, None)
    begin, end = _window(text, *(first or (0, 0)))
    before = _LEFT_OUT if begin else ""
    marks: list[tuple[int, int]] = []
    hit = first
    while hit is not None and hit[0] < end:
        start, behind = hit[0], min(hit[1], end)
        if marks and start <= marks[-1][1]:
            start, earlier = marks.pop()
            behind = max(behind, earlier)
        marks.append((start, behind))
        hit = next(hits, None)
    moved = len(before) - begin
    excerpt = before + text[begin:end] + (_LEFT_OUT if end < len(text) else "")
    return Excerpt(excerpt, tuple((start + moved, behind + moved) for start, behind in marks))


def _window(text: str, first: int, behind: int) -> tuple[int, int]:
    """What to show of a text around what was found, from space to space where there are some."""
    if len(text) <= LONGEST:
        return 0, len(text)
    room = LONGEST - 2 * len(_LEFT_OUT)
    begin = min(max(first - _BEFORE, 0), len(text) - room)
    end = begin + room
    if begin:
        begin = text.find(" ", begin, first) + 1 or begin
    if end < len(text):
        space = text.rfind(" ", behind, end)
        end = space if space > 0 else end
    return begin, end
