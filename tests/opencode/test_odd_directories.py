"""The agent works in the directory that was checked, whatever its name; or not at all."""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest

from opencode_ledger.actors.opencode.client import OpencodeClient, Place
from opencode_ledger.actors.opencode.whereabouts import check_session, refuse_elsewhere
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.errors import AgentError

from .conftest import MakeLive
from .live import Live, make_repository
from .odd_names import ODD_NAMES

WHERE = "bash: pwd > here.txt; pwd -P\nsay: Done."


def make_decoys(parent: Path, name: str) -> set[Path]:
    """What the name means to somebody who decodes it; each an empty directory."""
    decoys: set[Path] = set()
    decoded = name
    for _ in range(3):
        decoded = unquote(decoded)
        decoy = parent / decoded
        if "\0" not in decoded and not decoy.exists():
            decoy.mkdir(parents=True)
            decoys.add(decoy)
    return decoys


def environment(pid: int) -> dict[str, str]:
    """The variables that a process was started with."""
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


@asynccontextmanager
async def elsewhere(live: Live, directory: Path) -> AsyncGenerator[OpencodeClient]:
    """A client of the same process, for another directory; it shares nothing else with the agent's own."""
    connection = live.agent.connection
    assert connection is not None
    server = connection.server
    password = environment(server.process.pid)["OPENCODE_SERVER_PASSWORD"]
    client = OpencodeClient(server.process.url, password, live.settings.request_limit, str(directory))
    try:
        yield client
    finally:
        await client.close()


async def test_opencode_works_in_a_directory_of_any_name(live: Live, tmp_path: Path) -> None:
    """Of every odd name opencode says that it works there, and a session's prompts are carried out there."""
    await live.run("say: Up.")
    parent = tmp_path / "odd/names"
    for name in ODD_NAMES:
        directory = parent / name
        directory.mkdir(parents=True)
        make_decoys(parent, name)
        async with elsewhere(live, directory) as client:
            there = await client.place()
            assert (there.directory, there.worktree) == (str(directory), "/"), repr(name)
            refuse_elsewhere(there, str(directory), [parent], None)
            if "%" in name:  # others are the same however often they are decoded
                assert await check_session(client, await client.create_session(name))
        shutil.rmtree(tmp_path / "odd")


@pytest.mark.parametrize("name", ["%2e%2e%2fsecret", " x%20y\n+?#%25 "])
async def test_what_an_agent_does_lies_in_its_directory(make_live: MakeLive, tmp_path: Path, name: str) -> None:
    """Its shell, its tools and its record are where the codebase is, and nothing lies where the name decoded leads."""
    directory = make_repository(tmp_path / "in" / name)
    decoys = make_decoys(tmp_path / "in", name)
    live = make_live(directory=directory)
    ended = await live.run(f"{WHERE[: WHERE.index('say')]}write: made.txt = x\nsay: Done.")
    assert ended.failure is None
    shell = next(tool for tool in live.recorder.of(f.ToolEnded) if tool.tool == "bash")
    assert shell.output.removesuffix("\n") == str(directory)
    assert (directory / "here.txt").read_text() == f"{directory}\n"
    assert "made.txt" in [change.path for change in live.recorder.of(f.FileChanged)]
    assert [list(decoy.rglob("*.txt")) for decoy in decoys] == [[] for _ in decoys]
    assert (await live.run("say: Once more.")).summary == "Once more."


async def test_a_link_swapped_in_at_any_moment_is_no_way_out(make_live: MakeLive, tmp_path: Path) -> None:
    """Before the start, before opencode is asked and before it gets the prompt: a link in the directory's place runs nothing."""
    directory, aside = make_repository(tmp_path / "in"), tmp_path / "aside"
    secret = make_repository(tmp_path / "secret")
    live = make_live(directory=directory)

    def swap() -> None:
        directory.rename(aside)
        directory.symlink_to(secret)

    async def refused() -> AgentError:
        with pytest.raises(AgentError) as refusal:
            await live.prompt("wait: 5\nbash: touch hit.txt\nsay: Never said.")
        directory.unlink()
        aside.rename(directory)
        return refusal.value

    swap()
    assert (await refused()).code == "DIRECTORY_GONE"
    assert live.marked() == []
    await live.run("say: Up.")
    connection = live.agent.connection
    assert connection is not None
    for method in ("place", "prompt"):
        swap_before(connection.client, method, swap)
        assert (await refused()).code in ("AGENT_ELSEWHERE", "DIRECTORY_GONE"), method
    await live.agent.stop()
    assert not (secret / "hit.txt").exists()
    assert not (directory / "hit.txt").exists()


