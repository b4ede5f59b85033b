"""The tree beside the log: it covers what was committed, survives crashes, and never covers up a change."""

import asyncio
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.fault_points import FAULT_POINTS, FaultPoint
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.proofs.growing_tree import GrowingTree
from opencode_ledger.domain.proofs.leaves import leaves_of
from opencode_ledger.domain.proofs.merkle import EMPTY_ROOT, verify_consistency, verify_inclusion
from opencode_ledger.domain.proofs.signed_notes import Checkpoint, open_note
from opencode_ledger.domain.proofs.tiles import TileId
from opencode_ledger.projections.tree.check import LogChanged
from opencode_ledger.projections.tree.file import TreeFile
from opencode_ledger.projections.tree.log_tree import Tree, TreeBehind
from opencode_ledger.projections.tree.signing import SigningKey, verify

A = CodebaseId("cb_a")


class Place:
    """A directory with a log in memory and its tree."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = MemoryEventStore()

    async def open(self, *, store: MemoryEventStore | None = None, fail_at: FaultPoint | None = None) -> Tree:
        self.points: list[str] = []

        def reach(point: FaultPoint) -> None:
            self.points.append(point)
            if point == fail_at and self.points.count(point) == 1:
                raise sqlite3.OperationalError(f"cut off at {point}")

        key = await asyncio.to_thread(SigningKey.open, self.path / "checkpoint.key")
        return await Tree.open(self.path / "tree.db", store or self.store, key, reach=reach)

    async def say(self, count: int) -> None:
        head = await self.store.stream_head(A)
        events = [NewEvent("output", b'{"content":"%d"}' % (head + n)) for n in range(count)]
        if events:
            await self.store.append(A, head, events)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def root_of(events: list[RecordedEvent]) -> bytes:
    tree = GrowingTree()
    for leaf in leaves_of(events):
        tree.add(leaf)
    return tree.root()


async def checked(tree: Tree) -> Checkpoint:
    """The newest checkpoint, its signature checked."""
    return Checkpoint.parse(open_note(await tree.checkpoint(), tree.key, verify))


async def assert_covers(tree: Tree, store: MemoryEventStore) -> None:
    """The checkpoint is signed over the whole log, and every event is provably in it."""
    events = await store.read_all(Position(0), 100_000)
    checkpoint = await checked(tree)
    assert (checkpoint.size, checkpoint.root) == (len(events), root_of(events))
    for event, leaf in list(zip(events, leaves_of(events), strict=True))[:: max(1, len(events) // 20)]:
        proof = await tree.inclusion(event.position, checkpoint.size)
        assert verify_inclusion(leaf, event.position - 1, checkpoint.size, proof, checkpoint.root)


async def test_a_checkpoint_covers_what_was_committed(place: Place) -> None:
    """A checkpoint asked for after a commit covers it, is signed, and comes with a proof for each event."""
    tree = await place.open()
    for count in (1, 2, 300, 5000):
        await place.say(count)
        await assert_covers(tree, place.store)
    await tree.close()


async def test_an_empty_log(place: Place) -> None:
    """Before the first event the empty tree is signed, and there is no proof of anything."""
    tree = await place.open()
    assert await checked(tree) == Checkpoint(tree.key.name, 0, EMPTY_ROOT)
    assert await tree.root(0) == EMPTY_ROOT
    assert await tree.consistency(0, 0) == []
    for position, size in ((1, 0), (1, 1)):
        with pytest.raises(ValueError, match="beyond"):
            await tree.inclusion(Position(position), size)
    with pytest.raises(ValueError, match="beyond"):
        await tree.consistency(1, 0)
    await tree.close()


async def test_any_two_sizes_are_consistent(place: Place) -> None:
    """Between any two sizes of the log there is a proof that the larger only adds to the smaller."""
    tree = await place.open()
    await place.say(600)
    roots = [await tree.root(size) for size in (0, 1, 255, 256, 257, 512, 600)]
    for old, old_root in zip((0, 1, 255, 256, 257, 512, 600), roots, strict=True):
        for new, new_root in zip((0, 1, 255, 256, 257, 512, 600), roots, strict=True):
            if old <= new:
                assert verify_consistency(old, new, await tree.consistency(old, new), old_root, new_root)
    with pytest.raises(ValueError, match="beyond"):
        await tree.consistency(1, 601)
    await tree.close()


async def test_tiles(place: Place) -> None:
    """A tile is given as wide as it was asked for, and not at all where it isn't so wide yet."""
    tree = await place.open()
    await place.say(300)
    await tree.checkpoint()
    full, part = await tree.tile(TileId(0, 0), 256), await tree.tile(TileId(0, 1), 44)
    assert full is not None
    assert part is not None
    assert full + part == b"".join(leaves_of(await place.store.read_all(Position(0), 300)))
    assert await tree.tile(TileId(0, 1), 10) == part[:320]
    assert await tree.tile(TileId(0, 1), 45) is None
    assert await tree.tile(TileId(5, 0), 1) is None
    await tree.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(steps=st.lists(st.integers(0, 400), min_size=1, max_size=5))
