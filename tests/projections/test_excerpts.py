"""Excerpts: what is shown of a text, what is marked, and how much is looked at for it."""

import sqlite3
import unicodedata
from itertools import pairwise

import pytest

from opencode_ledger.projections.search import excerpts as x
from opencode_ledger.projections.search.words import MOST_PHRASES, folded, split, understood

ENGLISH = "The quick brown fox jumps over the lazy dog, and the end of the road is where the fox sleeps. "
HOSTILE = {
    "10 kB of English": (ENGLISH * 105, "the " * 29 + "the"),
    "one word 50,000 times": ("a " * 50_000, "a"),
    "a phrase that nearly fits everywhere": ("a " * 49_000 + "b", '"' + "a " * 6 + 'b"'),
    "many phrases that begin alike": ("a " * 50_000, " ".join(f'"{"a " * number}"' for number in range(1, 4))),
    "no space": ("a" * 100_000, "a"),
    "no space, in Chinese": ("数" * 100_000, "数" * 6),
    "accents": ("a" + "\u0301" * 99_999, "a"),
}
UNUSUAL = "ͅ"
"""What SQLite takes for a letter: what it finds with it is shown without a mark."""


def excerpts(query: str) -> x.Excerpts:
    """The excerpts for a query that has a word."""
    meant = understood(query)
    assert meant is not None
    return x.Excerpts(meant)


def shown(text: str, query: str) -> tuple[str, list[str]]:
    """The excerpt of a text, and what is marked in it."""
    excerpt = excerpts(query).of(split(text))
    assert len(excerpt.text) <= x.LONGEST
    assert all(end < begin for (_, end), (begin, _) in pairwise(excerpt.marks))
    return excerpt.text, [excerpt.text[first:end] for first, end in excerpt.marks]


@pytest.mark.parametrize(("text", "query"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts(text: str, query: str) -> None:
    """A text that is made to take long has a short excerpt, and no more is looked at than the limit of a text."""
    made = excerpts(query)
    excerpt = made.of(split(text)[:100_000])
    assert 0 < len(excerpt.text) <= x.LONGEST
    assert all(0 <= first < end <= len(excerpt.text) for first, end in excerpt.marks)
    assert x.MOST_STEPS_OF_A_PAGE - made.left <= x.MOST_STEPS_OF_A_TEXT


def test_a_page_has_a_limit() -> None:
    """When the words of a page are used up, further texts are shown from their beginning, without marks."""
    made = excerpts("end")
    text = "a " * 49_000 + "end"
    of_all = [made.of(text) for _ in range(30)]
    assert of_all[0].text.endswith("a end") and of_all[0].marks
    assert of_all[-1].text == "a " * 148 + "a…"
    assert of_all[-1].marks == () and made.left >= 0


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("cart", ["cart", "Cart"]),
        ("TOT", ["Total"]),
        ("tot ", []),
        ('"the cart"', ["the cart"]),
        ("src/ca", ["src/ca"]),
        ("koln cafe", ["Köln", "Café", "cafe\u0301"]),
        ("据库", ["据库"]),
        ("हिन्दी", ["हिन्दी"]),
        ("strasse\u0301", ["strasse"]),
    ],
)
def test_what_is_marked(query: str, marked: list[str]) -> None:
    """Whole words and beginnings are marked, without regard to case and accents."""
    text = "Total of the cart: src/ca.py, Cart, Köln, Café, cafe\u0301, 数据库, हिन्दी, strasse"
    assert shown(text, query) == (text, marked)


def test_around_the_first() -> None:
    """An excerpt begins and ends between words, with a sign where something is left out."""
    text, marked = shown(ENGLISH * 20 + "A needle. " + ENGLISH * 20, "needle")
    assert marked == ["needle"]
    assert text.startswith("…") and text.endswith("…") and text[1:-1].split()[0] in ENGLISH.split()
    assert shown("x" * 1000, "x")[0] == "x" * 298 + "…"


def test_repeated_words() -> None:
    """A repeated word counts once, and of too many different words the first ones count."""
    for query in ("the " * 30, "the " * 29 + "the", "The THE the ", "thé the "):
        meant = understood(query)
        assert meant is not None and len(meant.phrases) == 1 and not meant.goes_on
    many = understood(" ".join(f"word{number}" for number in range(40)))
    assert many is not None and many.phrases[-1] == f"word{MOST_PHRASES - 1}" and len(many.phrases) == MOST_PHRASES
    assert not many.goes_on


def test_the_same_words_as_the_index() -> None:
    """Letters of European alphabets and signs are folded and split as SQLite does it, or folded further."""
    database = sqlite3.connect(":memory:")
    tokens = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
    database.execute(f'CREATE VIRTUAL TABLE s USING fts5 (text, tokenize = "{tokens}")')
    database.execute("CREATE VIRTUAL TABLE v USING fts5vocab (s, instance)")
    codes = [
        code
        for code in range(1, 0x530)
        if unicodedata.category(chr(code)) not in {"Cn", "So"} and chr(code) not in UNUSUAL
    ]
    database.executemany("INSERT INTO s (rowid, text) VALUES (?, ?)", [(code, f"x{chr(code)}y") for code in codes])
    indexed: dict[int, list[str]] = {}
    for term, row in database.execute("SELECT term, doc FROM v ORDER BY doc, offset"):
        indexed.setdefault(row, []).append(term)
    database.close()
    for code, words in indexed.items():
        ours = folded(f"x{chr(code)}y").replace("\u0301", "").split(" ")
        again = [folded(word).replace("\u0301", "") for word in words]
        assert ours == again, (hex(code), ours, words)
