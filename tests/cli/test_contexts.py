"""Which service is asked, and with which token: options, variables, and the file of contexts."""

import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.support.command_line import run_here
from tests.support.process import Ended

from opencode_ledger.http.cli.connection import contexts
from opencode_ledger.http.cli.connection.contexts import Context, Contexts, file_place, load, save
from opencode_ledger.http.cli.connection.options import Options, address_of
from opencode_ledger.http.cli.failures import CommandFailed


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person without contexts and variables."""
    for name in ("LEDGER_URL", "LEDGER_TOKEN", "LEDGER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs a command line within this process."""
    return partial(run_here, monkeypatch, capsys)


TWO = Contexts(
    "work", {"work": Context("https://work.example/ledger", "secret-w"), "home": Context("http://127.0.0.1:9000")}
)


def test_contexts_are_kept_for_their_owner_alone() -> None:
    """What is saved is read again, in a file that nobody else may read, also where there was a looser one."""
    file_place().parent.mkdir(parents=True)
    file_place().write_text("")
    file_place().chmod(0o644)
    save(TWO)
    assert load() == TWO
    assert stat.S_IMODE(file_place().stat().st_mode) == 0o600
    assert [path.name for path in file_place().parent.iterdir()] == ["config.toml"]
    assert "secret-w" not in repr(load())


@pytest.mark.parametrize(
    "content",
    ["=", "[contexts]\nwork = 1", "[contexts.work]\nurl = 1", "[contexts.work]\ntoken = 'x'", "current = 1", "\xff"],
)
def test_a_file_that_is_none_is_named(content: str) -> None:
    """It is neither guessed at nor overwritten."""
    file_place().parent.mkdir(parents=True)
    file_place().write_bytes(content.encode("latin-1"))
    with pytest.raises(CommandFailed, match=r"config\.toml can't be read"):
        load()


TABLE: list[tuple[str, dict[str, str], Options, str, str | None]] = [
    ("the current context", {}, Options(), "https://work.example/ledger", "secret-w"),
    ("another context", {}, Options(context="home"), "http://127.0.0.1:9000", None),
    ("a variable's context", {"LEDGER_CONTEXT": "home"}, Options(), "http://127.0.0.1:9000", None),
    ("an address", {}, Options(server="http://other:1"), "http://other:1", None),
    ("a variable's address", {"LEDGER_URL": "http://other:1"}, Options(), "http://other:1", None),
    ("the context's own address", {}, Options(server="https://work.example/ledger"), "https://work.example/ledger",
     "secret-w"),
    ("an address and a token", {"LEDGER_URL": "http://other:1", "LEDGER_TOKEN": "t"}, Options(), "http://other:1", "t"),
    ("a context against variables", {"LEDGER_URL": "http://other:1", "LEDGER_TOKEN": "t"}, Options(context="work"),
     "https://work.example/ledger", "secret-w"),
    ("a token for the current context", {"LEDGER_TOKEN": "t"}, Options(), "https://work.example/ledger", "t"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "options", "url", "token"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_the_service_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], options: Options, url: str, token: str | None
) -> None:
    """What is typed counts before what is set, and that before what is stored; a stored token goes to its own service."""
    save(TWO)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    address = address_of(options)
    assert (address.url, address.token) == (url, token)


def test_a_token_file(home: Path) -> None:
    """Its first line is the token; one that is missing or empty is named."""
    (home / "token").write_text("abc\nmore\n")
    assert address_of(Options(token_file=home / "token")).token == "abc"
    for name, content in (("empty", ""), ("odd", "ä")):
        (home / name).write_text(content)
        with pytest.raises(CommandFailed, match="holds no token"):
            address_of(Options(token_file=home / name))
    with pytest.raises(CommandFailed, match="can't be read"):
        address_of(Options(token_file=home / "missing"))


@pytest.mark.parametrize("url", ["nonsense", "ftp://host", "http://user@host", "http://host/?q=1"])
def test_an_address_that_is_none(url: str) -> None:
    """It is refused in one sentence before anything is sent."""
    with pytest.raises(CommandFailed):
        address_of(Options(server=url))


def test_config_lists_and_chooses(command: Callable[..., Ended]) -> None:
    """Tokens are never printed."""
    assert "There are no contexts" in command("config").output
    save(TWO)
    listed = command("config")
    assert "secret-w" not in listed.output
    assert [line.split()[:2] for line in listed.output.splitlines()[1:]] == [
        ["*", "work"],
        ["home", "http://127.0.0.1:9000"],
    ]
    assert '"token": true' in command("config", "--json").output
    assert command("config", "use", "home").output == "home is the current context: http://127.0.0.1:9000\n"
    assert load().current == "home"
    unknown = command("config", "use", "nope")
    assert (unknown.code, "There is no context 'nope': work, home." in unknown.errors) == (2, True)
    assert command("logout").output == "Forgot home.\n"
    assert (load().current, list(load().named)) == (None, ["work"])
    assert command("logout").code == 2


def test_nothing_is_stored_without_an_answer(command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that isn't there, or a bad name, leaves no context behind."""
    read, write = os.pipe()
    os.close(write)
    with os.fdopen(read) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert command("login", "http://127.0.0.1:1").code == 5
        bad = command("login", "http://127.0.0.1:1", "--name", "-x y")
    assert bad.code == 2
    assert not contexts.file_place().exists()
