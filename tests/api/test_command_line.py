"""The command line: its help, each option as a variable, and one sentence for each mistake."""

import asyncio
import os
import re
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from tests.opencode.conftest import STAND_IN
from tests.opencode.second_version import SECOND, everything_in, make_database, make_executable
from tests.support.command_line import run_here
from tests.support.process import SERVE, Ended, end_of, run, serving

from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http.bootstrap import agent_settings
from opencode_ledger.http.settings import Settings


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs a command line that doesn't get as far as serving."""
    monkeypatch.setenv("COLUMNS", "100")
    return partial(run_here, monkeypatch, capsys)


def assert_one_sentence(ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended
    assert ended.output == ""
    (line,) = ended.errors.splitlines()
    assert line.startswith("opencode-ledger: ")
    assert "Traceback" not in line
    for word in words:
        assert word in line


async def test_a_wrong_binary_is_reported_at_the_start(tmp_path: Path) -> None:
    """An executable that isn't there is a warning at the start, and what `/readyz` answers; the rest is served."""
    missing = str(tmp_path / "nothing")
    options = ("--port", "0", "--data", str(tmp_path / "data"), "--opencode-binary", missing)
    async with serving(*SERVE, *options) as (process, port):
        assert process.stderr is not None
        async with asyncio.timeout(30):
            while "agents can't be started" not in (line := (await process.stderr.readline()).decode()):
                assert line
        assert missing in line
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/readyz") as response:
            assert (response.status, (await response.json())["opencode"]) == (
                503,
                f"There is no opencode at {missing}. Check --opencode-binary.",
            )


async def test_another_version_is_reported_at_the_start(tmp_path: Path) -> None:
    """On a machine with opencode 2, the log, `/status` and `/readyz` say which executable and home are used, and why."""
    second = make_executable(tmp_path / "bin/opencode", "2.0.3")
    place, seen = tmp_path / "home/.local/share/opencode", tmp_path / "data-opencode"
    make_database(place / "opencode.db", SECOND)
    before = everything_in(place)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "LEDGER_"))}
    own |= {"PATH": f"{second.parent}:{own['PATH']}", "HOME": str(tmp_path / "home")}
    options = ("--port", "0", "--data", str(tmp_path / "data"), "--opencode-binary", str(STAND_IN))
    async with serving(*SERVE, *options, env=own) as (process, port):
        assert process.stderr is not None
        async with asyncio.timeout(30):
            while "another version of opencode is here" not in (line := (await process.stderr.readline()).decode()):
                assert line
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            async with http.get("/readyz") as response:
                ready = (response.status, (await response.json())["opencode"])
            async with http.get("/v1/opencode/status") as response:
                status = await response.json()
    sentence = f"Agents work in a home of their own, {seen}, and not in {place}: opencode 2.0.3 at {second} works there"
    assert sentence in line
    assert (ready[0], status["available"], status["opencode_binary"]) == (200, True, str(STAND_IN))
    assert ready[1].startswith(f"ok. {sentence}")
    assert status["message"].startswith(f"OpenCode integration ready. {sentence}")
    assert everything_in(place) == before
    assert not second.with_name("opencode.started").exists()


def test_the_own_tools_and_home_are_named(tmp_path: Path) -> None:
    """Agents are given the clone's own tools, and a home beside the data directory, where erasing needn't reach."""
    settings = agent_settings(Settings(data=tmp_path / "data"), "instance", Secrets())
    assert settings.tools_dir == Path(__file__).parents[2] / ".tools"
    assert settings.own_home is not None
    assert settings.own_home.place == tmp_path / "data-opencode"


