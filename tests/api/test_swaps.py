"""What was right when a task was queued and leads elsewhere when it starts: refused then, and nothing is begun there."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from tests.support.service import Running, becomes, running

from opencode_ledger.actors.opencode import OpencodeAgents, OpencodeSettings
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
        (data_moved_into, [], "DIRECTORY_HOLDS_DATA"),
        (nothing, ["elsewhere", "home"], "agent_unavailable"),
    ],
)
async def test_at_the_start_of_a_task(
    settings: Settings, tmp_path: Path, swap: Swap, roots: Sequence[str], code: str
) -> None:
    """A queued task whose directory or file was swapped for a link, that the roots no longer cover, or where the data now is, fails and says so."""
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

        async def status() -> object:
            return (await api.get(f"/tasks/{task}"))["status"]

        await becomes(status, "failed")
        assert (await api.get(f"/tasks/{task}"))["code"] == code
    assert sorted(elsewhere.iterdir()) == before


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
