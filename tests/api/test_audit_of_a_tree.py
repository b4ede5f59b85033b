"""An audit looks at the whole tree beside a log, not at its leaves alone."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId, Sequence
from opencode_ledger.http.offline.verify import verify_data
from opencode_ledger.projections.tree.log_tree import Tree
from opencode_ledger.projections.tree.signing import SigningKey

TILES_ARE_NOT = "does not match the events from event 1 on: tree.db was changed"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE tiles SET hashes = zeroblob(length(hashes)) WHERE level = 0 AND number = 0", TILES_ARE_NOT),
        ("UPDATE tiles SET hashes = zeroblob(length(hashes)) WHERE level = 1", TILES_ARE_NOT),
        ("DELETE FROM tiles WHERE level = 0 AND number = 0", TILES_ARE_NOT),
        ("DELETE FROM tiles", TILES_ARE_NOT),
        ("INSERT INTO tiles VALUES (1, 7, x'00')", "from event 458753 on: tree.db was changed"),
        (
            "DELETE FROM checkpoint",
            "Nothing proves these events: tree.db has no checkpoint of them, and no checkpoint was given",
        ),
        ("UPDATE tiles SET level = 'x' WHERE level = 1", "its tile 'x', 0 is damaged"),
        ("UPDATE tiles SET hashes = NULL WHERE level = 1", "its tile 1, 0 is damaged"),
        ("CREATE TRIGGER mine AFTER INSERT ON tiles BEGIN DELETE FROM tiles; END", "it has a trigger 'mine'"),
        ("UPDATE checkpoint SET note = x'00'", "its checkpoint is damaged"),
    ],
)
async def test_tampering_with_the_tree(tmp_path: Path, statement: str, words: str) -> None:
    """A tree that isn't the one of the events is found at any of its levels, and one that was emptied, too."""
    async with SqliteEventStore.open(tmp_path / "ledger.db") as store:
        await store.append(CodebaseId("cb_1"), Sequence(0), [NewEvent("x", b"{}")] * 1100)
        key = await asyncio.to_thread(SigningKey.open, tmp_path / "checkpoint.key")
        tree = await Tree.open(tmp_path / "tree.db", store, key)
        await tree.checkpoint()
        await tree.close()
    assert (await asyncio.to_thread(verify_data, tmp_path, (), None, lambda _done, _of: None)).sound
    with closing(sqlite3.connect(tmp_path / "tree.db")) as file, file:
        file.execute(statement)
    try:
        verdict = await asyncio.to_thread(verify_data, tmp_path, (), None, lambda _done, _of: None)
        sentences = [finding.sentence for finding in verdict.result.findings]
    except StoreError as error:
        sentences = [error.message]
    assert [words in sentence for sentence in sentences] == [True]
