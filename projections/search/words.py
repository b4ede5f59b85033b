"""Words: where they begin and end in a text, and what a person's query means. Pure.

The index splits texts at everything but letters, digits and marks. In scripts that are written without spaces, each
character is a word of its own, so that any part of a sentence is found. A character between the words marks that.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Final

from ...domain.errors import InvalidInput

SPLIT: Final = "\x1f"
"""Separates the characters of a script without spaces. A text's own separators of this kind become spaces."""

UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3100-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Chinese, Japanese and Korean, as the inside of a regular expression's brackets."""

MOST_PHRASES: Final = 16
"""Different words and phrases of a query that count."""

MOST_WORDS: Final = 48
"""Words of a query, in all its phrases. In scripts without spaces, each character is one."""

MOST_REPEATS: Final = 6
"""Times that a word may be in a query: the index reads all places of a word once for each time."""

_UNSPACED: Final = re.compile(f"[{UNSPACED}]")
_WORDS: Final = re.compile(f"[{UNSPACED}]|[^ {UNSPACED}]+")

_PHRASES: Final = re.compile(r'"([^"]*)("?)|([^\s"]+)')
_WORD: Final = re.compile(r"[^\W_]")
_UNSTORABLE: Final = str.maketrans({"\0": " ", SPLIT: " "})

ACCENT: Final = "\u0301"
"""Stands for every accent in a folded text."""

_ACCENTS: Final = range(0x300, 0x370)
_CACHED: Final = 0xFFFF


class TooManyWords(InvalidInput):
    """A search may have at most 48 words, and each at most 6 times; a character of a script without spaces counts as a word."""

    code = "too_many_words"


@dataclass(frozen=True, slots=True)
class Query:
    """What a query looks for. `goes_on`: the last phrase's last word may go on."""

    phrases: tuple[str, ...]
    goes_on: bool

    def expression(self) -> str:
        """The query in the language of the index."""
        return " ".join(f'"{split(phrase)}"' for phrase in self.phrases) + (" *" if self.goes_on else "")


def split(text: str) -> str:
    """The text as it is indexed: the same words, with each character of a script without spaces as a word."""
    if "\0" in text or SPLIT in text:
        text = text.translate(_UNSTORABLE)
    return text if text.isascii() else _UNSPACED.sub(f"{SPLIT}\\g<0>{SPLIT}", text)


def joined(indexed: str) -> str:
    """The text again, as it was before `split`."""
    return indexed.replace(SPLIT, "")


def understood(query: str) -> Query | None:
    """What a person's query means; None where it has no word.

    - Every word must be there, in any order. Words in double quotes must follow each other; so must the parts of a word,
      as in `src/cart.py`.
    - The last word may go on, unless something behind it ends it. A star says the same.
    - Nothing else has a meaning: `AND`, `NEAR`, `-` and brackets are words, or nothing.
    - A repeated word says nothing new. Of the different ones the first `MOST_PHRASES` count.
    - Raises `TooManyWords` where these have more words than `MOST_WORDS`, or one of them more often than `MOST_REPEATS`.
    """
    given = [found.group(1) if found.group(3) is None else found.group(3) for found in _PHRASES.finditer(query)]
    different: dict[str, str] = {}
    for phrase in filter(has_word, given):
        different.setdefault(folded(phrase), phrase)
    if not different:
        return None
    phrases = tuple(different.values())[:MOST_PHRASES]
    times = Counter(word for phrase in phrases for word in words_of(phrase))
    if times.total() > MOST_WORDS or max(times.values()) > MOST_REPEATS:
        raise TooManyWords
    goes_on = has_word(given[-1]) and (query[-1] == "*" or unicodedata.category(query[-1])[0] in "LMNC")
    # A word that is there as it stands also begins one: only a last phrase that is new can go on.
    alone = sum(folded(phrase) == folded(given[-1]) for phrase in given) == 1
    return Query(phrases, goes_on and alone and len(different) <= MOST_PHRASES)


def folded(text: str) -> str:
    """The text as the index compares it, in as many characters: small letters without accents, and spaces between words."""
    return text.translate(_FOLDS)


def words_of(phrase: str) -> list[str]:
    """The words of a phrase, as the index compares them."""
    return [word_key(word) for word in _WORDS.findall(folded(phrase))]


def word_key(word: str) -> str:
    """A word of a folded text, as the index compares it."""
    return word if word.isascii() else word.replace(ACCENT, "")


class _Folds(dict[int, str]):
    """What each character becomes, worked out once. Rare characters are worked out each time, so that this stays small."""

    def __missing__(self, code: int) -> str:
        became = _folded(chr(code))
        if code <= _CACHED:
            self[code] = became
        return became


def _folded(char: str) -> str:
    category = unicodedata.category(char)
    if ord(char) in _ACCENTS:
        return ACCENT
    if category not in {"Lu", "Ll", "Lt"}:
        return char if category[0] in "LMN" or category == "Co" else " "
    letter = unicodedata.normalize("NFD", char)[0]
    small = letter.casefold()
    return small if len(small) == 1 else letter


_FOLDS: Final = _Folds()


def has_word(text: str) -> bool:
    """Whether the text has a word."""
    return _WORD.search(text) is not None
