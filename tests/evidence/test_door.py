"""The door through which evidence is read: what lies beside a file is seen as SQLite would see it, and never acted upon."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.evidence.journals import (
    journal_of,
    killed_in_a_rollback_journal,
    killed_in_a_write_ahead_log,
    super_journal,
)

from opencode_ledger.actors.store.evidence.beside import check_before_opening
from opencode_ledger.actors.store.evidence.parts import ours_by
from opencode_ledger.actors.store.evidence.read_only import untouched
from opencode_ledger.domain.errors import StoreError

SCHEMA = "CREATE TABLE things (name TEXT)"
MORE = "INSERT INTO things SELECT hex(randomblob(300)) FROM things"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of some pages."""
    path = tmp_path / "evidence" / "things.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(SCHEMA)
        connection.execute("INSERT INTO things VALUES ('first')")
        for _ in range(6):
            connection.execute(MORE)
    return path


def seen(path: Path) -> list[Any]:
    """What is read through the door."""
    with untouched(path, ours_by(SCHEMA)) as connection:
        return connection.execute("SELECT rowid, name FROM things ORDER BY rowid").fetchall()


def seen_by_sqlite(path: Path, tmp_path: Path) -> list[Any]:
    """What the next process that opens the file sees."""
    shutil.copytree(path.parent, tmp_path / "opened")
    with closing(sqlite3.connect(tmp_path / "opened" / path.name)) as connection:
        return connection.execute("SELECT rowid, name FROM things ORDER BY rowid").fetchall()


def content(path: Path) -> dict[str, bytes]:
    """What lies in a file's directory."""
    return {each.name: each.read_bytes() for each in path.parent.iterdir() if each.is_file()}


def rolled_back(path: Path) -> None:
    killed_in_a_rollback_journal(path, MORE, MORE, "DELETE FROM things WHERE rowid % 3 = 0")


def written_ahead(path: Path) -> None:
    killed_in_a_write_ahead_log(path, MORE, "DELETE FROM things WHERE rowid % 3 = 0", "BEGIN IMMEDIATE", MORE)


def both(path: Path) -> None:
    rolled_back(path)
    kept = path.with_name("kept")
    path.with_name(f"{path.name}-journal").rename(kept)
    written_ahead(path)
    kept.rename(path.with_name(f"{path.name}-journal"))


def torn_head(path: Path) -> None:
    """A journal of a program that was killed while it wrote the first page."""
    database = path.read_bytes()
    path.with_name(f"{path.name}-journal").write_bytes(journal_of(database, {1: database[:4096]}))
    path.write_bytes(os.urandom(4096) + database[4096:])


@pytest.mark.parametrize("leave", [rolled_back, written_ahead, both, torn_head])
def test_seen_as_by_the_next_start(file: Path, tmp_path: Path, leave: Callable[[Path], None]) -> None:
    """What a journal and a write-ahead log would do is seen, and nothing of it is done where they lie."""
    leave(file)
    before = content(file)
    assert len(before) > 1
    assert seen(file) == seen_by_sqlite(file, tmp_path)
    assert content(file) == before


def test_a_journal_that_names_another_file(file: Path, tmp_path: Path) -> None:
    """SQLite would remove that file. It is neither read nor given to SQLite, and said what to do."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    file.with_name("things.db-journal").write_bytes(super_journal(file.read_bytes(), victim))
    for look in (seen, check_before_opening):
        with pytest.raises(StoreError, match=r"things\.db-journal names another file, which SQLite would remove"):
            look(file)
    assert victim.read_text() == "precious"
    seen_by_sqlite(file, tmp_path)
    assert not victim.exists()
