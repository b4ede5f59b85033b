"""The forms of one character of a secret: plain, percent-encoded, or after backslashes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html.entities import codepoint2name
from typing import Final

MOST_BACKSLASHES: Final = 8
"""Backslashes before one character at most, as in JSON within JSON within JSON."""

_NAMED: Final = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
WRITTEN_OUT: Final = {
    "'": ("'\"'\"'", "'\\''", "&apos;"),
    '"': ("&quot;",),
    "&": ("&amp;",),
    "<": ("&lt;",),
    ">": ("&gt;",),
    "\n": ("\r\n",),
    **{chr(code): (f"&{name};",) for code, name in codepoint2name.items() if not chr(code).isascii()},
}
"""How shells quote a quote, how HTML writes its own characters and letters beyond ASCII, and how other systems end a line."""
_REFERENCE: Final = re.compile(r"&#(?:[xX](?P<hex>[0-9A-Fa-f]{1,8})|(?P<number>[0-9]{1,8}));")
_REFERENCE_BEGUN: Final = re.compile(r"&(?:#(?:[xX]?[0-9A-Fa-f]{0,8})?)?")
_LONGEST: Final = MOST_BACKSLASHES + 16
"""Characters of one form at most."""


def is_referred_to(char: str) -> bool:
    """Whether HTML may write a character by its number: ASCII letters and digits are never written this way."""
    return not (char.isascii() and char.isalnum())


@dataclass(frozen=True)
class Ways:
    """One character in all its forms."""

    char: str

    def ends(self, text: str, place: int) -> Iterator[int]:
        """Where the character ends if it begins at `place`, once for each form."""
        if text.startswith(self.char, place):
            yield place + len(self.char)
        for written in WRITTEN_OUT.get(self.char, ()):
            if text.startswith(written, place):
                yield place + len(written)
        match text[place : place + 1]:
            case "%" if text[place : place + len(self._percent)].upper() == self._percent:
                yield place + len(self._percent)
            case "+" if self.char == " ":
                yield place + 1
            case "&" if (found := _REFERENCE.match(text, place)) and self._is_meant(found):
                yield found.end()
            case "\\":
                yield from self._after_backslashes(text, place)
            case _:
                return

    def is_begun(self, text: str, place: int) -> bool:
        """Whether the text ends in the middle of a form that begins at `place`."""
        rest = text[place : place + _LONGEST]
        if not rest or place + len(rest) < len(text):
            return False
        if rest[0] == "%":
            return len(rest) < len(self._percent) and self._percent.startswith(rest.upper())
        if rest[0] == "\\":
            tail = rest.lstrip("\\").lower()
            return any(len(tail) < len(escape) and escape.lower().startswith(tail) for escape in self._escapes)
        if _REFERENCE_BEGUN.fullmatch(rest) and is_referred_to(self.char):
            return True
        return any(written != rest and written.startswith(rest) for written in WRITTEN_OUT.get(self.char, ()))

    def _is_meant(self, reference: re.Match[str]) -> bool:
        """Whether an HTML character reference is to this character."""
        code = int(reference["hex"], 16) if reference["hex"] else int(reference["number"])
        return code == ord(self.char) and is_referred_to(self.char)

    @cached_property
    def pattern(self) -> str:
        """A pattern for all forms, the longest first."""
        escapes = "|".join(f"(?i:{re.escape(escape)})" for escape in sorted(self._escapes, key=len, reverse=True))
        written = [re.escape(one) for one in WRITTEN_OUT.get(self.char, ())]
        if is_referred_to(self.char):
            written.append(f"&#(?:[xX]0*(?i:{ord(self.char):x})|0*{ord(self.char)});")
        ways = [*written, rf"\\{{1,{MOST_BACKSLASHES}}}(?:{escapes})", f"(?i:{self._percent})", re.escape(self.char)]
        return f"(?:{'|'.join(ways)}{'|[+]' if self.char == ' ' else ''})"

    def _after_backslashes(self, text: str, place: int) -> Iterator[int]:
        last = place
        while last < place + MOST_BACKSLASHES and text.startswith("\\", last):
            last += 1
            for escape in self._escapes:
                written = text[last : last + len(escape)]
                if written == escape or (len(escape) > 1 and written.lower() == escape.lower()):
                    yield last + len(escape)

    @cached_property
    def _percent(self) -> str:
        return "".join(f"%{byte:02X}" for byte in self.char.encode("utf-8", "replace"))

    @cached_property
    def _escapes(self) -> tuple[str, ...]:
        units = self.char.encode("utf-16-be", "surrogatepass")
        codes = [f"u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2)]
        named = (_NAMED[self.char],) if self.char in _NAMED else ()
        # A letter or digit is never escaped by a backslash alone.
        plain = () if self.char.isalnum() else (self.char,)
        pairs = [("\\" * within).join(codes) for within in (1, 2, 4)] if len(codes) > 1 else codes
        return (*plain, *named, *pairs)


@lru_cache(maxsize=4096)
def ways_of(char: str) -> Ways:
    """The forms of a character."""
    return Ways(char)
