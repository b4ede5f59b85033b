"""A machine that has another version of opencode: recognised, left unharmed, and worked beside in a home of our own."""

import asyncio
import os
import sqlite3
import stat
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from opencode_ledger.actors.opencode import OpencodeAgents, OpencodeSettings, OwnHome
from opencode_ledger.actors.opencode.homes.database import opened_by_another
from opencode_ledger.actors.opencode.homes.migrations import migrations_in
from opencode_ledger.actors.opencode.homes.own_home import LOGINS
from opencode_ledger.actors.opencode.host.shell import withholding_shell
from opencode_ledger.actors.opencode.other_versions.choice import choose
from opencode_ledger.actors.opencode.other_versions.versions import is_later
from opencode_ledger.actors.opencode.program.environment import agent_environment, for_commands
from opencode_ledger.actors.opencode.server import OpencodeServer
from opencode_ledger.domain.errors import AgentUnavailable

from .conftest import MakeLive
from .second_version import (
    LAST,
    MIGRATION,
    NOT_OPENED,
    OPENED,
    SECOND,
    WORKSPACE,
    everything_in,
    make_database,
    make_executable,
    make_program,
)

OURS: Final = "1.18.33"


# --- executables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("versions", "used", "passed_over"),
    [
        ([OURS], 0, 0),
        (["1.18.34", OURS], 0, 0),
        (["2.0.3", OURS], 1, 1),
        (["opencode v2.0.3 (linux-x64)", "3.0.0", OURS], 2, 2),
        (["opencode2 v0.0.0-beta-19242", OURS], 1, 1),
        (["1.17.9", OURS], 1, 1),
        (["1.19.0", OURS], 1, 1),
        (["1.180.0", OURS], 1, 1),
        (["no version at all", OURS], 1, 1),
        (["", OURS], 1, 1),
        ([OURS, "2.0.3"], 0, 0),
    ],
)
async def test_the_first_supported_one_is_used(
    tmp_path: Path, versions: list[str], used: int, passed_over: int
) -> None:
    """Of all executables on PATH, and then our own, the first of a supported version is used, and it is said why."""
    found = [make_executable(tmp_path / f"{n}/opencode", version) for n, version in enumerate(versions)]
    path = os.pathsep.join(str(binary.parent) for binary in found[:-1])
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "opencode").symlink_to(found[-1])
    settings = OpencodeSettings(instance="x", tools_dir=tools, environment={"PATH": path})
    choice = await choose(settings, path or str(tmp_path))
    assert os.path.realpath(choice.used.binary) == str(found[used])
    assert [str(other.binary) for other in choice.passed_over] == [str(binary) for binary in found[:passed_over]]
    assert bool(choice.note) is bool(passed_over)
    assert all(str(binary) in (choice.note or "") for binary in found[:passed_over])
    assert not list(tmp_path.rglob("*.started"))


async def test_one_that_hangs_is_passed_over(tmp_path: Path) -> None:
    """An executable on PATH that doesn't say its version isn't waited for twice, where there is another."""
    hangs = make_executable(tmp_path / "a/opencode", OURS)
    hangs.write_text("#!/bin/sh\nexec sleep 300\n")
    fine = make_executable(tmp_path / "b/opencode", OURS)
    path = f"{hangs.parent}:{fine.parent}"
    settings = OpencodeSettings(instance="x", version_limit=0.3, environment={"PATH": path})
    assert (await choose(settings, path)).used.binary == fine
    async with asyncio.timeout(0.25):
        assert (await choose(settings, path)).used.binary == fine


