"""After a loss of power the end of a file may be cut, empty or old; log, views and tree still fit each other.

The log syncs each group before anybody hears of it; views and tree sync less often, for they are made from the log. So
they may fall behind it and never be ahead: a tree that is ahead means that the log's own end is gone, and is refused.
"""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.projections.histories import workday
from tests.projections.test_rebuild import tables

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.fault_points import pass_by
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.tree.check import LogChanged
from opencode_ledger.projections.tree.file import TreeFile
from opencode_ledger.projections.tree.log_tree import Tree
from opencode_ledger.projections.tree.signing import SigningKey

from .test_crash import HEADER, make_small_pages, recovered, write_ahead_log, write_groups

LAST = int(os.environ.get("POWER_LOSS_GROUPS", "1"))
"""Of how many groups every byte is tried: the last one, or up to three where there is time for it."""


def zeros(log: bytes, _older: bytes, kept: int) -> bytes:
    """The file has its new length, but what was to fill it never came."""
    return log[:kept] + bytes(len(log) - kept)


def stale(log: bytes, older: bytes, kept: int) -> bytes:
    """The rest is what the file held in an earlier generation."""
    return log[:kept] + older[kept : len(log)]


def older_generation(log: bytes) -> bytes:
    """The same frames as another generation wrote them: with other salts, and so without meaning now."""
    page = 24 + 512
    frames = [log[at : at + page] for at in range(HEADER, len(log), page)]
    return log[:HEADER] + b"".join(f[:8] + bytes(byte ^ 0xA5 for byte in f[8:16]) + f[16:] for f in frames)


@pytest.mark.parametrize("torn", [zeros, stale])
def test_a_log_torn_at_any_byte(torn: Callable[[bytes, bytes, int], bytes], path: Path, tmp_path: Path) -> None:
    """Whatever lies behind the last byte that came to the disk, the log ends with the last whole group before it."""
    database, log, ends = asyncio.run(write_groups(path))
    crashed, older = tmp_path / "crashed.db", older_generation(log)
    whole = recovered(crashed, database, log)
    for kept in range(ends[-1 - LAST][0], len(log) + 1):
        # Bytes that happen to be the same have come.
        content = torn(log, older, kept)
        same = next((at for at, (a, b) in enumerate(zip(content, log, strict=True)) if a != b), len(log))
        last = max(position for end, position in ends if end <= same)
        assert recovered(crashed, database, content) == whole[:last], f"torn at byte {kept}"


def grow(path: Path, key: SigningKey, groups: list[list[RecordedEvent]]) -> tuple[bytes, bytes, list[tuple[int, str]]]:
    """A tree's file and its write-ahead log, and for each group: where it ends, and the checkpoint over it."""
    make_small_pages(path)
    file = TreeFile.open(path, key, pass_by)
    file.close()
    file = TreeFile.open(path, key, pass_by)
    ends = [(0, file.note)]
    for group in groups:
        file.add(group)
        ends.append((write_ahead_log(path).stat().st_size, file.note))
    database, log = path.read_bytes(), write_ahead_log(path).read_bytes()
    file.close()
    return database, log, ends


def test_a_tree_cut_at_any_byte_is_made_again(tmp_path: Path) -> None:
    """A tree whose last writes never came to the disk is an earlier one, and grows into the very same."""
    key = SigningKey.open(tmp_path / "checkpoint.key")
    events = [RecordedEvent(Position(n), CodebaseId("cb_a"), Sequence(n), "output", b"%d" % n) for n in range(1, 10)]
    database, log, ends = grow(tmp_path / "tree.db", key, [events[:3], events[3:6], events[6:]])
    crashed = tmp_path / "crashed.db"
    for kept in range(ends[-1 - LAST][0], len(log) + 1):
        crashed.write_bytes(database)
        write_ahead_log(crashed).write_bytes(log[:kept])
        file = TreeFile.open(crashed, key, pass_by)
        assert file.note == max((end, note) for end, note in ends if end <= kept)[1], f"cut at byte {kept}"
        if kept in (end - 1 for end, _ in ends):  # often enough: the tree is the same up to the end of its group
            file.add(events[file.size :])
            assert file.note == ends[-1][1]
        file.close()
        for left in ("-wal", "-shm"):
            crashed.with_name(crashed.name + left).unlink(missing_ok=True)


async def shown(place: Path, store: MemoryEventStore) -> str:
    """Bring views and tree up to date with a log; the checkpoint."""
    projections = await Projections.open(place / "views.db", store)
    await projections.close()
    key = await asyncio.to_thread(SigningKey.open, place / "checkpoint.key")
    tree = await Tree.open(place / "tree.db", store, key)
    try:
        return await tree.checkpoint()
    finally:
        await tree.close()


async def test_a_log_that_lost_its_end(tmp_path: Path) -> None:
    """Should a disk lose what it said it had, views are rebuilt from what is left, and a tree ahead is refused."""
    day = await workday().store()
    short, rebuilt = MemoryEventStore(), tmp_path / "rebuilt"
    for event in await day.read_all(Position(0), day.head - 3):
        await short.append(event.stream, Sequence(event.sequence - 1), [NewEvent(event.topic, event.data)])
    checkpoint = await shown(tmp_path, day)
    with pytest.raises(LogChanged, match=f"ends at {short.head}, but its tree covers {day.head}"):
        await shown(tmp_path, short)
    await asyncio.to_thread(rebuilt.mkdir)
    await shown(rebuilt, short)
    assert await asyncio.to_thread(tables, tmp_path / "views.db") == await asyncio.to_thread(
        tables, rebuilt / "views.db"
    )
    assert await shown(tmp_path, day) == checkpoint  # the log came back from a backup; nothing had been covered up


async def test_views_and_tree_that_lost_their_end(tmp_path: Path) -> None:
    """Views and a tree that fell behind are brought up to the log, to the very same rows and checkpoint."""
    day, behind = await workday().store(), tmp_path / "behind"
    early = MemoryEventStore()
    for event in await day.read_all(Position(0), 5):
        await early.append(event.stream, Sequence(event.sequence - 1), [NewEvent(event.topic, event.data)])
    checkpoint = await shown(tmp_path, day)
    await asyncio.to_thread(behind.mkdir)
    await asyncio.to_thread(shutil.copy, tmp_path / "checkpoint.key", behind)
    assert await shown(behind, early) != checkpoint
    assert await shown(behind, day) == checkpoint
    assert await asyncio.to_thread(tables, behind / "views.db") == await asyncio.to_thread(
        tables, tmp_path / "views.db"
    )
