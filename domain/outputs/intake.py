"""Taking in a whole output: masked as one stream, hashed, and cut into the chunks that are kept."""

from collections.abc import Iterator
from hashlib import sha256

from ..secrets.masker import Secrets
from ..secrets.streams import StreamMasker
from ..whole_output import CHUNK


class Intake:
    """Takes in one whole output, piece by piece: masked across pieces, hashed, and cut into chunks.

    `limit`: the number of bytes that are kept.
    """

    def __init__(self, secrets: Secrets, limit: int, salt: bytes) -> None:
        self._masker, self._limit = StreamMasker(secrets), limit
        self._whole, self._part = sha256(salt), sha256(salt)
        self._buffer = bytearray()
        self.bytes = self.kept = 0

    @property
    def is_full(self) -> bool:
        """Whether there is more than is kept."""
        return self.bytes > self.kept + len(self._buffer)

    @property
    def sha256(self) -> str:
        """The hash of everything that was taken in."""
        return self._whole.hexdigest()

    @property
    def kept_sha256(self) -> str:
        """The hash of the chunks."""
        return self._part.hexdigest()

    def feed(self, piece: str) -> Iterator[bytes]:
        """Take in a piece; gives the chunks that are now full."""
        yield from self._take(self._masker.feed(piece))

    def end(self) -> Iterator[bytes]:
        """The output ends; gives the last chunks."""
        yield from self._take(self._masker.end())
        yield from self._chunks(1)

    def _take(self, text: str) -> Iterator[bytes]:
        data = text.encode("utf-8", "replace")
        room = 0 if self.is_full else self._limit - self.kept - len(self._buffer)
        self._whole.update(data)
        self.bytes += len(data)
        self._buffer += data[: _border(data, room)]
        yield from self._chunks(1 if self.is_full else CHUNK)

    def _chunks(self, least: int) -> Iterator[bytes]:
        while len(self._buffer) >= least:
            chunk = bytes(self._buffer[: _border(self._buffer, CHUNK)])
            del self._buffer[: len(chunk)]
            self._part.update(chunk)
            self.kept += len(chunk)
            yield chunk


def _border(data: bytes | bytearray, at: int) -> int:
    """The last place up to `at` where a character begins, or the end."""
    if at >= len(data):
        return len(data)
    while at > 0 and data[at] & 0xC0 == 0x80:
        at -= 1
    return at
