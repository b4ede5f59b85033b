"""Backups are taken beside a running server, verified, and put back only where nothing is lost."""

import shutil
import sqlite3
import stat
from pathlib import Path

from tests.support.command_line import Command
from tests.support.service import Running, running

from opencode_ledger.domain.ids import Position
from opencode_ledger.http.settings import Settings


async def test_there_and_back(api: Running, command: Command, tmp_path: Path) -> None:
    """A backup of a server at work is sound, and a server on it goes on with the same log and the same key."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})
    await (await api.agent_at_work(codebase)).end()
    copy, data = tmp_path / "copy", tmp_path / "restored"
    ended = await command("backup", copy, "--data", api.service.settings.data)
    assert ended.code == 0, ended
    assert "sound: " in ended.output
    for place in (copy, *copy.iterdir()):
        assert not stat.S_IMODE(place.stat().st_mode) & 0o077, place
    before = await api.service.store.read_all(Position(0), 1000)
    ended = await command("restore", copy, "--data", data)
    assert ended.code == 0, ended
    async with running(Settings(data=data), tmp_path / "other") as again:
        after = await again.service.store.read_all(Position(0), 1000)
        assert after[: len(before)] == before[: len(after)]
        assert str(again.service.tree.key) == str(api.service.tree.key)
        assert (await again.get(f"/codebases/{codebase}"))["id"] == codebase


async def test_nothing_is_overwritten(api: Running, command: Command, tmp_path: Path) -> None:
    """Existing directories and logs are never overwritten, and a missing log is reported."""
    await api.register()
    data, copy = api.service.settings.data, tmp_path / "copy"
    assert (await command("backup", copy, "--data", data)).code == 0
    cases = {
        ("backup", copy, "--data", data): ("name a new directory", 2),
        ("backup", tmp_path / "x", "--data", tmp_path / "none"): ("No log found", 2),
        ("backup", tmp_path / "data" / "ledger.db" / "x", "--data", data): ("can't be created", 2),
        ("restore", copy, "--data", data): ("Nothing is overwritten", 2),
        ("restore", tmp_path / "none", "--data", tmp_path / "y"): ("it has no ledger.db", 2),
    }
    for arguments, (words, code) in cases.items():
        ended = await command(*arguments)
        assert (ended.code, ended.output) == (code, ""), ended
        assert words in ended.errors
    assert not (tmp_path / "y").exists()


async def test_a_backup_that_was_changed(api: Running, command: Command, tmp_path: Path) -> None:
    """A backup that isn't what was recorded is not put back."""
    await api.register()
    copy = tmp_path / "copy"
    await api.service.tree.checkpoint()
    assert (await command("backup", copy, "--data", api.service.settings.data)).code == 0
    shutil.copytree(copy, changed := tmp_path / "changed")
    with sqlite3.connect(changed / "ledger.db") as log:
        log.execute("DROP TRIGGER stored_events_never_change")
        log.execute("UPDATE stored_events SET state = x'7b7d'")
    log.close()
    ended = await command("restore", changed, "--data", tmp_path / "data2")
    assert ended.code == 1
    assert "NOT SOUND" in ended.output
    assert "Nothing was restored." in ended.errors
    assert not (tmp_path / "data2").exists()
