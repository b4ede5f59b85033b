"""Views that somebody changed are found, named and replaced, while they serve."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from structlog.typing import EventDict
from tests.projections.histories import workday
from tests.projections.test_rebuild import Crash, crash_at, rebuilt, tables
from tests.projections.test_runner import until

from opencode_ledger.actors.clock import SystemClock
from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.fault_points import FAULT_POINTS, FaultPoint, Reach, pass_by
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.projections import rebuild
from opencode_ledger.projections.comparison import Comparison
from opencode_ledger.projections.database import Database
from opencode_ledger.projections.rebuild import Rebuild
from opencode_ledger.projections.runner import Projections

CHANGES = [
    ("UPDATE sessions SET prompt = 'never said'", "sessions shows a row of "),
    ("DELETE FROM codebases", "codebases lacks a row of "),
    ("INSERT INTO task_counts VALUES ('cb_none', 'pending', 7)", "task_counts shows a row of 'cb_none'"),
    ("DROP TRIGGER tasks_counted", "tasks_counted is not as the program creates it"),
    ("CREATE TABLE mine (x)", "mine is not as the program creates it"),
    (
        "CREATE TRIGGER sqlitex AFTER UPDATE ON codebases BEGIN SELECT 1; END",
        "sqlitex is not as the program creates it",
    ),
    ("UPDATE sessions SET title = CAST('x' AS BLOB)", "sessions shows a row of "),
    ("UPDATE codebases SET id = CAST(x'ff' AS TEXT) WHERE id = 'cb_a'", "the file can't be read (it has invalid text)"),
    ("UPDATE tracking SET position = position + 1000", "tracking shows a row of "),
    ("UPDATE tracking SET position = 'far'", "tracking shows a row of "),
    ("INSERT INTO tracking SELECT * FROM tracking", "tracking shows a row more than once"),
    ("UPDATE texts SET kind = 'answer' WHERE kind = 'prompt'", "texts shows a row of "),
    ("INSERT INTO search (rowid, text) VALUES (7, 'neverever')", "the index of texts has 'neverever' other times"),
    (
        "INSERT INTO search (search, rowid, text) SELECT 'delete', id, text FROM texts WHERE kind = 'prompt'",
        "the index of texts has ",
    ),
    ("DROP TABLE tracking", "the file can't be read (no such table"),
    (
        """PRAGMA writable_schema = 1;
        UPDATE sqlite_schema SET sql = replace(sql, '(name)', '(id)') WHERE name = 'codebases_by_name';
        PRAGMA writable_schema = RESET; REINDEX; PRAGMA writable_schema = 1;
        UPDATE sqlite_schema SET sql = replace(sql, '(id)', '(name)') WHERE name = 'codebases_by_name'""",
        "the file can't be read (",
    ),
]


class Busy(SystemClock):
    """A clock whose every sleep is the time in which the rest of the day is recorded, an event at a time."""

    def __init__(self, store: MemoryEventStore, rest: list[tuple[CodebaseId, NewEvent]]) -> None:
        self._store, self._rest, self._turn = store, rest, asyncio.Lock()

    async def sleep(self, seconds: float) -> None:
        async with self._turn:
            if self._rest:
                stream, event = self._rest.pop(0)
                await self._store.append(stream, await self._store.stream_head(stream), [event])
        await asyncio.sleep(0)


async def serving(
    path: Path, monkeypatch: pytest.MonkeyPatch, reach: Reach = pass_by
) -> tuple[MemoryEventStore, Projections]:
    """Views of the first half of a day; the rest comes while they are rebuilt, two events at a time."""
    monkeypatch.setattr(rebuild, "SLICE", 2)
    monkeypatch.setattr(rebuild, "PAUSE", 0)
    day = [(stream, event) for stream, events in workday().commits for event in events]
    store, half = MemoryEventStore(), len(day) // 2
    for stream, event in day[:half]:
        await store.append(stream, await store.stream_head(stream), [event])
    return store, await Projections.open(path, store, clock=Busy(store, day[half:]), reach=reach)


def change(path: Path, statement: str) -> None:
    """Somebody writes to the views' file."""
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(statement)


async def test_views_that_are_right_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the views are what the log makes, nothing is replaced and nothing is left over, however much is recorded meanwhile."""
    _store, projections = await serving(tmp_path / "views.db", monkeypatch)
    version = projections.version[0]
    assert await projections.check() is None
    assert projections.version[0] == version
    assert not list(tmp_path.glob("*.new*"))


@pytest.mark.parametrize(("statement", "words"), CHANGES)
async def test_views_that_somebody_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs: list[EventDict], statement: str, words: str
) -> None:
    """What was changed is named without its content, and from then on the views are what the log makes of all that came meanwhile."""
    path = tmp_path / "views.db"
    store, projections = await serving(path, monkeypatch)
    await asyncio.to_thread(change, path, statement)
    difference = await projections.check()
    assert difference is not None
    assert difference.startswith(words)
    assert difference in str(logs)
    assert "never said" not in str(logs)
    await until(lambda: projections.applied == store.head)
    assert len(await projections.views.codebases.all()) == 2
    await projections.close()
    assert tables(path) == await rebuilt(tmp_path / "rebuilt.db", store)


async def test_readers_are_served_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader gets an answer at any moment of it: that of the old views until there is that of the new, and no other."""
    path = tmp_path / "views.db"
    store, projections = await serving(path, monkeypatch)
    right = {view.name for view in await projections.views.codebases.all()}
    await asyncio.to_thread(change, path, "UPDATE codebases SET name = 'wrong'")
    await until(lambda: projections.applied == store.head)
    checking = asyncio.create_task(projections.check())
    seen: list[set[str]] = []
    while not checking.done():
        seen.append({view.name for view in await projections.views.codebases.all()})
        await asyncio.sleep(0)
    assert await checking is not None
    assert {view.name for view in await projections.views.codebases.all()} >= right
    assert all(names & {"wrong"} or names >= right for names in seen)


