"""How the pages for readers are written: short sentences, short lines, lists instead of semicolons."""

import statistics

import pytest

from .prose import sentences, without_code, words
from .tree import ROOT

# A decision record keeps the sentences of its day.
PAGES = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))
MOST_IN_A_LINE = 120
MEDIAN_OF_WORDS = 16
LONG_SENTENCE = 30
# One sentence in fifty may be long, and one in twenty may have a semicolon: some enumerations are best read in one go.
SHARE_OF_LONG = 0.02
SHARE_OF_SEMICOLONS = 0.05
EXAMPLE = """# A heading that has many words
One sentence has five words. And `some code` is one word,
over two lines.

    an indented line of code here

- A [link to a page](docs/a.md) counts by its text.
   `tests/domain/test_wire.py::test_what_was_once_written`
| a cell | A cell that is a sentence. |
```text
This is code as well, not prose.
```
"""


@pytest.mark.parametrize("page", PAGES)
def test_lines_fit_an_editor(page: str) -> None:
    """Tables and addresses can't be broken. Everything else is."""
    text = without_code((ROOT / page).read_text(encoding="utf-8"))
    lines = enumerate(text.splitlines(), start=1)
    assert [n for n, line in lines if len(line) > MOST_IN_A_LINE and not line.lstrip().startswith("|")] == []


@pytest.mark.parametrize("page", PAGES)
def test_sentences_are_short(page: str) -> None:
    """A reader in a second language understands each sentence at first reading."""
    found = sentences((ROOT / page).read_text(encoding="utf-8"))
    long = [sentence for sentence in found if words(sentence) > LONG_SENTENCE]
    joined = [sentence for sentence in found if ";" in sentence]
    assert statistics.median(map(words, found)) <= MEDIAN_OF_WORDS
    assert len(long) <= SHARE_OF_LONG * len(found), long
    assert len(joined) <= SHARE_OF_SEMICOLONS * len(found), joined


def test_what_counts_as_a_sentence() -> None:
    """Code, headings, addresses, fragments and the names of tests are none."""
    assert [words(sentence) for sentence in sentences(EXAMPLE)] == [5, 8, 9, 6]
