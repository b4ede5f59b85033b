"""What secrets look like that nobody told us: keys of well-known services, tokens, private keys.

A shape is a row of atoms, each a set of characters and how often they come, so that two patterns can be made of it:
one that finds it, and one that finds what may still become it when more text comes. All are bounded, begin
where no such word is under way, and look at nothing beyond their own end; so what a text holds doesn't depend on
the pieces in which it comes, and searching takes time in proportion to the text.
"""

import re
from dataclasses import dataclass
from typing import Final

MARK: Final = "[secret]"
"""What stands in the place of every secret."""

_WORD: Final = "A-Za-z0-9_-"
_BEARER: Final = "A-Za-z0-9._~+/=-"
_KEY_TEXT: Final = r"A-Za-z0-9+/=\s\\:|"


@dataclass(frozen=True)
class Atom:
    """From `least` to `most` characters of a set, written as within the brackets of a pattern."""

    chars: str
    least: int
    most: int

    def times(self, least: int) -> str:
        """The pattern for at least so many of them."""
        if self.least == self.most == 1 == least:
            return f"[{self.chars}]"
        return f"[{self.chars}]{{{least},{self.most}}}"


@dataclass(frozen=True)
class Shape:
    """`head` begins it, then come the atoms. `inside` must match after the head: it tells a key from a name.

    None of the characters `around` stands right before it.
    """

    head: str
    atoms: tuple[Atom, ...]
    inside: str = ""
    around: str = "A-Za-z0-9_-"

    @property
    def whole(self) -> str:
        """The pattern that finds it."""
        rest = "".join(atom.times(atom.least) for atom in self.atoms)
        return self._begins(_plain(self.head)) + self.inside + rest

    @property
    def begun(self) -> str:
        """The pattern that finds, at the end of a text, what may become it."""
        rest = r"\Z"
        for atom in reversed((*_literal(self.head[1:]), *self.atoms)):
            rest = rf"(?:{atom.times(atom.least)}{rest}|{atom.times(0)}\Z)"
        return self._begins(_plain(self.head[0])) + rest

    def _begins(self, head: str) -> str:
        # What comes before is looked at only after a character that fits, which makes for a fast search.
        return f"{head}(?<![{self.around}]{head})(?<!{re.escape(MARK)}{head})"


def _literal(text: str) -> tuple[Atom, ...]:
    return tuple(Atom(re.escape(char), 1, 1) for char in text)


def _plain(text: str) -> str:
    return "".join(char if char.isalnum() or char in "-_ " else re.escape(char) for char in text)


def _digit(chars: str, within: int) -> str:
    return f"(?=[{chars}]{{0,{within - 1}}}[0-9])"


def _key(head: str, chars: str, least: int, most: int) -> Shape:
    """A key with a digit in it, after a head that names the service."""
    return Shape(head, (Atom(chars, least, most),), _digit(chars, least))


_ALNUM: Final = "A-Za-z0-9"
_ARMOUR: Final = (Atom("A-Z ", 0, 24), *_literal("PRIVATE KEY-----"), Atom(_KEY_TEXT, 48, 16_000))
_ARMOURED: Final = f"(?=[A-Z ]{{0,24}}PRIVATE KEY-----[{_KEY_TEXT}]{{0,80}}[A-Za-z0-9+/]{{40}})"

_QUOTE: Final = Atom(r"\\\"'", 0, 2)
_SET_TO: Final = (_QUOTE, Atom(" ", 0, 1), Atom("=:", 1, 1), Atom(" ", 0, 1), _QUOTE)
_SET_TO_TEXT: Final = "".join(atom.times(atom.least) for atom in _SET_TO)
_TYPED: Final = r"A-Za-z0-9!#%&*+@^_~?-"
_DRAWN: Final = _SET_TO_TEXT + "".join(f"(?=[{_TYPED}]{{0,99}}[{kind}])" for kind in ("A-Z", "a-z", "0-9"))
_USER: Final = "A-Za-z0-9._%+-"

SHAPES: Final = (
    Shape("sk-", (Atom(_WORD, 20, 300),), _digit(_WORD, 300) + f"(?=[{_WORD}]{{0,280}}[{_ALNUM}]{{16}})"),
    *(Shape(head, (Atom(_ALNUM, 36, 255),)) for head in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_")),
    _key("github_pat_", "A-Za-z0-9_", 22, 255),
    _key("glpat-", "A-Za-z0-9_.-", 20, 300),
    *(_key(f"xox{kind}-", "A-Za-z0-9-", 16, 300) for kind in "abeoprs"),
    *(_key(head, "A-Z0-9", 16, 16) for head in ("AKIA", "ASIA")),
    *(
        Shape(head, (*_SET_TO, Atom("A-Za-z0-9/+", 40, 40)), around=_ALNUM)
        for head in ("secret_access_key", "SECRET_ACCESS_KEY", "SecretAccessKey")
    ),
    *(
        # Code names passwords all the time; what has capitals, small letters and digits is hardly a name.
        Shape(head, (*_SET_TO, Atom(_TYPED, 8, 100)), f"(?={_DRAWN})", around=_ALNUM)
        for head in ("password", "PASSWORD", "Password")
    ),
    Shape(
        "://",  # a password in an address
        (Atom(_USER, 0, 64), *_literal(":"), Atom(r"A-Za-z0-9._%+!&*,;=?~^#\-", 1, 128), *_literal("@")),
        around=r"\0",
    ),
    _key("AIza", _WORD, 35, 35),
    *(_key(head, _ALNUM, 20, 255) for head in ("sk_live_", "rk_live_", "gsk_", "xai-")),
    _key("hf_", _ALNUM, 30, 64),
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
        around=r"A-Za-z0-9_.-",
    ),
    Shape("-----BEGIN ", _ARMOUR, _ARMOURED, around="-"),
    *(Shape(head, (Atom(_BEARER, 20, 4000),), _digit(_BEARER, 4000)) for head in ("Bearer ", "bearer ")),
    *(Shape(head, (Atom("A-Za-z0-9+/=", 16, 4000),), _digit("A-Za-z0-9+/=", 4000)) for head in ("Basic ", "basic ")),
)
"""Every shape that is masked."""
