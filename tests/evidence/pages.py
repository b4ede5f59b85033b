"""Pages of a table as somebody forges them: that lead to themselves, to one another, or to more than there is."""

from collections.abc import Callable
from typing import Final

PAGE: Final = 4096


def inner(*children: int) -> bytes:
    """An inner page of a table, whose children are these pages."""
    cells, at = b"", PAGE
    content = bytearray(PAGE)
    for number, child in enumerate(children[:-1]):
        cell = child.to_bytes(4) + bytes([number + 1])
        at -= len(cell)
        content[at : at + len(cell)] = cell
        cells += at.to_bytes(2)
    content[0] = 5
    content[3:5] = (len(children) - 1).to_bytes(2)
    content[5:7] = at.to_bytes(2)
    content[8:12] = children[-1].to_bytes(4)
    content[12 : 12 + len(cells)] = cells
    return bytes(content)


def many_ways(root: int, new: int) -> bytes:
    """Each page leads to the next one a hundred times: there are more ways than can ever be gone."""
    return inner(*[new] * 100) + b"".join(inner(*[new + n + 1] * 100) for n in range(15)) + leaf(row(1, 10))


def leaf(*cells: bytes) -> bytes:
    """A leaf of a table."""
    content, at, pointers = bytearray(PAGE), PAGE, b""
    for cell in cells:
        at -= len(cell)
        content[at : at + len(cell)] = cell
        pointers += at.to_bytes(2)
    content[0] = 13
    content[3:5] = len(cells).to_bytes(2)
    content[5:7] = at.to_bytes(2)
    content[8 : 8 + len(pointers)] = pointers
    return bytes(content)


def varint(number: int) -> bytes:
    content = bytes([number & 0x7F])
    while number := number >> 7:
        content = bytes([number & 0x7F | 0x80]) + content
    return content


def row(position: int, size: int, link_to: int | None = None) -> bytes:
    """A row of the log with this number of bytes, which go on at another page."""
    kinds = b"".join(map(varint, (13 + 2 * 4, 1, 13 + 2 * 1, 12 + 2 * size)))
    header = bytes([len(kinds) + 1]) + kinds
    payload = header + b"cb_x" + bytes([position]) + b"x"
    length = len(payload) + size
    usable, least = PAGE, (PAGE - 12) * 32 // 255 - 23
    local = least + (length - least) % (usable - 4)
    local = length if length <= usable - 35 else local if local <= usable - 35 else least
    content = (payload + b"y" * (local - len(payload)))[:local]
    return varint(length) + varint(position) + content + (link_to.to_bytes(4) if link_to else b"")


def endless_value(size: int, rows: int) -> Callable[[int, int], bytes]:
    """Values that are far longer than the file: their pages lead to themselves."""

    def page(_root: int, new: int) -> bytes:
        overflow = new.to_bytes(4) + b"z" * (PAGE - 4)
        return leaf(*(row(number + 1, size, new) for number in range(rows))) + overflow

    return page
