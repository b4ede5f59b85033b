"""The head of a SQLite file and its schema, read by our own code, before SQLite parses a file of others.

The format: https://www.sqlite.org/fileformat2.html
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

MAGIC: Final = b"SQLite format 3\0"
HEAD: Final = 100
"""Bytes of a file before its first page's own content."""

MOST_PARTS: Final = 200
MOST_PAGES: Final = 100
MOST_BYTES: Final = 2**16
"""Far more than any schema of ours has: parts, pages, bytes of its longest statement."""

_LARGEST: Final = 65536
_UTF8: Final = (0, 1)
_TABLE_LEAF, _TABLE_INNER = 13, 5
_LEAF: Final = (10, 13)

_WIDTHS: Final = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}
"""How many bytes a number has, by its serial type."""


class BadFormat(ValueError):
    """A file is no SQLite file, is damaged, or is of a kind that isn't read here."""


class TooMuch(BadFormat):
    """A schema is far larger than any of ours."""


class Head(NamedTuple):
    """What a file says of itself. `usable`: bytes of a page that SQLite uses."""

    page_size: int
    usable: int


class Part(NamedTuple):
    """A row of a schema: a table, an index, a trigger or a view. `root`: its first page."""

    kind: str
    name: str
    table: str
    root: int
    sql: str | None


Page = Callable[[int], bytes]
"""Gives a page by its number, from 1 on; shorter or empty beyond the end."""


def head_of(content: bytes) -> Head:
    """What a file's first bytes say. Raises `BadFormat`."""
    if not content.startswith(MAGIC) or len(content) < HEAD:
        raise BadFormat("it is not an SQLite database")
    size = int.from_bytes(content[16:18])
    page_size = _LARGEST if size == 1 else size
    if page_size < 512 or page_size & (page_size - 1):
        raise BadFormat(f"its pages can't have {page_size} bytes")
    if int.from_bytes(content[56:60]) not in _UTF8:
        raise BadFormat("its texts are not in UTF-8")
    if max(content[18], content[19]) > 2 or page_size - content[20] < 480:
        raise BadFormat("it is of a kind that SQLite itself knows nothing of")
    return Head(page_size, page_size - content[20])


def schema_of(page: Page, head: Head) -> list[Part]:
    """All parts of a file's schema. Raises `BadFormat`, also if it has far more than any of ours."""
    found, seen = list[Part](), set[int]()
    for number, cell in _cells(page, 1, seen):
        found.append(_part(_payload(page, head, number, cell, seen)))
        if len(found) > MOST_PARTS:
            raise TooMuch(f"its schema has more than {MOST_PARTS} parts")
    return found


def first_texts_of(page: Page, head: Head, root: int) -> list[str]:
    """The text in the first column of each row of a small table, if it exists. Raises `BadFormat`."""
    found, seen = list[str](), set[int]()
    for number, cell in _cells(page, root, seen):
        match _values(_payload(page, head, number, cell, seen), 1):
            case [str(text)]:
                found.append(text)
            case _:
                continue
    return found


def fits_a_page(page: Page, root: int) -> bool:
    """Whether a table or an index has only its first page."""
    content = page(root)
    return len(content) > HEAD and content[HEAD if root == 1 else 0] in _LEAF


def _cells(page: Page, number: int, seen: set[int]) -> Iterator[tuple[int, int]]:
    """The places of a table's cells, in their order: a page, and an offset in it."""
    content = _new(page, number, seen)
    start = HEAD if number == 1 else 0
    kind, count = content[start], int.from_bytes(content[start + 3 : start + 5])
    pointers = start + (12 if kind == _TABLE_INNER else 8)
    if kind not in (_TABLE_LEAF, _TABLE_INNER) or pointers + 2 * count > len(content):
        raise BadFormat("its schema is damaged")
    cells = [int.from_bytes(content[at : at + 2]) for at in range(pointers, pointers + 2 * count, 2)]
    if kind == _TABLE_LEAF:
        yield from ((number, cell) for cell in cells)
        return
    for below in (*(content[cell : cell + 4] for cell in cells), content[start + 8 : start + 12]):
        yield from _cells(page, int.from_bytes(below), seen)


def _new(page: Page, number: int, seen: set[int]) -> bytes:
    """A page that wasn't read before. One that is used twice makes a loop."""
    content = page(number) if number and number not in seen else b""
    seen.add(number)
    if len(content) < 480:
        raise BadFormat("its schema is damaged")
    if len(seen) > MOST_PAGES:
        raise TooMuch(f"its schema takes more than {MOST_PAGES} pages")
    return content


def _payload(page: Page, head: Head, number: int, at: int, seen: set[int]) -> bytes:
    """The record in a cell, with the part that lies in pages of its own."""
    content, usable = page(number), head.usable
    length, at = _varint(content, at)
    _rowid, at = _varint(content, at)
    if length > MOST_BYTES:
        raise TooMuch(f"its schema has a statement of {length:,} bytes")
    least = (usable - 12) * 32 // 255 - 23
    local = least + (length - least) % (usable - 4)
    local = length if length <= usable - 35 else local if local <= usable - 35 else least
    found, link = content[at : at + local], content[at + local : at + local + 4]
    while len(found) < length:
        more = _new(page, int.from_bytes(link), seen)
        found, link = found + more[4 : min(usable, 4 + length - len(found))], more[:4]
    return found


def _part(record: bytes) -> Part:
    match _values(record, 5):
        case [str(name_of_kind), str(name), str(table), int(root), str() | None as sql]:
            return Part(name_of_kind, name, table, root, sql)
        case _:
            raise BadFormat("its schema is damaged")


def _values(record: bytes, most: int) -> list[str | int | None]:
    """The first values of a record."""
    size, at = _varint(record, 0)
    kinds = list[int]()
    while at < size:
        kind, at = _varint(record, at)
        kinds.append(kind)
    values = list[str | int | None]()
    for kind in kinds[:most]:
        width = _WIDTHS.get(kind, (kind - 12) // 2)
        values.append(_value(kind, record[at : at + width], width))
        at += width
    return values


def _value(kind: int, content: bytes, width: int) -> str | int | None:
    if len(content) != width:
        raise BadFormat("its schema is damaged")
    if kind in (8, 9):
        return kind - 8
    if 1 <= kind <= 6:
        return int.from_bytes(content, signed=True)
    if kind >= 13 and kind % 2:
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise BadFormat("its schema is damaged") from None
    return None


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number, and the place where the next one begins."""
    number = 0
    for place, byte in enumerate(content[at : at + 9], 1):
        if place == 9:
            return number << 8 | byte, at + 9
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, at + place
    raise BadFormat("its schema is damaged")