async def test_none_that_is_supported(tmp_path: Path) -> None:
    """With opencode 2 alone nothing can be started; nothing of it runs but the question for its version."""
    for given in (True, False):
        second = make_executable(tmp_path / f"{given}/opencode", "2.0.3")
        path = str(second.parent)
        settings = OpencodeSettings(instance="x", binary=second if given else None, environment={"PATH": path})
        agents = OpencodeAgents(settings)
        assert "opencode 2.0.3 is not supported" in (await agents.unavailable() or "")
        with pytest.raises(AgentUnavailable, match=r"2\.0\.3 is not supported"):
            await OpencodeServer.start(settings, "cb_1", str(tmp_path), trusted=False)
        assert not second.with_name("opencode.started").exists()
        await agents.close()


@pytest.mark.parametrize(
    ("version", "later"),
    [
        ("1.18.33", False),
        ("1.18.999", False),
        ("1.17.0", False),
        ("0.9.1", False),
        ("1.19.0", True),
        ("2.0.3", True),
        ("2.0.0-beta.1", True),
        ("0.0.0-next-17028", True),
        ("10.1.0", True),
        ("", False),
    ],
)
def test_which_versions_are_later(version: str, later: bool) -> None:
    """Later ones change the home for ours; a build of a channel may be any, and counts as later."""
    assert is_later(version) is later


# --- databases ----------------------------------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return make_program(tmp_path / "program")


@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize(("done", "opened"), [(OPENED, True), (NOT_OPENED, False)])
def test_what_was_opened_by_another(
    tmp_path: Path, program: Path, done: Mapping[str, str], opened: bool, journal: str
) -> None:
    """Each trace of a later version is recognised, nothing else is; nothing is made, changed or locked by looking."""
    for number, (what, statements) in enumerate(done.items()):
        database = make_database(tmp_path / f"{number}/opencode.db", statements, journal=journal)
        before = everything_in(database.parent)
        assert bool(opened_by_another(database, program)) is opened, what
        assert everything_in(database.parent) == before, what


def test_what_stands_in_the_write_ahead_log_counts(tmp_path: Path, program: Path) -> None:
    """What another version has committed is seen while it is at work, also before it is in the file; what it hasn't isn't."""
    database = make_database(tmp_path / "home/opencode.db")
    with closing(sqlite3.connect(database, isolation_level=None)) as second:
        second.execute("PRAGMA wal_autocheckpoint = 0")
        assert opened_by_another(database, program) is None
        second.execute("BEGIN IMMEDIATE")
        second.execute(SECOND)
        second.execute("PRAGMA cache_spill = 1")
        assert opened_by_another(database, program) is None
        second.execute("ROLLBACK")
        second.execute(MIGRATION)
        before = everything_in(database.parent)
        assert "workspace_domain" in (opened_by_another(database, program) or "")
        assert everything_in(database.parent) == before
        second.execute("DELETE FROM migration WHERE id > ?", (LAST,))
        assert opened_by_another(database, program) is None
        second.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        second.execute(SECOND)
        assert "session_v2" in (opened_by_another(database, program) or "")


def test_what_cannot_be_read_shows_nothing(tmp_path: Path, program: Path) -> None:
    """A file that is damaged, empty, a pipe, a directory or not there is left to opencode; a link to one is followed."""
    made = make_database(tmp_path / "made/opencode.db", SECOND)
    content = made.read_bytes()
    (tmp_path / "cut").write_bytes(content[:3000])
    (tmp_path / "text").write_text("no database " * 1000)
    (tmp_path / "empty").touch()
    (tmp_path / "noise").write_bytes(content[:100] + os.urandom(len(content)))
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("cut", "text", "empty", "noise", "directory", "pipe", "loop", "nothing"):
        assert opened_by_another(tmp_path / name, program) is None, name
    (tmp_path / "link").symlink_to(made)
    assert "session_v2" in (opened_by_another(tmp_path / "link", program) or "")


def test_a_script_s_migrations_are_not_known(tmp_path: Path) -> None:
    """Where a script starts opencode, migrations say nothing, and tables do."""
    script = make_executable(tmp_path / "opencode", OURS)
    assert migrations_in(script) == frozenset()
    assert opened_by_another(make_database(tmp_path / "a/opencode.db", MIGRATION), script) is None
    assert opened_by_another(make_database(tmp_path / "b/opencode.db", WORKSPACE), script)