async def test_a_link_swapped_in_during_a_run_ends_it(make_live: MakeLive, tmp_path: Path) -> None:
    """In the middle of a command, and at the end of a run: a directory that became a link fails the run."""
    directory, aside = make_repository(tmp_path / "in"), tmp_path / "aside"
    elsewhere = make_repository(tmp_path / "elsewhere")
    live = make_live(directory=directory)
    await live.prompt("bash: sleep 3\nbash: touch never.txt\nsay: Never said.")
    await live.recorder.has(f.ToolStarted)
    directory.rename(aside)
    directory.symlink_to(elsewhere)
    ended = await live.recorder.has(f.RunEnded)
    assert ended.failure and ended.failure.code == "DIRECTORY_GONE"
    await live.agent.stop()
    assert not (elsewhere / "never.txt").exists()


def swap_before(client: OpencodeClient, method: str, swap: Callable[[], None]) -> None:
    """Have the directory swapped just before the next request of a kind."""
    honest: Callable[..., Awaitable[object]] = getattr(client, method)

    async def swapped(*values: object) -> object:
        setattr(client, method, honest)
        await asyncio.to_thread(swap)
        return await honest(*values)

    setattr(client, method, swapped)


HERE = "/srv/in/here"
PLACES: Mapping[str, tuple[Place, str | None]] = {
    "itself": (Place(HERE, HERE), None),
    "no repository": (Place(HERE, "/"), None),
    "below a repository's root": (Place(HERE, "/srv/in"), None),
    "decoded": (Place("/srv/in/he re", "/"), "AGENT_ELSEWHERE"),
    "another form of one letter": (Place("/srv/in/he\u0301re", "/"), "AGENT_ELSEWHERE"),
    "a blank more": (Place(f"{HERE} ", "/"), "AGENT_ELSEWHERE"),
    "a slash more": (Place(f"{HERE}/", "/"), "AGENT_ELSEWHERE"),
    "above": (Place("/srv/in", "/srv/in"), "AGENT_ELSEWHERE"),
    "nothing": (Place("", "/"), "AGENT_ELSEWHERE"),
    "a working tree beside": (Place(HERE, "/srv/in/there"), "AGENT_ELSEWHERE"),
    "a working tree whose name begins alike": (Place(HERE, "/srv/in/her"), "AGENT_ELSEWHERE"),
    "a working tree below": (Place(HERE, f"{HERE}/deep"), "AGENT_ELSEWHERE"),
    "a repository that reaches out of the roots": (Place(HERE, "/srv"), "DIRECTORY_OUTSIDE"),
}


@pytest.mark.parametrize("case", PLACES)
def test_what_opencode_says_is_compared_to_the_byte(case: str) -> None:
    """Only the directory itself will do, with a repository that begins there or above, but within the roots."""
    there, code = PLACES[case]
    if code is None:
        refuse_elsewhere(there, HERE, [Path("/srv/in")], None)
        return
    with pytest.raises(AgentError) as refusal:
        refuse_elsewhere(there, HERE, [Path("/srv/in")], None)
    assert refusal.value.code == code


def test_a_repository_that_holds_the_servers_data_is_refused(tmp_path: Path) -> None:
    """Within a repository opencode asks for no permission: one that has the data directory somewhere in it will not do."""
    data, codebase = tmp_path / "home/.ledger", tmp_path / "home/code"
    for directory in (data, codebase):
        directory.mkdir(parents=True)
    with pytest.raises(AgentError) as refusal:
        refuse_elsewhere(Place(str(codebase), str(tmp_path / "home")), str(codebase), (), data)
    assert refusal.value.code == "DIRECTORY_HOLDS_DATA"
    refuse_elsewhere(Place(str(codebase), os.fspath(codebase)), str(codebase), (), data)
