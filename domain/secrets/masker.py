"""Masking: secrets are removed from a text before it becomes an event or a line of a log.

Promises:

- Nothing is left of a known secret, in any of its forms, whatever overlaps with it.
- A text without a secret stays as it is.
- Masking again changes nothing.
- The time is proportional to the length of the text.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from .character import MOST_BACKSLASHES, WRITTEN_OUT, is_referred_to
from .forms import needles_of
from .needle import Effort, Needle
from .shapes import MARK, SHAPES
from .spans import Span, merged

CONTEXT: Final = len(MARK)
"""Characters before a text that are needed to see whether a word begins with it."""

_LONGEST_HEAD: Final = max(len(shape.head) for shape in SHAPES)
_BEGUN: Final = re.compile("|".join(shape.begun for shape in SHAPES if not shape.in_long_runs))
_IN_LONG_RUNS: Final = tuple(shape for shape in SHAPES if shape.in_long_runs)
_ENCODED_WORD: Final = re.compile(r"(?:%|\\u00)(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")
"""An escaped letter or digit, which few programs write."""


class Masker:
    """Masks known secrets and text that looks like a secret. Immutable."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        needles = {needle for value in known for needle in needles_of(value)}
        self._needles = sorted(needles, key=lambda needle: (needle.text, needle.wrapped))
        self._by_two: dict[str, list[Needle]] = defaultdict(list)
        self._by_one: dict[str, list[Needle]] = defaultdict(list)
        for needle in self._needles:
            self._by_two[needle.text[:2]].append(needle)
            referred = ("&",) if is_referred_to(needle.text[0]) else ()
            for first in {needle.text[0], *referred, *(one[0] for one in WRITTEN_OUT.get(needle.text[0], ()))}:
                self._by_one[first].append(needle)
        self._longest = max((needle.reach for needle in self._needles), default=0)

    def mask(self, text: str, before: str = "") -> str:
        """The text with `MARK` for each secret. `before`: the text before it; its last `CONTEXT` characters are enough."""
        whole, done = before + text, len(before)
        spans = self.spans(whole, done)
        return replaced(whole, done, len(whole), spans) if spans else text

    def spans(self, text: str, start: int, *, after_secret: bool = False) -> list[Span]:
        """The secrets of a text from `start` on; overlapping ones are merged. `after_secret`: a secret ends at `start`."""
        found = merged((*self._known(text, start), *_shaped(text, start)))
        while after := _right_after(text, found, start if after_secret else None):
            found = merged((*found, *after))
        return found

    def begun(self, text: str, start: int, spans: Iterable[Span] = (), *, after_secret: bool = False) -> int:
        """Where, from `start` on, an incomplete secret may begin that more text would complete."""
        first = start if _has_head(text) else max(start, len(text) - _LONGEST_HEAD)
        found = _BEGUN.search(text, first)
        places = [found.start()] if found else [len(text)]
        places += [place for shape in _IN_LONG_RUNS if (place := shape.begun_from(text, first)) is not None]
        ends = [*(end for _, end in spans), *([start] if after_secret else [])]
        places += [end for end in ends if end < len(text) and any(shape.begins_at(text, end) for shape in SHAPES)]
        end = min(places)
        effort = Effort(text)
        candidates = self._candidates(text, start, end)
        return next((place for place in candidates if effort.is_over or self._begins_at(text, place, effort)), end)

    def _known(self, text: str, start: int) -> Iterator[Span]:
        escaped = bool(_ENCODED_WORD.search(text)) if "%" in text or "\\" in text else False
        for needle in self._needles:
            for anchor in needle.anchors:
                if escaped or anchor in text:
                    yield from needle.spans(text, start)
                    break

    def _candidates(self, text: str, start: int, end: int) -> Iterator[int]:
        """Places from `start` to `end` where an incomplete known secret may begin."""
        if not self._needles:
            return
        for found in self._starts.finditer(text, max(start, len(text) - self._longest), len(text)):
            if found.start() >= end:
                return
            yield found.start()

    @cached_property
    def _starts(self) -> re.Pattern[str]:
        """The first two characters of all known secrets, plain or with one of them escaped."""
        seconds: dict[str, set[str]] = defaultdict(set)
        for needle in self._needles:
            seconds[needle.text[0]].add(needle.text[1])
        pairs = [f"{re.escape(first)}(?:[{_chars(more)}{_ODD}]|\\Z)" for first, more in sorted(seconds.items())]
        return re.compile(rf"(?={'|'.join(pairs)}|%(?:[0-9A-Fa-f]|\Z)|[\\+&'])")

    def _begins_at(self, text: str, place: int, effort: Effort) -> bool:
        two = text[place : place + 2]
        if two[0] in "\\%+":
            return any(needle.follow(text, place, effort)[1] for needle in self._escaped_at(text, place))
        if len(two) == 1 or two[0] in "&'" or two[1] in "\\%+&'\r\n":
            return any(needle.follow(text, place, effort)[1] for needle in self._by_one.get(two[0], ()))
        return any(needle.follow(text, place, effort)[1] for needle in self._by_two.get(two, ()))

    def _escaped_at(self, text: str, place: int) -> list[Needle]:
        """The needles that may begin with the escaped character here."""
        as_it_is = self._by_one.get(text[place], [])
        if _CUT_OFF.fullmatch(text, place):
            return self._needles
        first = _ESCAPED.match(text, place)
        if first is None:
            return as_it_is
        code = first["percent"] or first["unit"]
        char = chr(int(code, 16)) if code else first["char"] or " "
        if not char.isascii():
            return self._needles
        return [*as_it_is, *self._by_one.get(char, ()), *self._by_one.get(_CONTROLS.get(char, ""), ())]


