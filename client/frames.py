"""Server-sent events out of bytes that arrive in any pieces, as the HTML standard reads them. No I/O."""

import codecs
from typing import Final, NamedTuple

DEFAULT_NAME: Final = "message"


class Frame(NamedTuple):
    """One event as it came. `id` is empty if the stream has named none so far."""

    id: str
    event: str
    data: str


class FrameReader:
    """Reads one stream from its first byte."""

    def __init__(self) -> None:
        self._begun = False
        self._pieces: list[bytes] = []  # of the last line, which isn't whole yet
        self._after_return = False
        self._id = self._event = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[Frame]:
        """The events that are whole with these bytes."""
        if self._after_return and chunk:
            chunk = chunk.removeprefix(b"\n")  # the other half of a line's end
            self._after_return = False
        *whole, rest = _lines(chunk)
        if whole:
            whole[0] = b"".join((*self._pieces, whole[0]))
            self._pieces.clear()
            self._after_return = chunk.endswith(b"\r")
        if rest:
            self._pieces.append(rest)
        return [frame for line in whole if (frame := self._line(line)) is not None]

    def _line(self, line: bytes) -> Frame | None:
        if not self._begun:
            line, self._begun = line.removeprefix(codecs.BOM_UTF8), True
        if not line:
            return self._dispatched()
        name, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        match name:
            case b"data":
                self._data.append(text)
            case b"event":
                self._event = text
            case b"id" if "\0" not in text:
                self._id = text
            case _:
                pass
        return None

    def _dispatched(self) -> Frame | None:
        event, data = self._event, self._data
        self._event, self._data = "", []
        return Frame(self._id, event or DEFAULT_NAME, "\n".join(data)) if data else None


def _lines(chunk: bytes) -> list[bytes]:
    """The lines of a chunk, and what follows the last line's end."""
    if b"\r" not in chunk:
        return chunk.split(b"\n")
    lines = chunk.splitlines()  # of bytes: at \n, \r and \r\n alone
    return [*lines, b""] if chunk.endswith((b"\n", b"\r")) else lines