def test_help(command: Callable[..., Ended]) -> None:
    """The help names every option, its variable and its default."""
    ended = command("serve", "--help")
    assert (ended.code, ended.errors) == (0, "")
    for name in Settings.model_fields:
        assert f"--{name.replace('_', '-')}" in ended.output
        assert (f"LEDGER_{name.upper()}" in ended.output.replace("\n", "")) == (name != "new_proofs")
    # Lines are broken where the width ends.
    assert "opencode-ledger listening on" in " ".join(ended.output.split())
    assert "default: 127.0.0.1" in ended.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "abc"], ["--port", "LEDGER_PORT", "'abc'"]),
        (["--port", "99999"], ["--port", "65535"]),
        (["--max-agents", "0"], ["--max-agents", "1"]),
        (["--max-connections", "15"], ["--max-connections", "16"]),
        (["--nope"], ["--nope"]),
        (["extra"], ["extra"]),
        (["--port"], ["--port"]),
        (["--host", "0.0.0.0"], ["--token-file", "127.0.0.1"]),
        (["--allow-root", "/nowhere/at/all"], ["--allow-root", "/nowhere/at/all"]),
        (["--opencode-config", "/nowhere.json"], ["--opencode-config", "/nowhere.json"]),
        (["--data", "/nowhere", "--opencode-home", "/nowhere/home"], ["/nowhere/home", "outside it"]),
    ],
    ids=str,
)
def test_bad_options(command: Callable[..., Ended], arguments: list[str], words: list[str]) -> None:
    """A wrong option gets one sentence and exit code 2."""
    assert_one_sentence(command("serve", *arguments), 2, *words, "--help")


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ("--hots", "--host"),
        ("--tokenfile", "--token-file"),
        ("--max-agent", "--max-agents"),
        ("--bogus", None),
        ("--x", None),
    ],
)
def test_unknown_options(command: Callable[..., Ended], given: str, offered: str | None) -> None:
    """For an option that there isn't, one that is much like it is offered, and none at all where none is."""
    ended = command("serve", given)
    suggestion = f" Did you mean {offered}?" if offered else ""
    assert ended.errors == f"opencode-ledger: Unknown option: {given}.{suggestion} See: opencode-ledger serve --help\n"


AUDIT = "opencode-ledger audit"

MISTAKES: list[tuple[str, str]] = [
    (
        "audit nope",
        'Unknown command "nope". Available commands: show, diff, verify, export, proof. See: opencode-ledger audit --help',
    ),
    ("--bogus", "Unknown option: --bogus. See: opencode-ledger --help"),
    ("audit proof", f"--position needs a value. See: {AUDIT} proof --help"),
    ("audit export cb x", f"Unexpected argument: x. See: {AUDIT} export --help"),
    ("audit export cb --from x", f"--from must be a whole number, not 'x'. See: {AUDIT} export --help"),
    (
        "audit export cb --data empty",
        "No log found: empty has no ledger.db. Use --data to name the data directory.",
    ),
    ("audit show", "No log found: default does not exist. Use --data to name the data directory."),
    ("audit show cb --data file", "No log found: file is not a directory. Use --data to name the data directory."),
    ("audit show cb --data other", "other/ledger.db can't be read: it is not an SQLite database."),
    ("audit show a b c", f"Unexpected argument: c. See: {AUDIT} show --help"),
    (
        "audit diff",
        f"CODEBASE is required. The codebase's id or name. Deleted codebases work too. `{AUDIT} show` lists all ids. See: {AUDIT} diff --help",
    ),
    (
        "audit diff cb",
        f"FROM is required. The start: an event's number in the codebase, or a UTC time (2026-01-31T12:00:00Z). 0 is the beginning. See: {AUDIT} diff --help",
    ),
    ("audit diff cb 1 --data none", "No log found: none does not exist. Use --data to name the data directory."),
    ("audit verify", "No log found: default does not exist. Use --data to name the data directory."),
    ("audit verify empty", "No log found: empty has no ledger.db. Use --data to name the data directory."),
    ("audit verify none", "none can't be read: it does not exist."),
    (
        "audit verify file",
        "file: The file does not begin with the manifest of an opencode-ledger export v1: it is another file, or truncated.",
    ),
    ("audit verify --data other", "other/ledger.db can't be read: it is not an SQLite database."),
    ("audit verify --data {long}", "{long} can't be read: File name too long."),
    ("audit verify --key", f"--key needs a value. See: {AUDIT} verify --help"),
    ("audit verify --key x", "--key: This is not an Ed25519 key."),
    (
        "backup",
        "INTO is required. The directory to create. It will hold a private key: protect it like the log itself. See: opencode-ledger backup --help",
    ),
    ("backup new", "No log found: default does not exist. Use --data to name the data directory."),
    ("backup new --data other", "other/ledger.db can't be read: it is not an SQLite database."),
    ("backup a b", "Unexpected argument: b. See: opencode-ledger backup --help"),
    (
        "restore",
        "BACKUP is required. A directory that `opencode-ledger backup` created. See: opencode-ledger restore --help",
    ),
    ("restore none", "none is not a backup: it has no ledger.db."),
    ("restore file", "file is not a backup: it has no ledger.db."),
    ("restore other", "other is not a backup: it has no checkpoint.key."),
]
"""In a directory with an empty directory, a file, and a directory with a file that is called like a log and is none."""