async def test_a_tree_goes_on_where_it_was(steps: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    """However often the server ends and starts again, the tree and its key go on."""
    place = Place(tmp_path_factory.mktemp("tree"))
    former, keys = Checkpoint("", 0, EMPTY_ROOT), set[str]()
    for step in steps:
        tree = await place.open()
        keys.add(str(tree.key))
        await place.say(step)
        await assert_covers(tree, place.store)
        newer = await checked(tree)
        proof = await tree.consistency(former.size, newer.size)
        assert verify_consistency(former.size, newer.size, proof, former.root, newer.root)
        former = newer
        await tree.close()
    assert len(keys) == 1


@pytest.mark.parametrize("point", [point for point in FAULT_POINTS if point.startswith("tree.")])
async def test_a_crash_in_the_middle(place: Place, point: FaultPoint) -> None:
    """Wherever the writing is cut off, tiles and checkpoint stay together, and the rest is added afterwards."""
    await place.say(300)
    tree = await place.open(fail_at=point)
    await assert_covers(tree, place.store)
    assert point in place.points
    await tree.close()
    again = await place.open()
    assert again.size == 300
    await place.say(300)
    await assert_covers(again, place.store)
    await again.close()


async def test_closed_while_a_batch_is_written(place: Place) -> None:
    """A tree that is closed in the middle of a batch covers it once, and the next start goes on from there."""
    writing, go_on = threading.Event(), threading.Event()

    def reach(point: str) -> None:
        if point == "tree.before_commit":
            writing.set()
            go_on.wait(20)

    key = await asyncio.to_thread(SigningKey.open, place.path / "checkpoint.key")
    tree = await Tree.open(place.path / "tree.db", place.store, key, reach=reach)
    await place.say(10)
    assert await asyncio.to_thread(writing.wait, 20)
    closing = asyncio.create_task(tree.close())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    again = await place.open()
    assert again.size == 10
    await place.say(5)
    await assert_covers(again, place.store)
    await again.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(count=st.integers(1, 9000))
async def test_closed_at_any_moment(count: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Closed at once after commits, however many, the tree is that of a prefix of the log."""
    place = Place(tmp_path_factory.mktemp("tree"))
    tree = await place.open()
    await place.say(count)
    await tree.close()
    again = await place.open()
    await assert_covers(again, place.store)
    await again.close()


async def test_events_that_do_not_follow(place: Place) -> None:
    """Events are covered once and in order: those that were covered, or leave a gap, are refused."""
    await place.say(20)
    events = await place.store.read_all(Position(0), 20)
    key = await asyncio.to_thread(SigningKey.open, place.path / "checkpoint.key")
    file = await asyncio.to_thread(TreeFile.open, place.path / "tree.db", key, lambda _point: None)
    await asyncio.to_thread(file.add, events[:10])
    for wrong in (events[:10], events[11:], [events[10], events[12]]):
        with pytest.raises(ValueError, match="after 10"):
            await asyncio.to_thread(file.add, wrong)
    await asyncio.to_thread(file.add, events[10:])
    assert file.size == 20
    await asyncio.to_thread(file.close)


async def test_a_lost_tree_is_made_again(place: Place) -> None:
    """The tree is a view: without its file the same tree is made again from the log."""
    tree = await place.open()
    await place.say(700)
    former = await checked(tree)
    await tree.close()
    for file in place.path.glob("tree.db*"):
        file.unlink()
    again = await place.open()
    assert await checked(again) == former
    await again.close()


async def test_a_log_that_was_changed(place: Place) -> None:
    """A log whose last events were changed or cut off since is refused at the start, and its tree kept."""
    tree = await place.open()
    await place.say(300)
    former = await tree.checkpoint()
    await tree.close()
    events = await place.store.read_all(Position(0), 300)
    changed, short = MemoryEventStore(), MemoryEventStore()
    recorded = [NewEvent(event.topic, event.data) for event in events]
    await changed.append(A, Sequence(0), [*recorded[:289], NewEvent("output", b"{}"), *recorded[290:]])
    await short.append(A, Sequence(0), recorded[:299])
    with pytest.raises(LogChanged, match="Event 290 of the log"):
        await place.open(store=changed)
    with pytest.raises(LogChanged, match="ends at 299, but its tree covers 300"):
        await place.open(store=short)
    again = await place.open()
    assert await again.checkpoint() == former
    await again.close()


@pytest.mark.parametrize("at", [0, 300, 600])
async def test_a_log_that_was_changed_long_ago(place: Place, at: int) -> None:
    """Where the change lies before the last events, the check beside the service finds and names it."""
    tree = await place.open()
    await place.say(900)
    await tree.checkpoint()
    await tree.close()
    changed = MemoryEventStore()
    recorded = [NewEvent(event.topic, event.data) for event in await place.store.read_all(Position(0), 900)]
    await changed.append(A, Sequence(0), [*recorded[:at], NewEvent("output", b"{}"), *recorded[at + 1 :]])
    again = await place.open(store=changed)
    async with asyncio.timeout(20):
        while again.trouble is None:
            await asyncio.sleep(0.01)
    assert f"Event {at + 1} of the log is not the one" in again.trouble
    await again.close()


async def test_a_tree_that_was_changed(place: Place) -> None:
    """A tree whose hashes are no longer those of its checkpoint, or of each other, is noticed too."""
    tree = await place.open()
    await place.say(900)
    await tree.checkpoint()
    await tree.close()
    await asyncio.to_thread(change_tile, place.path / "tree.db", 1)
    with pytest.raises(LogChanged, match="not the one that its checkpoint was signed for"):
        await place.open()


def change_tile(path: Path, level: int) -> None:
    """Change the first hash of a level."""
    with closing(sqlite3.connect(path)) as file, file:
        (hashes,) = file.execute("SELECT hashes FROM tiles WHERE level = ? AND number = 0", (level,)).fetchone()
        file.execute("UPDATE tiles SET hashes = ? WHERE level = ? AND number = 0", (bytes(32) + hashes[32:], level))


async def test_a_file_that_is_no_tree(place: Place) -> None:
    """A damaged tree or key is refused with its name, not replaced."""
    (place.path / "tree.db").write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(StoreError, match=r"tree\.db"):
        await place.open()
    (place.path / "tree.db").unlink()
    (place.path / "checkpoint.key").write_text("no key")
    with pytest.raises(StoreError, match=r"checkpoint\.key"):
        await place.open()


async def test_the_key_is_its_owner_s(place: Place) -> None:
    """Nobody else can read the key that signs."""
    tree = await place.open()
    assert stat.S_IMODE((place.path / "checkpoint.key").stat().st_mode) == 0o600
    await tree.close()


async def test_nobody_waits_for_ever(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the tree can't be written callers get an error, and it continues when it can."""
    monkeypatch.setattr("opencode_ledger.projections.tree.log_tree.PATIENCE", 0.05)
    tree = await place.open()
    read = place.store.read_all
    broken = True

    async def unreadable(after: Position, limit: int) -> list[RecordedEvent]:
        if broken:
            raise StoreError("disk gone")
        return await read(after, limit)

    monkeypatch.setattr(place.store, "read_all", unreadable)
    await place.say(3)
    with pytest.raises(TreeBehind):
        await tree.checkpoint()
    broken = False
    monkeypatch.setattr("opencode_ledger.projections.tree.log_tree.PATIENCE", 20)
    await assert_covers(tree, place.store)
    await tree.close()