@pytest.mark.parametrize("point", [point for point in FAULT_POINTS if point.startswith("views.")])
async def test_cut_off_in_the_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: FaultPoint) -> None:
    """A server that dies at any point of the exchange shows the whole log after its next start."""
    alive, left = tmp_path / "alive", tmp_path / "left"
    alive.mkdir()
    reach = crash_at(point, 0, alive, left)
    store, projections = await serving(alive / "views.db", monkeypatch, reach)
    await asyncio.to_thread(change, alive / "views.db", "DELETE FROM tasks")
    with pytest.raises(Crash):
        await projections.check()
    again = await Projections.open(left / "views.db", store)
    assert again.applied == store.head
    await again.check()
    await again.close()
    assert tables(left / "views.db") == await rebuilt(tmp_path / "rebuilt.db", store)
    assert not await asyncio.to_thread(lambda: list(left.glob("*.new*")))


async def test_checked_every_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The views are checked a minute after a start and each day from then on, also where it couldn't be done the day before."""
    _store, projections = await serving(tmp_path / "views.db", monkeypatch)
    heard: list[float | str] = []

    async def sleep(seconds: float) -> None:
        heard.append(seconds)

    async def check() -> None:
        heard.append("check")
        if heard.count("check") == 2:
            raise StoreError("The disk is full.")
        if heard.count("check") == 3:
            raise IndexError
        if heard.count("check") == 4:
            raise asyncio.CancelledError

    daily = projections._check  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(daily, "_sleep", sleep)
    monkeypatch.setattr(daily, "once", check)
    with pytest.raises(asyncio.CancelledError):
        await projections.check_daily()
    assert heard == [60, "check", *(3 * [86_400, "check"])]


async def test_positions_that_the_log_does_not_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs: list[EventDict]
) -> None:
    """Where somebody says in the file that more was applied, nothing is passed over: the views are held up until the check."""
    path = tmp_path / "views.db"
    store, projections = await serving(path, monkeypatch)
    await asyncio.to_thread(change, path, "UPDATE tracking SET position = position + 1000")
    stream = CodebaseId("cb_late")
    await store.append(stream, await store.stream_head(stream), [NewEvent("output", b"{}")])
    held_up = "the views' file names a position that the log doesn't have"
    await until(lambda: held_up in str(logs))
    assert projections.applied < store.head
    assert await projections.check() is not None
    await until(lambda: projections.applied == store.head)
    await projections.close()
    assert tables(path) == await rebuilt(tmp_path / "rebuilt.db", store)


async def test_ended_while_it_compares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends while its views are compared doesn't wait for that, and closes no file that a query still reads."""
    _store, projections = await serving(tmp_path / "views.db", monkeypatch)
    loop, begun, happened = asyncio.get_running_loop(), asyncio.Event(), list[str]()
    close = Comparison.close

    def long_query(self: Comparison, _file: str) -> str | None:
        loop.call_soon_threadsafe(begun.set)
        count = (
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000000) SELECT count(*) FROM n"
        )
        try:
            self.connection.execute(count).fetchall()
        except sqlite3.OperationalError as error:
            happened.append(str(error))
            raise
        return None

    def closed(self: Comparison) -> None:
        happened.append("closed")
        close(self)

    monkeypatch.setattr(Comparison, "_check_of", long_query)
    monkeypatch.setattr(Comparison, "close", closed)
    checking = asyncio.create_task(projections.check())
    await begun.wait()
    checking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await checking
    assert happened == ["interrupted", "closed"]


async def test_a_full_disk_is_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is too full to compare, no change is reported, and nothing is replaced."""
    _store, projections = await serving(tmp_path / "views.db", monkeypatch)

    def full(_comparison: Comparison, _file: str) -> str | None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(Comparison, "_check_of", full)
    version = projections.version[0]
    with pytest.raises(StoreError, match="disk is full"):
        await projections.check()
    assert projections.version[0] == version


async def test_an_exchange_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Views that aren't whole without their write-ahead log, as a full disk leaves them, replace none: the old ones serve on."""
    path, made = tmp_path / "views.db", tmp_path / "views.db.new"
    store, projections = await serving(path, monkeypatch)
    await asyncio.to_thread(change, path, "UPDATE codebases SET name = 'wrong'")
    replace = Rebuild.replace

    async def left_over(self: Rebuild, serving: Database) -> None:
        await self.discard()
        await asyncio.to_thread(made.touch)
        await asyncio.to_thread(made.with_name("views.db.new-wal").write_bytes, b"rest")
        await replace(self, serving)

    monkeypatch.setattr(Rebuild, "replace", left_over)
    with pytest.raises(StoreError, match=r"is incomplete without views\.db\.new-wal"):
        await projections.check()
    await until(lambda: projections.applied == store.head)
    assert "wrong" in {view.name for view in await projections.views.codebases.all()}
    monkeypatch.setattr(Rebuild, "replace", replace)
    assert await projections.check() is not None
    await projections.close()
    assert tables(path) == await rebuilt(tmp_path / "rebuilt.db", store)


async def test_where_it_cannot_be_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no second file can be made, that is said, and the views serve on."""
    store, projections = await serving(tmp_path / "views.db", monkeypatch)
    (tmp_path / "views.db.new").mkdir()
    with pytest.raises(StoreError, match="The views can't be compared with the log"):
        await projections.check()
    await until(lambda: projections.applied == store.head)
    assert len(await projections.views.codebases.all()) == 2
