"""The file of whole outputs as an auditor reads it: without a server and without writing."""

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from ....domain.errors import StoreError
from ....domain.ids import CodebaseId, OutputId
from ..evidence.files import size_of
from ..evidence.parts import ours_by
from ..evidence.read_only import untouched
from .schema import CREATE, SELECT_ALL_OUTPUTS, is_fresh

_CHUNKS: Final = "SELECT first, text FROM chunks WHERE output = ? ORDER BY first"
_STRAY: Final = "SELECT count(*) FROM chunks WHERE output NOT IN (SELECT number FROM outputs)"
_ROW: Final[list[type]] = [str, str, int, bytes, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class FiledOutput:
    """An output as the file has it. `settled`: a server has found the event that names it."""

    codebase: CodebaseId
    output_id: OutputId
    number: int
    salt: bytes
    settled: bool


class OutputsFile:
    """An open file of outputs. `outputs`: what it has, by codebase and name."""

    def __init__(self, connection: sqlite3.Connection | None, path: Path) -> None:
        self._connection, self._path = connection, path
        self.outputs = {(found.codebase, found.output_id): found for found in self._found()}

    def chunks(self, output: FiledOutput) -> Iterator[bytes]:
        """The text of an output, chunk after chunk. Raises `StoreError` if a chunk is missing or damaged."""
        assert self._connection is not None
        place = 0
        with self._reading():
            for first, text in self._connection.execute(_CHUNKS, (output.number,)):
                if first != place or not isinstance(text, bytes):
                    raise StoreError(f"{self._path} lacks the chunk of {output.output_id} at byte {place}.")
                yield text
                place += len(text)

    def measure(self, output: FiledOutput) -> tuple[int, str]:
        """The bytes of an output, and its salted hash. Raises `StoreError`."""
        digest, size = sha256(output.salt), 0
        for chunk in self.chunks(output):
            digest.update(chunk)
            size += len(chunk)
        return size, digest.hexdigest()

    def stray(self) -> int:
        """The number of chunks that belong to no output. Raises `StoreError`."""
        if self._connection is None:
            return 0
        with self._reading():
            ((count,),) = self._connection.execute(_STRAY)
        return int(count)

    @contextmanager
    def _reading(self) -> Generator[None]:
        """In this block an error of SQLite becomes one of the file. Raises `StoreError`."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} can't be read: {error}.") from None

    def _found(self) -> Iterator[FiledOutput]:
        if self._connection is None:
            return
        with self._reading():
            if is_fresh(self._connection, self._path):
                return
            for row in self._connection.execute(SELECT_ALL_OUTPUTS):
                if [*map(type, row)] != _ROW:
                    raise StoreError(f"{self._path} was altered: it has an output in an invalid form.")
                codebase, name, number, salt, _bytes, settled = row
                yield FiledOutput(codebase=codebase, output_id=name, number=number, salt=salt, settled=bool(settled))


@contextmanager
def opened_outputs(path: Path) -> Generator[OutputsFile]:
    """A file of outputs, open for reading only. A missing file counts as an empty one. Raises `StoreError`."""
    if not size_of(path):
        yield OutputsFile(None, path)
        return
    with untouched(path, ours_by(CREATE)) as connection:
        yield OutputsFile(connection, path)
