"""Words: where they begin and end in a text, and what a person's query means. Pure.

The index splits texts at everything but letters, digits and marks. In scripts that are written without spaces, each
character is a word of its own, so that any part of a sentence is found. A character between the words marks that.
"""

import re
import unicodedata
from typing import Final

SPLIT: Final = "\x1f"
"""Separates the characters of a script without spaces. A text's own separators of this kind become spaces."""

_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3100-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Chinese, Japanese and Korean."""

_PHRASES: Final = re.compile(r'"([^"]*)("?)|([^\s"]+)')
_WORD: Final = re.compile(r"[^\W_]")
_UNSTORABLE: Final = str.maketrans({"\0": " ", SPLIT: " "})


def split(text: str) -> str:
    """The text as it is indexed: the same words, with each character of a script without spaces as a word."""
    if "\0" in text or SPLIT in text:
        text = text.translate(_UNSTORABLE)
    return text if text.isascii() else _UNSPACED.sub(f"{SPLIT}\\g<0>{SPLIT}", text)


def joined(indexed: str) -> str:
    """The text again, as it was before `split`."""
    return indexed.replace(SPLIT, "")


def expression(query: str) -> str | None:
    """The query in the language of the index; None where it has no word.

    - Every word must be there, in any order. Words in double quotes must follow each other; so must the parts of a word,
      as in `src/cart.py`.
    - The last word may go on, unless something behind it ends it. A star says the same.
    - Nothing else has a meaning: `AND`, `NEAR`, `-` and brackets are words, or nothing.
    """
    phrases = [found.group(1) if found.group(3) is None else found.group(3) for found in _PHRASES.finditer(query)]
    terms = [f'"{split(phrase)}"' for phrase in phrases if has_word(phrase)]
    if not terms:
        return None
    goes_on = has_word(phrases[-1]) and (query[-1] == "*" or unicodedata.category(query[-1])[0] in "LMNC")
    return " ".join(terms) + (" *" if goes_on else "")


def has_word(text: str) -> bool:
    """Whether the text has a word."""
    return _WORD.search(text) is not None
