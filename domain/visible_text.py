"""Writes hidden characters as `<U+202E>`, so that a person reads what is really there.

One table has all hidden characters, for terminals and for the page, which gets it from here. The table leaves out:

- characters that look like others (a Cyrillic `а`),
- letters that run from right to left,
- marks that are put on letters.
"""

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Code points, each range from its first to its last."""

HIDDEN: Final[Ranges] = (
    (0x0000, 0x001F),  # controls, line breaks and the tab among them
    (0x007F, 0x00A0),  # delete, more controls, the blank that doesn't break
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark, which changes directions
    (0x070F, 0x070F),  # Syriac abbreviation mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x1680, 0x1680),  # a blank
    (0x17B4, 0x17B5),  # Khmer vowels that are not shown
    (0x180B, 0x180F),  # Mongolian variation selectors and vowel separator
    (0x2000, 0x200F),  # blanks, zero widths, joiners, direction marks
    (0x2028, 0x202F),  # line and paragraph ends, embeddings and overrides of direction, a narrow blank
    (0x205F, 0x206F),  # a blank, word joiner, invisible operators, isolates of direction
    (0x2800, 0x2800),  # Braille without a dot
    (0x3000, 0x3000),  # a wide blank
    (0x3164, 0x3164),  # Hangul filler
    (0xD800, 0xF8FF),  # halves of pairs, private use
    (0xFDD0, 0xFDEF),  # no characters
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # zero width, or the mark of a byte order
    (0xFFA0, 0xFFA0),  # Hangul filler
    (0xFFF0, 0xFFFC),  # interlinear marks, the place of an object
    (0xFFFE, 0xFFFF),  # no characters
    (0x13430, 0x13442),  # Egyptian joiners and blanks
    (0x16FE4, 0x16FE4),  # Khitan filler
    (0x1BCA0, 0x1BCA3),  # shorthand controls
    (0x1D159, 0x1D159),  # a note without a head
    (0x1D173, 0x1D17A),  # musical controls
    *((plane | 0xFFFE, plane | 0xFFFF) for plane in range(0x10000, 0xE0000, 0x10000)),  # no characters
    (0xE0000, 0xE0FFF),  # tags, more variation selectors
    (0xEFFFE, 0x10FFFF),  # no characters, private use
)
"""Characters that are invisible or look like a blank, break a line, reorder others, or have no agreed look."""

PICTURES: Final[Ranges] = (
    (0x00A9, 0x00A9),
    (0x00AE, 0x00AE),
    (0x203C, 0x203C),
    (0x2049, 0x2049),
    (0x2122, 0x2122),
    (0x2139, 0x2139),
    (0x2190, 0x21FF),
    (0x2300, 0x23FF),
    (0x24C2, 0x24C2),
    (0x25A0, 0x27BF),
    (0x2934, 0x2935),
    (0x2B00, 0x2BFF),
    (0x3030, 0x3030),
    (0x303D, 0x303D),
    (0x3297, 0x3299),
    (0x1F000, 0x1FAFF),
)
"""Characters that may be pictures; their variants and joiners are visible."""

JOINING: Final[Ranges] = ((0x0620, 0x06D3), (0x0750, 0x077F), (0x0900, 0x0DFF), (0x1780, 0x17B3), (0x1820, 0x18AA))
"""Letters of scripts in which a joiner between two letters is part of a word's spelling."""

BREAKS: Final = "\n\t"
"""Characters that stay in text of several lines."""


def _class(ranges: Iterable[tuple[int, int]]) -> str:
    return "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges) + "]"


_UNSEEN: Final = _class(HIDDEN)
_PICTURE: Final = f"{_class(PICTURES)}[\\ufe0e\\ufe0f]?"
_JOINED: Final = _class(JOINING)
_HIDDEN: Final = re.compile(f"({_UNSEEN})")
_HIDDEN_IN_PROSE: Final = re.compile(
    f"{_PICTURE}(?:\\u200d{_PICTURE})*|[0-9#*]\\ufe0f\\u20e3|{_JOINED}[\\u200c\\u200d](?={_JOINED})|({_UNSEEN})"
)


def visible(text: str, keep: str = BREAKS) -> str:
    """The text with each hidden character written out, except those in `keep`: for commands, paths, names, outputs."""
    return _HIDDEN.sub(lambda found: _shown(found, keep), text)


def visible_prose(text: str, keep: str = BREAKS) -> str:
    """As `visible`, for sentences: joiners and variation selectors stay where they make pictures or spell words."""
    return _HIDDEN_IN_PROSE.sub(lambda found: _shown(found, keep), text)


def one_line(text: str) -> str:
    """The text on one line: its line breaks and tabs are written out too."""
    return visible(text, keep="")


def _shown(found: re.Match[str], keep: str) -> str:
    char = found[1]
    return found[0] if char is None or char in keep else f"<U+{ord(char):04X}>"
