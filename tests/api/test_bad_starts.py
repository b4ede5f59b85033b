"""A data directory that can't be used: the server refuses to start with a sentence that says what, where and what to do."""

import asyncio
import errno
import os
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs
from tests.golden.release import LOGS
from tests.support.service import Running, running

from opencode_ledger.actors.store.schema import NEVER_CHANGE, ONLY_FOLLOW
from opencode_ledger.domain.errors import LedgerError
from opencode_ledger.http.offline.verify import verify_data
from opencode_ledger.http.settings import Settings

Break = Callable[[Path], None]
PAGE = 4096


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The place of a data directory with a history, made by the first test that asks for it."""
    return tmp_path_factory.mktemp("sound") / "data"


@pytest.fixture
async def data(sound: Path, tmp_path: Path) -> Path:
    """A data directory with a history, and nobody using it."""
    if not sound.exists():
        async with started(sound) as service:
            codebase = await service.register()
            for number in range(60):
                await service.post(f"/codebases/{codebase}/tasks", {"title": f"{number}", "prompt": "x" * 2000})
            await service.service.tree.checkpoint()
    return Path(shutil.copytree(sound, tmp_path / "data"))


@asynccontextmanager
async def started(data: Path) -> AsyncGenerator[Running]:
    """A server on a data directory."""
    async with running(Settings(data=data), data.parent / "home") as service:
        yield service


async def refusal(data: Path) -> str:
    """What a server says that doesn't start on this data directory."""
    with pytest.raises(LedgerError) as error:
        async with started(data):
            pass
    return error.value.message


