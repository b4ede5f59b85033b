"""The file of whole outputs itself: private, whole wherever its writing is cut off, and never the disk's last room."""

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.projections.test_rebuild import Crash

from opencode_ledger.actors.store import file_identity
from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.actors.store.outputs.outputs_file import opened_outputs
from opencode_ledger.actors.store.outputs.sqlite_store import SqliteOutputStore
from opencode_ledger.actors.unnamed_outputs import drop_unnamed
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.fault_points import FAULT_POINTS, FaultPoint
from opencode_ledger.domain.ids import CodebaseId, OutputId, Sequence

CODEBASE = CodebaseId("cb_1")
NAMED, UNNAMED = OutputId("out_" + "a" * 32), OutputId("out_" + "b" * 32)
CHUNKS = [b"first ", b"second ", b"third"]


def event(output: OutputId) -> NewEvent:
    """The end of a call that names an output."""
    return NewEvent(
        "tool_result", b'{"tool":"bash","whole_id":"%s","whole_bytes":1,"whole_sha256":"x"}' % output.encode()
    )


async def started(path: Path, *named: OutputId) -> SqliteOutputStore:
    """The store as a start leaves it, of a log whose events name these."""
    log, store = MemoryEventStore(), await SqliteOutputStore.open(path)
    for number, output in enumerate(named):
        await log.append(CODEBASE, Sequence(number), [event(output)])
    await drop_unnamed(log, store)
    return store


@pytest.mark.parametrize("point", [point for point in FAULT_POINTS if point.startswith("output.")])
async def test_cut_off_at_a_named_point(point: FaultPoint, tmp_path: Path) -> None:
    """Cut off anywhere, an output is there whole or not at all; without its event the next start drops it."""
    path = tmp_path / "outputs.db"

    def cut_off(reached: FaultPoint) -> None:
        if reached == point:
            raise Crash

    store = await SqliteOutputStore.open(path)
    await store.keep(CODEBASE, NAMED, b"s", iter(CHUNKS))
    await store.close()
    store = await SqliteOutputStore.open(path, reach=cut_off)
    with pytest.raises(Crash):
        await store.keep(CODEBASE, UNNAMED, b"s", iter(CHUNKS))
    await store.close()
    size = await _size(path, UNNAMED)
    assert size == (sum(map(len, CHUNKS)) if point == "output.after_commit" else None)
    store = await started(path, NAMED)
    assert await store.size(CODEBASE, UNNAMED) is None
    assert await store.read(CODEBASE, NAMED, 0, 99) == b"".join(CHUNKS)
    await store.close()
    assert await asyncio.to_thread(_stray, path) == 0


async def _size(path: Path, output: OutputId) -> int | None:
    store = await SqliteOutputStore.open(path)
    try:
        return await store.size(CODEBASE, output)
    finally:
        await store.close()


def _stray(path: Path) -> int:
    with opened_outputs(path) as file:
        return file.stray()


async def test_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    """What it makes nobody else can read, nor what SQLite keeps beside it; a file that others could read is closed to them."""
    path = tmp_path / "outputs.db"
    await asyncio.to_thread(path.touch, 0o644)
    await asyncio.to_thread(path.chmod, 0o644)
    store = await SqliteOutputStore.open(path)
    await store.keep(CODEBASE, NAMED, b"s", iter(CHUNKS))
    modes = await asyncio.to_thread(
        lambda: {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    )
    assert modes == {"outputs.db": 0o600, "outputs.db-wal": 0o600, "outputs.db-shm": 0o600}
    await store.close()


async def test_the_log_keeps_its_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk runs low outputs are refused before the log is, in the middle of one too, and nothing of it is left."""
    store = await SqliteOutputStore.open(tmp_path / "outputs.db")
    real = os.statvfs(tmp_path)

    class Low:
        f_frsize, f_blocks = 1, real.f_blocks * real.f_frsize
        f_bavail = int(1.5 * min(file_identity.RESERVE, file_identity.SHARE * f_blocks))

    def low(_path: str) -> type[Low]:
        return Low

    monkeypatch.setattr("opencode_ledger.actors.store.file_identity.os.statvfs", low)
    with pytest.raises(StoreError, match="are left on the disk"):
        await store.keep(CODEBASE, NAMED, b"s", iter(CHUNKS))
    file_identity.Presence(tmp_path / "outputs.db").check_room()  # nothing that the log asks for
    monkeypatch.undo()
    assert await store.size(CODEBASE, NAMED) is None
    await store.keep(CODEBASE, NAMED, b"s", iter(CHUNKS))
    await store.close()


def _removed(path: Path) -> None:
    path.unlink()


def _replaced(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"")


@pytest.mark.parametrize("done", [_removed, _replaced])
async def test_a_file_that_is_gone_keeps_nothing(done: Callable[[Path], None], tmp_path: Path) -> None:
    """A file that was removed or replaced under the server takes no output that nobody would find again."""
    store = await SqliteOutputStore.open(tmp_path / "outputs.db")
    await asyncio.to_thread(done, tmp_path / "outputs.db")
    with pytest.raises(StoreError, match="removed or replaced"):
        await store.keep(CODEBASE, NAMED, b"s", iter(CHUNKS))
    await store.close()


async def test_what_another_locks(tmp_path: Path) -> None:
    """A file that another program has locked is refused in a sentence, at the start and later."""
    path = tmp_path / "outputs.db"
    store = await SqliteOutputStore.open(path, lock_timeout=0.01)
    with closing(
        await asyncio.to_thread(sqlite3.connect, path, isolation_level=None, check_same_thread=False)
    ) as other:
        await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="could not be used"):
            await store.keep(CODEBASE, NAMED, b"s", iter(CHUNKS))
        with pytest.raises(StoreError, match="is locked by another program"):
            await SqliteOutputStore.open(path, lock_timeout=0.01)
        await asyncio.to_thread(other.execute, "ROLLBACK")
    await store.close()
