"""What the operations page says about backups."""

import sqlite3
from contextlib import closing
from pathlib import Path

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence


async def test_a_backup_of_a_log_in_use_is_a_log_like_any_other(tmp_path: Path) -> None:
    """A copy that SQLite makes while the service writes opens with the same events, and goes on from there."""
    codebase = CodebaseId("cb_1")
    async with SqliteEventStore.open(tmp_path / "ledger.db") as log:
        for n in range(3):
            await log.append(codebase, Sequence(n), [NewEvent(topic="status", data=b'{"n":%d}' % n)])
        with (
            closing(sqlite3.connect(tmp_path / "ledger.db")) as used,
            closing(sqlite3.connect(tmp_path / "copy.db")) as to,
        ):
            used.backup(to)
        kept = await log.read_all(Position(0), 10)
    async with SqliteEventStore.open(tmp_path / "copy.db") as copy:
        assert list(await copy.read_all(Position(0), 10)) == list(kept)
        (event,) = await copy.append(codebase, Sequence(3), [NewEvent(topic="status", data=b"{}")])
        assert (event.sequence, event.position) == (4, 4)
