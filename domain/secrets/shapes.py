"""The shapes of unknown secrets: keys of well-known services, tokens, private keys.

A shape is a sequence of atoms, each a set of characters with a number of repeats. Two patterns are made from it: one
finds the shape, the other finds a text that may become the shape when more text comes.

All shapes are bounded, begin at the border of a word, and don't look beyond their own end. So the secrets of a text don't
depend on the pieces in which it comes, and the search time is proportional to the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

MARK: Final = "[secret]"
"""The replacement of every secret."""

_WORD: Final = "A-Za-z0-9_-"
_BEARER: Final = "A-Za-z0-9._~+/=-"
_KEY_TEXT: Final = r"A-Za-z0-9+/=\s\\:|"


@dataclass(frozen=True)
class Atom:
    """From `least` to `most` characters of a set, which is written as in the brackets of a pattern."""

    chars: str
    least: int
    most: int

    def times(self, least: int) -> str:
        """The pattern for at least that number of them."""
        if self.least == self.most == 1 == least:
            return f"[{self.chars}]"
        return f"[{self.chars}]{{{least},{self.most}}}"


@dataclass(frozen=True)
class Shape:
    """A shape begins with `head`, then come the atoms. `inside` must match after the head: it separates keys from names.

    `around`: characters that must not be right before it, unless they are part of a secret themselves.
    `in_long_runs`: the first atom is long, its characters are also those of the head, and what follows it is another one.
    """

    head: str
    atoms: tuple[Atom, ...]
    inside: str = ""
    around: str = ""
    in_long_runs: bool = False

    @property
    def whole(self) -> str:
        """The pattern that finds the shape."""
        return self._begins(_plain(self.head)) + self._after_head

    @property
    def begun(self) -> str:
        """The pattern that finds, at the end of a text, the beginning of the shape."""
        return self._begins(_plain(self.head[0])) + self._unfinished

    @cached_property
    def finder(self) -> re.Pattern[str]:
        """The compiled pattern that finds the shape."""
        return re.compile(self.whole)

    def spans(self, text: str, start: int) -> Iterator[tuple[int, int]]:
        """Its spans from `start` on, one after the other."""
        if not self.in_long_runs:
            yield from (found.span() for found in self.finder.finditer(text, start))
            return
        place = text.find(self.head, start)
        while place >= 0:
            span = self.span_at(text, place)
            if span:
                yield span
            place = text.find(self.head, span[1] if span else self._after_failure(text, place))

    def begun_from(self, text: str, start: int) -> int | None:
        """The first place from `start` on from which the text may become the shape. Only for one `in_long_runs`."""
        place = text.find(self.head, start)
        while place >= 0:
            if self.begins_at(text, place):
                return place
            place = text.find(self.head, self._after_failure(text, place))
        ends = (len(text) - known for known in range(len(self.head) - 1, 0, -1))
        return next((end for end in ends if end >= start and self.head.startswith(text[end:])), None)

    def _after_failure(self, text: str, place: int) -> int:
        """The next place worth a look after one that failed.

        All that begins in the same run of characters goes on behind it in the same way. Only where the run was too long can
        a later beginning succeed. Without this, a run of heads would be read once for each of them.
        """
        end = place + len(self.head)
        run = self._run.match(text, end)
        end, longest = (run.end() if run else end), self.atoms[0].most
        return max(place + 1, end if end - place - len(self.head) <= longest else end - longest - len(self.head))

    def span_at(self, text: str, place: int) -> tuple[int, int] | None:
        """Its span if it begins at `place`, whatever is before."""
        found = self._here.match(text, place)
        return found.span() if found else None

    def begins_at(self, text: str, place: int) -> bool:
        """Whether the text from `place` on may become the shape, whatever is before."""
        return self._begun_here.match(text, place) is not None

    @cached_property
    def _here(self) -> re.Pattern[str]:
        return re.compile(_plain(self.head) + self._after_head)

    @cached_property
    def _run(self) -> re.Pattern[str]:
        return re.compile(f"[{self.atoms[0].chars}]*+")

    @cached_property
    def _begun_here(self) -> re.Pattern[str]:
        return re.compile(_plain(self.head[0]) + self._unfinished)

    @property
    def _after_head(self) -> str:
        return self.inside + "".join(atom.times(atom.least) for atom in self.atoms)

    @property
    def _unfinished(self) -> str:
        rest = r"\Z"
        for atom in reversed((*_literal(self.head[1:]), *self.atoms)):
            rest = rf"(?:{atom.times(atom.least)}{rest}|{atom.times(0)}\Z)"
        return rest

    def _begins(self, head: str) -> str:
        # The text before is checked only after a character fits: that makes the search fast.
        return f"{head}(?<![{self.around}]{head})" if self.around else head


def _literal(text: str) -> tuple[Atom, ...]:
    return tuple(Atom(re.escape(char), 1, 1) for char in text)


def _plain(text: str) -> str:
    return "".join(char if char.isalnum() or char in "-_ " else re.escape(char) for char in text)


def _digit(chars: str, within: int) -> str:
    return f"(?=[{chars}]{{0,{within - 1}}}[0-9])"


def _drawn(chars: str, within: int = 100) -> str:
    """Requires capitals, small letters and digits among the first characters."""
    return "".join(f"(?=[{chars}]{{0,{within - 1}}}[{kind}])" for kind in ("A-Z", "a-z", "0-9"))


def _key(head: str, chars: str, least: int, most: int) -> Shape:
    """A key with a digit in it, after a head of its service."""
    return Shape(head, (Atom(chars, least, most),), _digit(chars, least))


_ALNUM: Final = "A-Za-z0-9"
_ARMOUR: Final = (Atom("A-Z ", 0, 24), *_literal("PRIVATE KEY-----"), Atom(_KEY_TEXT, 48, 16_000))
_ARMOURED: Final = f"(?=[A-Z ]{{0,24}}PRIVATE KEY-----[{_KEY_TEXT}]{{0,80}}[A-Za-z0-9+/]{{40}})"

_QUOTE: Final = Atom(r"\\\"'", 0, 2)
_SET_TO: Final = (_QUOTE, Atom(" ", 0, 1), Atom("=:", 1, 1), Atom(" ", 0, 1), _QUOTE)
_SET_TO_TEXT: Final = "".join(atom.times(atom.least) for atom in _SET_TO)
_TYPED: Final = r"A-Za-z0-9!#%&*+@^_~?-"
_USER: Final = "A-Za-z0-9._%+-"

_NAME: Final = "A-Za-z0-9_-"
"""Characters that are no border of a word: after them, a head may be the end of a word."""

SHAPES: Final = (
    Shape(
        "sk-",
        (Atom(_WORD, 20, 300),),
        _digit(_WORD, 300) + f"(?=[{_WORD}]{{0,280}}[{_ALNUM}]{{16}})",
        around=_NAME,
    ),
    # Within a word only clearly random text counts: risk-… and task-… are words.
    Shape("sk-", (Atom(_WORD, 20, 300),), _drawn(_WORD) + f"(?=[{_WORD}]{{0,280}}[{_ALNUM}]{{16}})"),
    *(Shape(head, (Atom(_ALNUM, 36, 255),)) for head in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_")),
    _key("github_pat_", "A-Za-z0-9_", 22, 255),
    _key("glpat-", "A-Za-z0-9_.-", 20, 300),
    *(_key(f"xox{kind}-", "A-Za-z0-9-", 16, 300) for kind in "abeoprs"),
    *(_key(head, "A-Z0-9", 16, 16) for head in ("AKIA", "ASIA")),
    *(
        Shape(head, (*_SET_TO, Atom("A-Za-z0-9/+", 40, 40)))
        for head in ("secret_access_key", "SECRET_ACCESS_KEY", "SecretAccessKey")
    ),
    *(
        # Code is full of names of passwords; a value with capitals, small letters and digits is hardly a name.
        Shape(head, (*_SET_TO, Atom(_TYPED, 8, 100)), f"(?={_SET_TO_TEXT}{_drawn(_TYPED)})")
        for head in ("password", "PASSWORD", "Password")
    ),
    Shape(
        "://",  # a password in an address
        (Atom(_USER, 0, 64), *_literal(":"), Atom(r"A-Za-z0-9._%+!&*,;=?~^#\-", 1, 128), *_literal("@")),
    ),
    _key("AIza", _WORD, 35, 35),
    *(_key(head, _ALNUM, 20, 255) for head in ("sk_live_", "rk_live_", "gsk_", "xai-")),
    Shape("hf_", (Atom(_ALNUM, 30, 64),), _digit(_ALNUM, 30), around=_NAME),
    Shape("hf_", (Atom(_ALNUM, 30, 64),), _drawn(_ALNUM, 64)),
    _key("pypi-", _WORD, 50, 400),
    Shape(
        "eyJ",
        (
            Atom(_WORD, 8, 4000),
            *_literal(".eyJ"),
            Atom(_WORD, 8, 8000),
            *_literal("."),
            Atom(_WORD, 16, 2000),
        ),
        in_long_runs=True,
    ),
    Shape("-----BEGIN ", _ARMOUR, _ARMOURED),
    *(Shape(head, (Atom(_BEARER, 20, 4000),), _digit(_BEARER, 4000)) for head in ("Bearer ", "bearer ")),
    *(
        Shape(head, (Atom("A-Za-z0-9+/=", 16, 4000),), _digit("A-Za-z0-9+/=", 4000), around=_NAME)
        for head in ("Basic ", "basic ")
    ),
)
"""Every shape that is masked."""