def overwrite(path: Path, at: int, size: int = PAGE) -> None:
    """Put garbage where something was."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * size)


def newer_schema(data: Path) -> None:
    with closing(sqlite3.connect(data / "ledger.db")) as log:
        log.execute("PRAGMA user_version = 99")


def directory_instead(name: str) -> Break:
    def put(data: Path) -> None:
        (data / name).unlink(missing_ok=True)
        (data / name).mkdir()

    return put


def garbage_in(name: str) -> Break:
    return lambda data: overwrite(data / name, 0)


def wal_of_nobody(data: Path) -> None:
    (data / "ledger.db").unlink()
    (data / "ledger.db-wal").write_bytes(b"\xa5" * PAGE)


DROP_GUARD = "DROP TRIGGER stored_events_never_change"
DROP_ORDER = "DROP TRIGGER stored_events_only_follow"
GUARD = "CREATE TRIGGER stored_events_never_change"


def altered(*statements: str) -> Break:
    """Somebody changes the log with another program."""

    def alter(data: Path) -> None:
        with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as log:
            for statement in statements:
                log.execute(statement)
            log.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    return alter


def gone(name: str) -> Break:
    return lambda data: (data / name).unlink()


def emptied(name: str) -> Break:
    return lambda data: os.truncate(data / name, 0)


def in_tree(*statements: str) -> Break:
    def alter(data: Path) -> None:
        with closing(sqlite3.connect(data / "tree.db", isolation_level=None)) as tree:
            for statement in statements:
                tree.execute(statement)

    return alter


def in_outputs(*statements: str) -> Break:
    def alter(data: Path) -> None:
        with closing(sqlite3.connect(data / "outputs.db", isolation_level=None)) as outputs:
            for statement in statements:
                outputs.execute(statement)

    return alter


def link_instead(name: str) -> Break:
    def put(data: Path) -> None:
        (data / name).rename(data / "elsewhere")
        (data / name).symlink_to(data / "elsewhere")

    return put


def pipe_instead(name: str) -> Break:
    def put(data: Path) -> None:
        (data / name).unlink()
        os.mkfifo(data / name)

    return put


def another_key(data: Path) -> None:
    shutil.copyfile(LOGS / "0.1.0" / "checkpoint.key", data / "checkpoint.key")


def hide_in_the_index(data: Path) -> None:
    """Put an index in the place of the one that streams are read through, in which some events are missing."""
    with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as log:
        log.execute("PRAGMA writable_schema = ON")
        log.execute(
            "CREATE INDEX mine ON stored_events (originator_id, originator_version) WHERE originator_version < 20"
        )
        page = log.execute("SELECT rootpage FROM sqlite_master WHERE name = 'mine'").fetchone()
        log.execute("UPDATE sqlite_master SET rootpage = ? WHERE name LIKE 'sqlite_autoindex%'", page)
        log.execute("DELETE FROM sqlite_master WHERE name = 'mine'")
        log.execute("PRAGMA wal_checkpoint(TRUNCATE)")


ADDED = "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) VALUES "

BAD: list[tuple[Break, str, str]] = [
    (newer_schema, "ledger.db was written by a newer opencode-ledger", "install that version"),
    (garbage_in("ledger.db"), "ledger.db is damaged", "backup in its place"),
    (directory_instead("ledger.db"), "ledger.db can't be opened", "check that"),
    (lambda data: (data / "ledger.db").unlink(), "The log ends at 0, but its tree covers", "audit verify"),
    (garbage_in("tree.db"), "tree.db, can't be used", "backup in its place"),
    (directory_instead("tree.db"), "tree.db, can't be used", "backup in its place"),
    (garbage_in("checkpoint.key"), "checkpoint.key, is not a private key", "Restore it from a backup"),
    (directory_instead("checkpoint.key"), "checkpoint.key, can't be used", "Restore it from a backup"),
    (gone("tree.db"), "has no tree.db, which prove", "start once with --new-proofs"),
    (emptied("tree.db"), "has no tree.db, which prove", "start once with --new-proofs"),
    (in_tree("DELETE FROM tiles", "DELETE FROM checkpoint"), "has no tree.db, which prove", "--new-proofs"),
    (
        in_tree("UPDATE checkpoint SET note = replace(note, 'opencode', 'mine')"),
        "was not signed with its key",
        "verify",
    ),
    (in_tree("UPDATE checkpoint SET size = 'x'"), "its checkpoint is damaged", "backup in its place"),
    (in_tree("UPDATE tiles SET hashes = NULL"), "tree.db, can't be used", "backup in its place"),
    (another_key, "was not signed with its key", "audit verify"),
    (hide_in_the_index, "something was removed, added or moved", "audit verify"),
    (
        altered(DROP_ORDER, f"{ADDED} (0, 'cb_x', 1, 'x', x'')", ONLY_FOLLOW),
        "something was removed, added or moved",
        "audit verify",
    ),
    (
        altered(DROP_ORDER, f"{ADDED} (99999, 'cb_x', 1, 'x', x'')", ONLY_FOLLOW),
        "The log goes up to 99999",
        "backup in its place",
    ),
    (gone("checkpoint.key"), "has no checkpoint.key, which prove", "restore a backup"),
    (
        altered("CREATE TRIGGER mine AFTER INSERT ON stored_events BEGIN DELETE FROM stored_events; END"),
        "it has a trigger 'mine', which is none of a log's",
        "audit verify",
    ),
    (altered("CREATE TABLE unfinished_erasures (position INTEGER PRIMARY KEY, x)"), "was altered by other", "backup"),
    (in_tree("CREATE VIEW mine AS SELECT 1"), "it has a view 'mine'", "backup in its place"),
    (altered("CREATE VIEW mine AS SELECT 1"), "it has a view 'mine'", "backup in its place"),
    (
        altered(DROP_GUARD, f"{GUARD} BEFORE UPDATE ON stored_events BEGIN SELECT 1; END"),
        "its guard stored_events_never_change is not the one that a log has",
        "undo that with `sqlite3`",
    ),
    (
        altered(
            DROP_GUARD,
            "UPDATE stored_events SET state = CAST(state AS TEXT) WHERE rowid = (SELECT max(rowid) FROM stored_events)",
            NEVER_CHANGE,
        ),
        "is not stored as it was recorded",
        "audit verify",
    ),
    (directory_instead("views.db"), "views.db, can't be opened", "Remove the file"),
    (directory_instead("instance"), "instance can't be used", "remove it"),
    (garbage_in("outputs.db"), "outputs.db is damaged", "backup in its place"),
    (directory_instead("outputs.db"), "outputs.db can't be opened", "plain file"),
    (link_instead("outputs.db"), "outputs.db is a link", "was left alone"),
    (pipe_instead("outputs.db"), "outputs.db is a pipe", "was left alone"),
    (in_outputs("PRAGMA user_version = 99"), "outputs.db was written by a newer", "install that version"),
    (in_outputs("PRAGMA application_id = 1"), "outputs.db belongs to another program", "another directory"),
    (
        in_outputs("CREATE TRIGGER mine AFTER INSERT ON outputs BEGIN DELETE FROM outputs; END"),
        "outputs.db was altered by other means",
        "backup in its place",
    ),
    (in_outputs("DROP TABLE chunks"), "outputs.db was altered by other means", "backup in its place"),
]


@pytest.mark.parametrize(("damage", "what", "advice"), BAD, ids=[what for _, what, _ in BAD])
async def test_refused_with_advice(data: Path, damage: Break, what: str, advice: str) -> None:
    """What is wrong is named with the file and the way out, and the log is left as it is."""
    damage(data)
    log = data / "ledger.db"
    before = log.read_bytes() if log.is_file() else None
    said = await refusal(data)
    assert what in said
    assert advice in said
    assert before is None or log.read_bytes() == before


@pytest.mark.parametrize("failure", [errno.EROFS, errno.EACCES])
async def test_a_directory_that_can_not_be_written(data: Path, monkeypatch: pytest.MonkeyPatch, failure: int) -> None:
    """On a read-only file system, or in another user's directory, the sentence names the directory and the option."""
    honest = os.open

    def refuse(path: str | Path, flags: int, mode: int = 0o777, **more: int) -> int:
        if str(path).startswith(str(data)) and flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise OSError(failure, os.strerror(failure), str(path))
        return honest(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", refuse)
    said = await refusal(data)
    assert f"{data} can't be used: {os.strerror(failure)}" in said
    assert "choose another with --data" in said


@pytest.mark.parametrize(
    "damage", [garbage_in("views.db"), garbage_in("moments.db"), directory_instead("moments.db")], ids=[1, 2, 3]
)
async def test_damaged_views_are_rebuilt(data: Path, damage: Break) -> None:
    """Damaged views and a damaged cache of moments are rebuilt, and the responses are the same."""
    damage(data)
    async with started(data) as service:
        assert (await service.get("/tasks"))["total"] == 60
        codebase = (await service.get("/codebases"))[0]["id"]
        assert (await service.get(f"/codebases/{codebase}/sessions?at=10"))["sessions"] != []


@pytest.mark.parametrize(
    "part", ["TRIGGER stored_events_never_go", "TRIGGER stored_events_only_follow", "INDEX stored_events_lifecycle"]
)
async def test_what_guards_the_log_is_put_back(data: Path, part: str) -> None:
    """Guards of the log's file that somebody took away are put back, and said to have been gone."""
    altered(f"DROP {part}")(data)
    structlog.reset_defaults()  # hear warnings, too
    with capture_logs() as logged:
        async with started(data) as service:
            assert (await service.get("/tasks"))["total"] == 60
    assert any(f"{part.split()[1]} is gone" in entry.get("found", "") for entry in logged)
    assert (await asyncio.to_thread(verify_data, data, (), None, lambda _done, _of: None)).sound


@pytest.mark.parametrize("column", ["originator_id", "state"])
async def test_the_last_event_is_stored_otherwise(data: Path, column: str) -> None:
    """An event that no tree covers yet and that isn't stored as events are is named, by the start and by an audit."""
    values = {"originator_id": "'cb_x'", "state": "x'7b7d'", column: "NULL"}
    with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as log:
        (head,) = log.execute("SELECT max(rowid) FROM stored_events").fetchone()
        log.execute(DROP_ORDER)
        log.execute(f"{ADDED} ({head + 1}, {values['originator_id']}, 1, 'x', {values['state']})")
    said = await refusal(data)
    assert "is not stored as it was recorded" in said or "was removed, added or moved" in said
    assert "audit verify" in said
    verdict = await asyncio.to_thread(verify_data, data, (), None, lambda _done, _of: None)
    assert verdict.result.findings[0].sentence.startswith(f"Event {head + 1} is not stored like an event")


async def test_what_an_index_hides(data: Path) -> None:
    """An audit finds an index by which streams would be read without some of their events."""
    hide_in_the_index(data)
    verdict = await asyncio.to_thread(verify_data, data, (), None, lambda _done, _of: None)
    assert any("ledger.db is damaged" in finding.sentence for finding in verdict.result.findings)


async def test_new_proofs_where_they_are_asked_for(data: Path) -> None:
    """With `--new-proofs`, a missing key and tree are created, and the log is sound by them."""
    for name in ("tree.db", "checkpoint.key"):
        (data / name).unlink()
    async with running(Settings(data=data, new_proofs=True), data.parent / "home") as service:
        await service.service.tree.checkpoint()
    assert (await asyncio.to_thread(verify_data, data, (), None, lambda _done, _of: None)).sound


async def test_a_damaged_page_in_the_middle(data: Path) -> None:
    """An unreadable page of the log is reported with what to do, and verification says how far the log is sound."""
    with closing(sqlite3.connect(data / "ledger.db")) as log:
        (pages,) = log.execute("PRAGMA page_count").fetchone()
    overwrite(data / "ledger.db", pages // 2 * PAGE)
    said = await refusal(data)
    assert "It is damaged" in said
    assert "audit verify" in said
    with pytest.raises(LedgerError, match=r"ledger.db can't be read after event \d+"):
        await asyncio.to_thread(verify_data, data, (), None, lambda _done, _of: None)


async def test_a_truncated_write_ahead_log(data: Path) -> None:
    """A log that lost the end that was still in its write-ahead log is behind its tree, and refused with the way out."""
    async with started(data) as service:
        await service.register("another")
        await service.service.tree.checkpoint()
        shutil.copytree(data, data.with_name("torn"))
    torn = data.with_name("torn")
    os.truncate(torn / "ledger.db-wal", 32 + PAGE // 2)
    said = await refusal(torn)
    assert "its tree covers" in said
    assert "audit verify" in said
