"""Copies of SQLite files, taken while a server writes to them. Each is the whole file at one point in time."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from ...domain.errors import StoreError
from .evidence.beside import BESIDE, next_to
from .evidence.parts import Ours
from .evidence.read_only import untouched

PAGES: Final = 4096
"""Pages that are copied between two calls of `progress`."""


def copy_database(
    source: Path, target: Path, ours: Ours, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> None:
    """Copy a database to a file that isn't there yet, readable by its owner alone, and durable on return.

    `ours`: the parts that the source may have (see `untouched`). `progress`: called with the copied pages
    and all pages. Raises `StoreError`; then no file is left.
    """
    draft = target.with_name(f"{target.name}.part")
    try:
        for suffix in ("", *BESIDE):
            next_to(draft, suffix).unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with (
            untouched(source, ours) as reader,
            closing(sqlite3.connect(draft)) as writer,
        ):
            reader.backup(writer, pages=PAGES, progress=lambda _status, left, of: progress(of - left, of))
            # One file, with nothing beside it: what is copied once is not written to.
            writer.execute("PRAGMA journal_mode = DELETE")
        _make_durable(draft)
        draft.rename(target)
        _make_durable(target.parent)
    except (sqlite3.Error, OSError) as error:
        draft.unlink(missing_ok=True)
        raise StoreError(f"{source} can't be copied to {target}: {error}.") from None


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
