"""The sentences of a Markdown page, without its code, headings and addresses."""

import re
from collections.abc import Iterator

_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n)+")
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_ITEM = re.compile(r"^ *(?:[-*]|\d+\.) +")
_TEST = re.compile(r"^ *`tests/[^`]+`$", re.MULTILINE)
_END = re.compile(r"(?<=[.!?])[*_)\"]*\s+(?=[\"*_(]*[A-Z0-9])")
# A shorter one is a fragment, such as most cells of a table.
_FEWEST_WORDS = 4


def without_code(page: str) -> str:
    """The page without blocks of code. Each leaves its lines empty, so that line numbers stay."""
    for block in (_FENCE, _INDENTED):
        page = block.sub(lambda code: "\n" * code.group().count("\n"), page)
    return page


def sentences(page: str) -> list[str]:
    """Every sentence of the page's paragraphs, list items and table cells. A piece of code counts as one word."""
    texts = _texts(_TEST.sub("", without_code(page)))
    found = (sentence.strip() for text in texts for sentence in _END.split(_plain(text)))
    return [sentence for sentence in found if words(sentence) >= _FEWEST_WORDS]


def words(sentence: str) -> int:
    """How many words a sentence has: what stands between blanks and holds a letter or digit."""
    return sum(any(letter.isalnum() for letter in word) for word in sentence.split())


def _plain(text: str) -> str:
    return _LINK.sub(r"\1", _CODE.sub("Code", text))


def _texts(page: str) -> Iterator[str]:
    """Paragraphs, items and cells, each on one line."""
    gathered: list[str] = []
    for line in [*page.splitlines(), ""]:
        is_row = line.lstrip().startswith("|")
        if is_row or not line.strip() or line.startswith("#") or _ITEM.match(line):
            yield " ".join(gathered)
            gathered = []
        if is_row:
            yield from line.strip().strip("|").split("|")
        elif not line.startswith("#"):
            gathered.append(_ITEM.sub("", line).strip())