# --- a home of our own --------------------------------------------------------------------------------------------


def test_a_home_that_is_made_stays(tmp_path: Path, program: Path) -> None:
    """It is for this user alone, shares the logins, and is kept once opencode has worked in it, for the same home alone."""
    shared = tmp_path / "home/opencode"
    database = make_database(shared / "opencode.db")
    place = tmp_path / "data-opencode"
    home = OwnHome(place)
    home.decide(shared, program, None)
    assert (home.reason, home.variables, place.exists()) == (None, {}, False)
    make_database(tmp_path / "later.db", SECOND).replace(database)
    before = everything_in(shared)
    home.decide(shared, program, None)
    assert "session_v2" in (home.reason or "")
    assert str(database) in (home.reason or "")
    assert {Path(at).parent for at in home.variables.values()} == {place}
    assert {stat.S_IMODE(at.stat().st_mode) for at in (place, *place.iterdir()) if at.is_dir()} == {0o700}
    data = place / "data/opencode"
    assert [(data / name).readlink() for name in LOGINS] == [shared / name for name in LOGINS]
    (data / "auth.json").write_text("{}")
    assert (shared / "auth.json").read_text() == "{}"
    (shared / "auth.json").unlink()
    assert everything_in(shared) == before
    (data / "opencode.db").touch()
    make_database(tmp_path / "mended.db").replace(database)
    again = OwnHome(place)
    again.decide(shared, program, None)
    assert "before" in (again.reason or "")
    elsewhere = OwnHome(place)
    elsewhere.decide(tmp_path / "another/opencode", program, None)
    assert elsewhere.reason is None


def test_a_later_version_on_path_is_reason_enough(tmp_path: Path, program: Path) -> None:
    """Where opencode 2 is yet to open the home, ours doesn't begin in it what it could not go on with."""
    home = OwnHome(tmp_path / "data-opencode")
    home.decide(tmp_path / "home/opencode", program, "opencode 2.0.3 at /usr/bin/opencode")
    assert "opencode 2.0.3 at /usr/bin/opencode works there" in (home.reason or "")


@pytest.mark.parametrize("obstacle", ["file", "link", "link within", "no room"])
def test_a_home_that_cannot_be_made(tmp_path: Path, program: Path, obstacle: str) -> None:
    """Something else in its place is left alone, and said to be there."""
    place = tmp_path / "data-opencode"
    (tmp_path / "elsewhere").mkdir()
    match obstacle:
        case "file":
            place.touch()
        case "link":
            place.symlink_to("elsewhere")
        case "link within":
            place.mkdir()
            (place / "data").symlink_to(tmp_path / "elsewhere")
        case _:
            place = Path("/proc/data-opencode")
    with pytest.raises(AgentUnavailable, match="--opencode-home"):
        OwnHome(place).decide(tmp_path / "home/opencode", program, "opencode 2.0.3")
    assert not list((tmp_path / "elsewhere").iterdir())