@pytest.mark.parametrize(("line", "sentence"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_mistakes(
    command: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, sentence: str
) -> None:
    """For each mistake there is one sentence that says what to do. Nothing is created, and the exit code is 2."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    for file in ("file", "other/ledger.db"):
        (tmp_path / file).write_text("no database")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEDGER_DATA", "default")
    before, long = sorted(tmp_path.rglob("*")), "x" * 300
    assert_one_sentence(ended := command(*line.format(long=long).split()), 2)
    assert ended.errors == f"opencode-ledger: {sentence.format(long=long)}\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_bad_variable(command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence about a wrong variable has its name."""
    monkeypatch.setenv("LEDGER_MAX_AGENTS", "many")
    assert_one_sentence(command("serve"), 2, "LEDGER_MAX_AGENTS", "'many'")


def test_the_page_is_opened_by_no_variable(command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit that starts the service on a server would open a browser there."""
    monkeypatch.setenv("LEDGER_OPEN", "neither yes nor no")
    ended = command("serve", "--port", "none")
    assert_one_sentence(ended, 2, "--port", "'none'")
    assert "LEDGER_OPEN" not in ended.errors


def test_new_proofs_come_from_no_variable(command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is for one start can't stay in a unit: its variable is not read, whatever its value."""
    monkeypatch.setenv("LEDGER_NEW_PROOFS", "neither yes nor no")
    ended = command("serve", "--port", "none")
    assert_one_sentence(ended, 2, "--port", "'none'")
    assert "new" not in ended.errors


HELPS = {
    "audit show": "[CODEBASE [SESSION]]",
    "audit verify": "[FILE]",
    "audit diff": "CODEBASE FROM [TO]",
    "audit export": "[CODEBASE]",
    "backup": "INTO",
    "restore": "BACKUP",
}


@pytest.mark.parametrize("words", HELPS)
def test_an_argument_is_shown_once(command: Callable[..., Ended], words: str) -> None:
    """The line of usage names each argument, and the table has it without an option of the same name."""
    help_text = command(*words.split(), "--help").output
    assert f"Usage: opencode-ledger {words} [OPTIONS] {HELPS[words]}\n" in help_text
    for name in re.findall(r"\w+", HELPS[words]):
        assert f" {name} " in help_text
        assert f"{name} --{name.lower()}" not in help_text


def test_unknown_command(command: Callable[..., Ended]) -> None:
    """An unknown command names those there are."""
    assert_one_sentence(command("server"), 2, "server", "serve")


async def test_as_a_process() -> None:
    """A bad option ends the real command in the same way."""
    assert_one_sentence(await run(*SERVE, "--port", "abc"), 2, "--port (LEDGER_PORT)", "'abc'")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_port_taken(tmp_path: Path, taken_port: int) -> None:
    """For a port in use, the sentence says what to do, and no data directory is created."""
    ended = await run(*SERVE, "--port", str(taken_port), "--data", str(tmp_path / "data"))
    assert_one_sentence(ended, 1, str(taken_port), "--port")
    assert not (tmp_path / "data").exists()


async def test_unusable_data_directory(tmp_path: Path) -> None:
    """The sentence about a data directory that can't be created has its name."""
    (tmp_path / "file").touch()
    ended = await run(*SERVE, "--port", "0", "--data", str(tmp_path / "file/data"))
    assert_one_sentence(ended, 1, str(tmp_path / "file/data"))


async def test_data_directory_in_use(tmp_path: Path) -> None:
    """A second server on the same data directory names the first one's process, and the way out."""
    arguments = (*SERVE, "--port", "0", "--data", str(tmp_path))
    async with serving(*arguments) as (first, _):
        assert_one_sentence(await run(*arguments), 1, f"process {first.pid}", "--data")


async def test_bad_token_file(tmp_path: Path) -> None:
    """The sentence about an empty token file has its name and a command that creates a token."""
    (tmp_path / "token").touch(mode=0o600)
    ended = await run(*SERVE, "--port", "0", "--data", str(tmp_path), "--token-file", str(tmp_path / "token"))
    assert_one_sentence(ended, 1, "--token-file", str(tmp_path / "token"), "/dev/urandom")


async def test_options_as_variables(tmp_path: Path) -> None:
    """Every option that counts for many starts may be given as a variable; several roots are separated by colons."""
    (tmp_path / "token").write_text("0123456789abcdef\n")
    (tmp_path / "token").chmod(0o600)
    (tmp_path / "opencode.json").write_text("{}")
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    env = {
        "LEDGER_HOST": "127.0.0.1",
        "LEDGER_PORT": "0",
        "LEDGER_DATA": str(tmp_path / "data"),
        "LEDGER_OPENCODE_BINARY": str(tmp_path / "no-opencode"),
        "LEDGER_OPENCODE_CONFIG": str(tmp_path / "opencode.json"),
        "LEDGER_OPENCODE_HOME": str(tmp_path / "home"),
        "LEDGER_ALLOW_ROOT": f"{tmp_path / 'one'}:{tmp_path / 'two'}",
        "LEDGER_TOKEN_FILE": str(tmp_path / "token"),
        "LEDGER_TRUSTED_USER_HEADER": "X-Forwarded-User",
        "LEDGER_PUBLIC_URL": "https://agents.example.com",
        "LEDGER_MAX_AGENTS": "1",
        "LEDGER_MAX_CONNECTIONS": "100",
        "LEDGER_AGENT_MEMORY": "4096",
        "LEDGER_PERMISSION_LIMIT": "60",
        "LEDGER_SILENCE_LIMIT": "600",
        "LEDGER_ATTACHMENT_SIZE": "5",
        "LEDGER_TOOL_OUTPUT_LIMIT": "4",
        "LEDGER_TRACES": "false",
    }
    assert set(env) == {f"LEDGER_{name.upper()}" for name in {*Settings.model_fields} - {"new_proofs"}}
    headers = {"Authorization": "Bearer 0123456789abcdef"}
    async with serving(*SERVE, env=env) as (_, port), aiohttp.ClientSession(headers=headers) as client:
        address = f"http://127.0.0.1:{port}/v1/opencode"
        async with client.get(f"{address}/status") as response:
            status = await response.json()
            assert status["available"] is False
            assert str(tmp_path / "no-opencode") in status["message"]
        for name, expected in (("one", 200), ("two", 200), ("three", 403)):
            body = {"name": name, "path": str(tmp_path / name)}
            async with client.post(f"{address}/codebases", json=body) as response:
                assert response.status == expected
    assert (tmp_path / "data/ledger.db").exists()


async def test_an_option_wins_over_its_variable(tmp_path: Path) -> None:
    """What is given on the command line wins over the environment."""
    data = ("--port", "0", "--data", str(tmp_path / "right"))
    async with serving(*SERVE, *data, env={"LEDGER_PORT": "1", "LEDGER_DATA": str(tmp_path / "wrong")}):
        assert (tmp_path / "right/ledger.db").exists()
    assert not (tmp_path / "wrong").exists()


async def test_secrets_are_not_logged(tmp_path: Path) -> None:
    """Neither the token nor what clients send is ever in the log, also where requests are refused."""
    (tmp_path / "token").write_text("a-very-secret-token\n")
    (tmp_path / "token").chmod(0o600)
    arguments = ("--port", "0", "--data", str(tmp_path / "data"), "--token-file", str(tmp_path / "token"))
    async with serving(*SERVE, *arguments) as (process, port):
        address = f"http://127.0.0.1:{port}/v1/opencode/codebases"
        async with aiohttp.ClientSession() as client:
            for token in ("a-wrong-token", "a-very-secret-token"):
                headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
                for body in (b'{"name": "my-secret', b'{"name": "my-secret", "path": "/my-secret"}', b"\xff"):
                    async with client.post(address, data=body, headers=headers) as response:
                        assert response.status in (400, 401)
        process.terminate()
        ended = await end_of(process)
    assert ended.output == ""
    assert "shutting down" in ended.errors
    assert "secret" not in ended.errors
    assert "wrong" not in ended.errors
