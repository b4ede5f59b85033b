"""Journals and write-ahead logs as SQLite leaves them when it is killed, and as somebody would forge them."""

import os
import shutil
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Final

MAGIC: Final = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
SECTOR: Final = 512


def page_size_of(database: bytes) -> int:
    """The size of a file's pages."""
    size = int.from_bytes(database[16:18])
    return 65536 if size == 1 else size


def journal_of(database: bytes, pages: dict[int, bytes], *, count: int | None = None, nonce: int = 7) -> bytes:
    """A journal that puts these pages back, and makes the file `count` pages long."""
    size = page_size_of(database)
    header = MAGIC + struct.pack(
        ">IIIII", len(pages), nonce, len(database) // size if count is None else count, SECTOR, size
    )
    return header.ljust(SECTOR, b"\0") + b"".join(
        number.to_bytes(4) + content + ((nonce + sum(content[size - 200 : 0 : -200])) & 0xFFFFFFFF).to_bytes(4)
        for number, content in pages.items()
    )


def super_journal(database: bytes, name: Path | str) -> bytes:
    """A journal that rolls nothing back, and names another file, which SQLite removes after that."""
    named = os.fsencode(name)
    checksum = sum(struct.unpack(f"{len(named)}b", named)) & 0xFFFFFFFF
    lock_page = 0x40000000 // page_size_of(database) + 1
    return journal_of(database, {}) + lock_page.to_bytes(4) + named + struct.pack(">II", len(named), checksum) + MAGIC


def killed_in_a_rollback_journal(path: Path, *statements: str) -> None:
    """Leave a file as a program leaves it that is killed in the middle of a transaction, with a hot journal."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        _keep(path, "-journal")
        connection.execute("ROLLBACK")
    _put_back(path, "-journal")


def killed_in_a_write_ahead_log(path: Path, *statements: str) -> None:
    """Leave a file as a program leaves it that is killed after its commits, and in the middle of one more."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        for statement in statements:
            connection.execute(statement)
        _keep(path, "-wal")
    _put_back(path, "-wal")


def _keep(path: Path, suffix: str) -> None:
    for one in (path, path.with_name(path.name + suffix)):
        shutil.copyfile(one, one.with_name(one.name + ".kept"))


def _put_back(path: Path, suffix: str) -> None:
    for one in (path, path.with_name(path.name + suffix)):
        one.with_name(one.name + ".kept").replace(one)
