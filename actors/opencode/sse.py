"""Parses opencode's event stream without I/O: bytes in, decoded events out.

Its frames are `data: <json>` and an empty line, nothing else. A line that is too long or is no JSON is counted and
skipped.
"""

from collections.abc import Iterator
from typing import Final

from ...domain.untrusted_json import decoded

TOO_LONG: Final = object()
"""Stands for an event that was not read."""


class EventParser:
    """Parses one connection's bytes; memory is bounded by `line_limit`. `dropped`: how many lines were passed over."""

    def __init__(self, line_limit: int) -> None:
        self.dropped = 0
        self._limit = line_limit
        self._pending: list[bytes] = []
        self._size = 0
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[object]:
        """The events that these bytes complete; `TOO_LONG` in the place of one that was beyond the limit."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._keep(end)
            line, skipped = b"".join(self._pending), self._skipping
            self._pending, self._size, self._skipping = [], 0, False
            if skipped:
                yield TOO_LONG
            else:
                yield from self._event(line)
        self._keep(rest)

    def _keep(self, piece: bytes) -> None:
        if self._skipping or not piece:
            return
        self._size += len(piece)
        if self._size > self._limit:
            self._pending, self._skipping = [], True
            self.dropped += 1
        else:
            self._pending.append(piece)

    def _event(self, line: bytes) -> Iterator[object]:
        if not line.startswith(b"data:"):
            return
        try:
            yield decoded(line[5:])
        except ValueError:
            self.dropped += 1
