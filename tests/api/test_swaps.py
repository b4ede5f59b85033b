"""What was right when a task was queued and leads elsewhere when it starts: refused then, and nothing is begun there."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from tests.support.service import Running, becomes, running

from opencode_ledger.actors.opencode import OpencodeAgents, OpencodeSettings
from opencode_ledger.http.api import usable
from opencode_ledger.http.settings import Settings

Swap = Callable[[Path, Path], Any]


def directory_for_a_link(directory: Path, elsewhere: Path) -> None:
    directory.rename(directory.with_name("moved"))
    directory.symlink_to(elsewhere)


def parent_for_a_link(directory: Path, elsewhere: Path) -> None:
    (elsewhere / directory.name).mkdir()
    directory.parent.rename(directory.parent.with_name("moved"))
    directory.parent.symlink_to(elsewhere)


def directory_for_a_file(directory: Path, _elsewhere: Path) -> None:
    directory.rename(directory.with_name("moved"))
    directory.touch()


def file_for_a_link(directory: Path, elsewhere: Path) -> None:
    (directory / "src/file.py").unlink()
    (directory / "src/file.py").symlink_to(elsewhere / "secret")


def folder_for_a_link(directory: Path, elsewhere: Path) -> None:
    (directory / "src").rename(directory / "moved")
    (directory / "src").symlink_to(elsewhere)


def file_away(directory: Path, _elsewhere: Path) -> None:
    (directory / "src/file.py").unlink()


def data_moved_into(directory: Path, elsewhere: Path) -> None:
    (elsewhere.parent / "log").symlink_to(directory / "src")


def nothing(_directory: Path, _elsewhere: Path) -> None:
    return


@pytest.mark.parametrize(
    ("swap", "roots", "code"),
    [
        (directory_for_a_link, [], "DIRECTORY_GONE"),
        (parent_for_a_link, [], "DIRECTORY_GONE"),
        (directory_for_a_file, [], "DIRECTORY_GONE"),
        (file_for_a_link, [], "FILE_OUTSIDE"),
        (folder_for_a_link, [], "FILE_OUTSIDE"),
        (file_away, [], "FILE_NOT_FOUND"),
        (nothing, ["elsewhere"], "DIRECTORY_OUTSIDE"),
        (nothing, ["elsewhere", "home"], "agent_unavailable"),
        (data_moved_into, [], "DIRECTORY_HOLDS_DATA"),
    ],
)
async def test_at_the_start_of_a_task(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    swap: Swap,
    roots: Sequence[str],
    code: str,
) -> None:
    """What was swapped after the last look: a task fails and says so, whose directory or file is now a link, or out of bounds."""

    def looked_before(_directory: str, _settings: Settings) -> None:
        """All was as it should be then."""

    monkeypatch.setattr(usable, "check_unmoved", looked_before)
    opencode_is_there(monkeypatch)
    assert await became(settings, tmp_path, swap, roots) == ("failed", code)


@pytest.mark.parametrize(
    ("swap", "code"),
    [
        (directory_for_a_link, "directory_gone"),
        (parent_for_a_link, "directory_gone"),
        (directory_for_a_file, "directory_gone"),
        (nothing, "agent_unavailable"),
    ],
)
async def test_before_the_start_of_a_task(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swap: Swap, code: str
) -> None:
    """A queued task whose directory was swapped for something else waits, and says so; and so it does without opencode."""
    if code != "agent_unavailable":
        opencode_is_there(monkeypatch)
    assert await became(settings, tmp_path, swap, ["elsewhere", "home"]) == ("pending", code)


def opencode_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as one looks."""

    async def unavailable(_agents: OpencodeAgents) -> None:
        """Nothing is wrong with it."""

    monkeypatch.setattr(OpencodeAgents, "unavailable", unavailable)


async def became(settings: Settings, tmp_path: Path, swap: Swap, roots: Sequence[str]) -> tuple[str, str]:
    """What a queued task has come to after a swap, and why; nothing is left where it led."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("secret", "file.py"):
        (elsewhere / name).touch()
    async with running(settings, tmp_path / "home/projects") as api:
        task, directory = await queued(api)
    swap(directory, elsewhere)
    before = sorted(elsewhere.iterdir())
    # Where everything is as it was, it gets as far as the agent's executable.
    adapter = OpencodeSettings(
        instance=secrets.token_hex(8),
        binary=tmp_path / "no-opencode",
        home=tmp_path / "agents",
        data=tmp_path / "log",
        roots=[tmp_path / root for root in roots],
    )
    async with running(settings, tmp_path / "home", agents=cast(Any, OpencodeAgents(adapter))) as api:

        async def decided() -> bool:
            now = await api.get(f"/tasks/{task}")
            return now["status"] == "failed" or "reason" in now

        await becomes(decided, True)
        now = await api.get(f"/tasks/{task}")
    assert sorted(elsewhere.iterdir()) == before
    return now["status"], now.get("code") or now["reason"]


async def queued(api: Running) -> tuple[str, Path]:
    """A task with a file that waits, as the only agent is interrupted at the end; and its codebase's directory."""
    codebase = await api.register("project")
    directory = api.directory("project")
    (directory / "src").mkdir()
    (directory / "src/file.py").touch()
    for number in range(api.service.settings.max_agents):
        other = await api.register(f"other-{number}")
        await api.post(f"/codebases/{other}/trigger", {"prompt": "x"})
    body = {"title": "x", "prompt": "x", "files": ["src/file.py"]}
    task = (await api.post(f"/codebases/{codebase}/tasks", body))["task"]["id"]
    assert (await api.get(f"/tasks/{task}"))["status"] == "pending"
    return task, directory