_CUT_OFF: Final = re.compile(rf"%[0-9A-Fa-f]?|\\{{1,{MOST_BACKSLASHES}}}(?:u[0-9A-Fa-f]{{0,3}})?")
_ESCAPED: Final = re.compile(
    r"%(?P<percent>[0-9A-Fa-f]{2})|\\{1,8}u(?P<unit>[0-9A-Fa-f]{4})|\\{1,8}(?P<char>[^\\])|[+]", re.DOTALL
)
"""An escaped character, and an incomplete one."""
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


_ODD: Final = r"\\%+&'\r\n"
"""Characters that may begin an escaped character."""


def _chars(chars: Iterable[str]) -> str:
    """A set of characters for the brackets of a pattern."""
    return "".join(map(re.escape, sorted(chars)))


def replaced(text: str, done: int, upto: int, spans: Iterable[Span]) -> str:
    """The text from `done` to `upto` with `MARK` for each of the spans in it."""
    pieces: list[str] = []
    for first, end in spans:
        pieces += (text[done:first], MARK)
        done = end
    return "".join((*pieces, text[done:upto]))


def _shaped(text: str, start: int) -> Iterator[Span]:
    for shape in SHAPES:
        if shape.head in text:
            yield from shape.spans(text, start)


def _right_after(text: str, spans: list[Span], start: int | None) -> list[Span]:
    """The shapes that begin right after a secret and aren't in the spans yet: a secret ends a word."""
    ends = [end for _, end in spans] if start is None else [start, *(end for _, end in spans)]
    found = [span for end in ends for shape in SHAPES if (span := shape.span_at(text, end))]
    return [new for new in found if not any(first <= new[0] and new[1] <= end for first, end in spans)]


def _has_head(text: str) -> bool:
    # A plain loop: this runs for every text, and a generator would take four times as long.
    for shape in SHAPES:  # noqa: SIM110
        if shape.head in text:
            return True
    return False


class Secrets:
    """The secrets that are known now, by their source. `masker` masks them."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known = {"": frozenset(values)}
        self.masker = Masker(values)

    def learn(self, source: str, values: Iterable[str]) -> None:
        """Replace the values of a source by these."""
        if self._known.get(source, frozenset()) != (new := frozenset(values)):
            self._known[source] = new
            self.masker = Masker(value for known in self._known.values() for value in known)

    def learn_more(self, source: str, values: Iterable[str]) -> None:
        """Add values to those of a source."""
        self.learn(source, self._known.get(source, frozenset()) | frozenset(values))

    def forget(self, source: str) -> None:
        """Forget a source: its secrets are no longer valid."""
        self.learn(source, ())
        self._known.pop(source, None)

    def mask(self, text: str) -> str:
        """See `Masker.mask`."""
        return self.masker.mask(text)
