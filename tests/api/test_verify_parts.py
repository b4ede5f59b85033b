"""A long log is verified by several processes, with the same verdict as by one."""

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.offline import verify_parts
from opencode_ledger.http.offline.verify import Verdict, verify_data
from opencode_ledger.projections.tree.log_tree import Tree
from opencode_ledger.projections.tree.signing import SigningKey

EVENTS = 1500

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are safe on Linux alone")


@pytest.fixture
async def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of two codebases with its tree, long enough for two processes."""
    monkeypatch.setattr(verify_parts, "WORTH", EVENTS // 3)
    monkeypatch.setattr(verify_parts, "PART", 256)
    monkeypatch.setattr(verify_parts, "cores", lambda: 2)
    async with SqliteEventStore.open(tmp_path / "ledger.db") as store:
        for number in range(EVENTS // 30):
            stream = CodebaseId(f"cb_{number % 2}")
            events = [NewEvent("output", b'{"content":"%d"}' % n) for n in range(30)]
            await store.append(stream, await store.stream_head(stream), events)
        key = await asyncio.to_thread(SigningKey.open, tmp_path / "checkpoint.key")
        tree = await Tree.open(tmp_path / "tree.db", store, key)
        await tree.checkpoint()
        await tree.close()
    return tmp_path


def verify(data: Path) -> tuple[Verdict, list[int]]:
    """The verdict, and the reported progress."""
    reported: list[int] = []
    return verify_data(data, (), None, lambda done, _of: reported.append(done)), reported


async def test_the_verdict_is_the_same(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound log has the same root and the same checkpoints, however many read it, and no process is left."""
    by_many, reported = await asyncio.to_thread(verify, data)
    assert len(reported) == -(-EVENTS // 256), "it was read in parts"
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    monkeypatch.setattr(verify_parts, "cores", lambda: 1)
    by_one, _ = await asyncio.to_thread(verify, data)
    assert by_many == by_one
    assert by_many.sound
    assert by_many.result.events == EVENTS


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE stored_events SET state = x'7b7d' WHERE rowid = 700", "Event 700 "),
        ("UPDATE stored_events SET state = 'text' WHERE rowid = 1400", "Event 1400 "),
        ("DELETE FROM stored_events WHERE rowid = 257", "Event 257 of the log: removed"),
        ("DELETE FROM stored_events WHERE rowid > 1000", "The log ends at 1000"),
    ],
)
async def test_what_is_wrong_is_named(data: Path, statement: str, words: str) -> None:
    """Where one of them finds something wrong it is named as ever."""
    await asyncio.to_thread(tamper, data, statement)
    verdict, _ = await asyncio.to_thread(verify, data)
    assert words in verdict.result.findings[0].sentence


@pytest.mark.parametrize("cores", [1, 2])
async def test_the_log_is_opened_once(data: Path, monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    """This process opens a sound log once, whether it reads the log alone or has others read it."""
    monkeypatch.setattr(verify_parts, "cores", lambda: cores)
    opened, connect = list[str](), sqlite3.connect

    def counted(database: str, *args: Any, **options: Any) -> sqlite3.Connection:
        opened.append(database)
        connection: sqlite3.Connection = connect(database, *args, **options)
        return connection

    monkeypatch.setattr(sqlite3, "connect", counted)
    verdict, _ = await asyncio.to_thread(verify, data)
    assert verdict.sound
    assert sum("ledger.db" in name for name in opened) == 1
    assert sum("tree.db" in name for name in opened) == 1


async def test_a_reader_that_dies(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a process ends in the middle, the log is read by one, and the verdict stands."""

    def dies(*_: object) -> None:
        os._exit(3)

    monkeypatch.setattr(verify_parts, "part_of", dies)
    verdict, _ = await asyncio.to_thread(verify, data)
    assert verdict.sound


def tamper(data: Path, statement: str) -> None:
    """Change a log as somebody does who has the file."""
    with closing(sqlite3.connect(data / "ledger.db")) as log, log:
        for (name,) in log.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            log.execute(f"DROP TRIGGER {name}")
        log.execute(statement)
