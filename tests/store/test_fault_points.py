"""Killed at any named point and started again, a server has lost nothing, doubled nothing, and shows all of it."""

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.projections.histories import workday
from tests.projections.test_rebuild import tables

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.fault_points import FAULT_POINTS, FaultPoint, pass_by
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.proofs.growing_tree import GrowingTree
from opencode_ledger.domain.proofs.leaves import leaves_of
from opencode_ledger.domain.proofs.signed_notes import checkpoint_in
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.tree.log_tree import Tree
from opencode_ledger.projections.tree.signing import SigningKey

from .cut_off_process import main as finish
from .test_kill import environment

CUT_OFF = Path(__file__).with_name("cut_off_process.py")
DEADLINE = 60


def record_until(directory: Path, point: str, passes: int) -> int:
    """Run the process until it is killed at this point, or to its end; how it ended."""
    words = (CUT_OFF, directory, directory / "acknowledgements", point, str(passes))
    return subprocess.run(
        [sys.executable, *map(str, words)], env=environment(), timeout=DEADLINE, check=False
    ).returncode


async def rebuilt(directory: Path, events: list[RecordedEvent]) -> None:
    """Rebuild the views, in a file of their own."""
    store = MemoryEventStore()
    for event in events:
        await store.append(event.stream, Sequence(event.sequence - 1), [NewEvent(event.topic, event.data)])
    projections = await Projections.open(directory / "rebuilt.db", store)
    await projections.close()


async def started(directory: Path) -> list[RecordedEvent]:
    """All events after a start on what is there; views and tree must show every one of them, and none twice."""
    async with SqliteEventStore.open(directory / "ledger.db") as store:
        projections = await Projections.open(directory / "views.db", store)
        key = await asyncio.to_thread(SigningKey.open, directory / "checkpoint.key")
        tree = await Tree.open(directory / "tree.db", store, key)
        events = await store.read_all(Position(0), 10_000)
        checkpoint = checkpoint_in(await tree.checkpoint())
        await projections.close()
        await tree.close()
    grown = GrowingTree()
    for leaf in leaves_of(events):
        grown.add(leaf)
    assert (checkpoint.size, checkpoint.root) == (len(events), grown.root())
    return events


@pytest.mark.parametrize(
    "point", [point for point in FAULT_POINTS if not point.startswith(("erasure.", "views.", "output."))]
)
def test_killed_at_a_named_point(point: FaultPoint, tmp_path: Path) -> None:
    """Killed there again and again, each time a little later: what was acknowledged is there, once and in its place."""
    day = [(stream, event.topic, event.data) for stream, events in workday().commits for event in events]
    (tmp_path / "acknowledgements").touch()
    for passes in (1, 3):
        assert record_until(tmp_path, point, passes) == -signal.SIGKILL, "the point was not reached"
        events = asyncio.run(started(tmp_path))
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        assert [(event.stream, event.topic, event.data) for event in events] == day[: len(events)]
        acknowledged = (tmp_path / "acknowledgements").read_text().split()
        assert len(events) >= max(map(int, acknowledged), default=0)
    asyncio.run(rebuilt(tmp_path, events))
    assert tables(tmp_path / "views.db") == tables(tmp_path / "rebuilt.db")
    with (tmp_path / "acknowledgements").open("ab") as file:
        asyncio.run(finish(tmp_path, file.fileno(), pass_by))
    assert len(asyncio.run(started(tmp_path))) == len(day)


@pytest.mark.parametrize("held", ["append.before_commit", "append.after_commit"])
async def test_nothing_is_shown_before_it_is_durable(held: FaultPoint, tmp_path: Path) -> None:
    """Until the log's own fsync is done and announced, no reader, view or tree knows of an event: none is ever ahead of it."""
    there, go_on = threading.Event(), threading.Event()

    def reach(point: FaultPoint) -> None:
        if point == held:
            there.set()
            go_on.wait(DEADLINE)

    async with SqliteEventStore.open(tmp_path / "ledger.db", reach=reach) as store:
        key = await asyncio.to_thread(SigningKey.open, tmp_path / "checkpoint.key")
        tree = await Tree.open(tmp_path / "tree.db", store, key)
        heard: list[RecordedEvent] = []
        store.on_commit(heard.extend)
        appending = asyncio.create_task(store.append(CodebaseId("cb_a"), Sequence(0), [NewEvent("status", b"{}")]))
        assert await asyncio.to_thread(there.wait, DEADLINE)
        assert (store.head, heard, await store.read_all(Position(0), 10)) == (0, [], [])
        assert checkpoint_in(await tree.checkpoint()).size == 0
        go_on.set()
        await appending
        assert checkpoint_in(await tree.checkpoint()).size == store.head == len(heard) == 1
        await tree.close()


async def test_what_a_killed_server_left_is_made_durable_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group written but not yet synced by a killed server is synced before anybody is shown it."""
    path = tmp_path / "ledger.db"
    async with SqliteEventStore.open(path) as store:
        await store.append(CodebaseId("cb_a"), Sequence(0), [NewEvent("status", b"{}")])
        left = [
            (name, await asyncio.to_thread((tmp_path / name).read_bytes)) for name in ("ledger.db", "ledger.db-wal")
        ]
    again = tmp_path / "again"
    again.mkdir()
    for name, content in left:
        await asyncio.to_thread((again / name).write_bytes, content)
    synced: list[Path] = []

    def sync(file: int) -> None:
        synced.append(Path(f"/proc/self/fd/{file}").readlink())

    monkeypatch.setattr("os.fsync", sync)
    async with SqliteEventStore.open(again / "ledger.db") as store:
        assert synced == [again / "ledger.db-wal"]
        assert store.head == 1