async def test_which_executables_share_the_home(tmp_path: Path) -> None:
    """One of a later version on PATH, by either name and wherever it stands, is a reason; a private home isn't shared."""
    ours, place = make_executable(tmp_path / "ours/opencode", OURS), tmp_path / "data-opencode"
    for number, (name, version, counts) in enumerate(
        [
            ("opencode", "2.0.3", True),
            ("opencode2", "0.0.0-next-17028", True),
            ("opencode", "1.17.0", False),
            ("opencode", "1.18.34", False),
            ("opencode2", "", False),
            ("openapi2", "2.0.3", False),
        ]
    ):
        other = make_executable(tmp_path / f"{number}/{name}", version)
        for path in (f"{other.parent}:{ours.parent}", f"{ours.parent}:{other.parent}"):
            for given in (None, ours):
                own = OwnHome(place)
                environment = {"PATH": path, "HOME": str(tmp_path / "home")}
                settings = OpencodeSettings(instance="x", binary=given, environment=environment, own_home=own)
                agents = OpencodeAgents(settings)
                assert await agents.condition(30.0) is None
                assert (own.reason is not None) is counts, (name, version, path, given)
                first = given is None and path.startswith(str(other.parent)) and name == "opencode"
                assert (str(other) in (agents.note or "")) is (counts or (first and agents.binary != other))
                await agents.close()
    own = OwnHome(place)
    path = str(tmp_path / "0")
    private = OpencodeSettings(instance="x", binary=ours, environment={"PATH": path}, own_home=own, home=tmp_path / "p")
    agents = OpencodeAgents(private)
    assert await agents.condition(30.0) is None
    assert own.reason is None
    await agents.close()
    assert not list(tmp_path.rglob("*.started"))


def test_commands_see_the_home_that_is_theirs(tmp_path: Path, program: Path) -> None:
    """opencode alone works in our own home: its tools' commands find their caches and data where they always were."""
    own = OwnHome(tmp_path / "data-opencode")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_CACHE_HOME": "/the cache's"}
    settings = OpencodeSettings(instance="x", environment=environment, own_home=own, shell_dir=tmp_path / "shell")
    own.decide(tmp_path / ".local/share/opencode", program, "opencode 2.0.3")
    agents = agent_environment(settings, marked="m", password="p", trusted=False)
    assert {name: agents[name] for name in own.variables} == own.variables
    assert agents["HOME"] == str(tmp_path)
    shell = withholding_shell(tmp_path / "shell", agents, for_commands(settings))["SHELL"]
    seen = subprocess.run([shell, "-c", "env"], env=agents, capture_output=True, text=True, check=True).stdout
    assert [line for line in seen.splitlines() if line.startswith("XDG_")] == ["XDG_CACHE_HOME=/the cache's"]


# --- the real agent -----------------------------------------------------------------------------------------------


async def test_the_agent_moves_to_its_own_home(make_live: MakeLive, tmp_path: Path) -> None:
    """An agent that rests in a home that opencode 2 opens goes on in its own; there it works, and the other stays as it is."""
    own = OwnHome(tmp_path / "data-opencode")
    cache = tmp_path / "data-opencode/cache/opencode"
    cache.mkdir(parents=True)
    (cache / "models.json").write_text("{}")
    live = make_live(own_home=own)
    shared = tmp_path / "home/.local/share/opencode"
    assert (await live.run("say: In the shared home.")).summary == "In the shared home."
    assert (await live.agents.condition(30.0), live.agents.note, own.reason) == (None, None, None)
    with closing(sqlite3.connect(shared / "opencode.db", isolation_level=None)) as second:
        second.executescript(f"PRAGMA foreign_keys = OFF; {SECOND}{WORKSPACE}{MIGRATION}")
    live.agents = OpencodeAgents(live.settings)
    assert await live.agents.condition(30.0) is None
    assert "opened" in (live.agents.note or "")
    assert str(own.place) in (live.agents.note or "")
    before = (shared / "opencode.db").stat().st_size
    ended = await live.run("bash: env | grep XDG_ > seen.txt\nsay: In its own.", session="sess_2")
    assert (ended.outcome, ended.summary) == ("completed", "In its own.")
    assert (own.place / "data/opencode/opencode.db").exists()
    assert await asyncio.to_thread(_sessions, own.place / "data/opencode/opencode.db") == 1
    assert await asyncio.to_thread(_sessions, shared / "opencode.db") == 1
    assert (shared / "opencode.db").stat().st_size >= before
    history = live.agents.histories(live.codebase, str(live.directory))
    async with history as there:
        assert len(await there.sessions()) == 1


def _sessions(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM session").fetchone()[0])
