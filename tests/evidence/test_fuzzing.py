"""Sound evidence with bytes changed by chance: it is read or refused, in time, and touches nothing. Only with `--long`."""

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from tests.evidence.journals import killed_in_a_rollback_journal, killed_in_a_write_ahead_log, super_journal
from tests.evidence.watcher import snapshot
from tests.golden.release import LOGS, THIS_VERSION
from tests.support.command_line import unwatched

from opencode_ledger.actors.store.evidence.parts import ours_by
from opencode_ledger.actors.store.evidence.read_only import untouched
from opencode_ledger.domain.errors import LedgerError
from opencode_ledger.http.offline.verify import verify_data
from opencode_ledger.http.offline.verify_export import verify_export

EACH: Final = 5000
LIMIT: Final = 10
"""Seconds that one input may take."""
SCHEMA: Final = "CREATE TABLE things (name TEXT)"
MORE: Final = "INSERT INTO things SELECT hex(randomblob(300)) FROM things"

pytestmark = pytest.mark.long


def mutants(sound: bytes, seed: int) -> Iterator[bytes]:
    """The content with some of its bytes changed, cut out, repeated or put elsewhere."""
    chance = random.Random(seed)
    for _ in range(EACH):
        content = bytearray(sound)
        for _ in range(chance.choice((1, 1, 2, 5))):
            at, size = chance.randrange(len(content) + 1), chance.choice((1, 2, 4, 8, 100))
            match chance.randrange(5):
                case 0:
                    content[at : at + size] = chance.randbytes(size)
                case 1:
                    content[at : at + size] = chance.choice((b"\0", b"\xff")) * size
                case 2:
                    del content[at : at + size]
                case 3:
                    content[at:at] = content[at : at + size]
                case _:  # the head says most
                    place = chance.randrange(min(len(content), 128) + 1)
                    content[place : place + 1] = chance.randbytes(1)
            content = content or bytearray(b"\0")
        yield bytes(content)


def tried(read: Callable[[], object], place: Path) -> bool:
    """Whether it was read; else it was refused. Nothing else was raised, changed, or took long."""
    before, began = snapshot(place), time.monotonic()
    read_it = False
    with suppress(LedgerError):
        read()
        read_it = True
    assert time.monotonic() - began < LIMIT
    assert snapshot(place) == before
    return read_it


def rows(path: Path) -> list[Any]:
    """What is read through the door; a damage that shows only now is a refusal, too."""
    with untouched(path, ours_by(SCHEMA)) as connection:
        try:
            return connection.execute("SELECT rowid, name FROM things ORDER BY rowid").fetchall()
        except sqlite3.Error as error:
            raise LedgerError(str(error)) from None


@pytest.mark.parametrize("suffix", ["-journal", "-wal"])
def test_what_lies_beside(suffix: str, tmp_path: Path) -> None:
    """Journals and write-ahead logs. What of them is read is what SQLite itself reads from a copy."""
    path = tmp_path / "evidence" / "things.db"
    path.parent.mkdir()
    (tmp_path / "decoy").write_text("precious")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(SCHEMA)
        connection.execute("INSERT INTO things VALUES ('first')")
        for _ in range(4):
            connection.execute(MORE)
    leave = killed_in_a_rollback_journal if suffix == "-journal" else killed_in_a_write_ahead_log
    leave(path, MORE, "DELETE FROM things WHERE rowid % 3 = 0", MORE)
    beside = path.with_name(f"things.db{suffix}")
    named = super_journal(path.read_bytes(), tmp_path / "decoy")
    sounds = [beside.read_bytes()] * 3 + ([named] if suffix == "-journal" else [])
    streams = [mutants(sound, seed) for seed, sound in enumerate(sounds)]
    count = read = 0
    for number in range(EACH):
        beside.write_bytes(next(streams[number % len(streams)]))
        count += 1
        if tried(lambda: rows(path), tmp_path):
            read += 1
            if number % 10 == 0:
                assert rows(path) == by_sqlite(path, tmp_path)
    print(f"{suffix}: {count} inputs, {read} read, {count - read} refused")


def by_sqlite(path: Path, tmp_path: Path) -> list[Any]:
    """What the next process that opens the file sees."""
    copy = Path(shutil.copytree(path.parent, tmp_path / "opened"))
    try:
        with closing(sqlite3.connect(copy / path.name)) as connection:
            return connection.execute("SELECT rowid, name FROM things ORDER BY rowid").fetchall()
    finally:
        shutil.rmtree(copy)


@pytest.mark.parametrize("name", ["ledger.db", "tree.db"])
def test_pages(name: str, sound: Path, tmp_path: Path) -> None:
    """The files themselves: none of them crashes an audit, nor holds it up."""
    data = Path(shutil.copytree(sound, tmp_path / "data"))
    read = 0
    for content in mutants((sound / name).read_bytes(), 7):
        (data / name).write_bytes(content)
        read += tried(lambda: verify_data(data, (), None, unwatched), tmp_path)
    print(f"{name}: {EACH} inputs, {read} read, {EACH - read} refused")


def test_exports(tmp_path: Path) -> None:
    """Exports: none with other events than those that were signed is sound."""
    sound = (LOGS / THIS_VERSION / "export.jsonl").read_bytes()
    path, read, sounds = tmp_path / "export.jsonl", 0, 0
    for content in mutants(sound, 9):
        path.write_bytes(content)
        verdicts = list[bool]()
        read += tried(lambda: verdicts.append(verify_export(path, (), None, unwatched).sound), tmp_path)  # noqa: B023
        if verdicts == [True]:
            sounds += 1
            assert content.splitlines()[1:-1] == sound.splitlines()[1:-1]
    print(f"exports: {EACH} inputs, {read} read, {EACH - read} refused, {sounds} sound", os.linesep)
