"""No evidence and no argument steers a terminal: every command, on a log whose every text, name and id would."""

import logging
import re
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

import orjson
import pytest
import structlog
from tests.golden.release import THIS_VERSION, events_of, write_data
from tests.support.terminal import terminal

from opencode_ledger.domain.events import Json
from opencode_ledger.domain.events.members import ON_THE_WIRE as STRUCTURE
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.domain.visible_text import visible_prose
from opencode_ledger.http.cli import main as command_line
from opencode_ledger.http.cli.main import main, run
from opencode_ledger.http.cli.way_out import show_all
from opencode_ledger.http.logs import log_to_stderr

EVIL: Final = "\x1b]0;owned\x07\x1b[2J\x1b[5;41mX\u202e\u2066\u200b\x9b31m\r\x7f\b\ufeff\U000e0041\u2028sound: 9"
"""What sets a title, clears, colours, turns the order, hides, goes back to the beginning of the line, and ends it."""
LINES: Final = EVIL + "\nsound: 9 events\0\x00\x1b[H"
"""The same in what may have lines."""
OURS: Final = re.compile(r"\x1b\[[0-9;]*m|\r?\x1b\[2K|\x1b\[1A|\x1b\[\?25[lh]|\r")
"""Colours, and how a bar of progress is drawn over itself."""
NAMES: Final = ("id", "path", "agent", "model", "tool", "about", "code", "agent_type", "left_out")
PLAIN: Final = frozenset(name for name in STRUCTURE if not name.endswith("_id") and name not in NAMES)
"""Members whose values a log of ours has from a fixed choice: with others an event isn't printed at all."""


def spoilt(value: Json, name: str, *, plain: frozenset[str]) -> Json:
    """A value whose every text would steer a terminal, the names of members too."""
    match value:
        case str() if name not in plain:
            return value + (LINES if name in ("content", "output", "prompt", "result", "message") else EVIL)
        case dict():
            free = name in ("args", "metadata", "agent_config")
            return {key + (EVIL if free else ""): spoilt(item, key, plain=plain) for key, item in value.items()}
        case list():
            return [spoilt(item, name, plain=plain) for item in value]
        case _:
            return value


def hostile(events: list[RecordedEvent], plain: frozenset[str], topics: str = "") -> list[RecordedEvent]:
    """A log's events, of which every text, name and id would steer a terminal, but for the members that are left plain."""
    return [
        each._replace(
            stream=CodebaseId(each.stream + EVIL),
            topic=each.topic + topics,
            data=orjson.dumps(spoilt(orjson.loads(each.data), "", plain=plain)),
        )
        for each in events
    ]


LOGS: Final[dict[str, Callable[[list[RecordedEvent]], list[RecordedEvent]]]] = {
    "texts, names and ids": lambda events: hostile(events, PLAIN),
    "all members": lambda events: hostile(events, frozenset()),
    "kinds": lambda events: hostile(events, PLAIN, EVIL),
}


@pytest.fixture(scope="module", params=LOGS)
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with such a log; its own name would steer a terminal as well."""
    events = LOGS[request.param](events_of(THIS_VERSION))
    return write_data(THIS_VERSION, tmp_path_factory.mktemp("evil") / f"data{EVIL}", events)


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command line on a terminal, and gives what arrives there."""

    def run(*words: object) -> str:
        with terminal(monkeypatch) as printed:
            monkeypatch.setattr(sys, "argv", ["opencode-ledger", *map(str, words)])
            with pytest.raises(SystemExit):
                main()
            return printed()

    return run


def harmless(said: str) -> None:
    """Nothing arrives that steers or hides, but our own colours."""
    assert said
    assert "\x1b[5;41m" not in said
    rest = OURS.sub("", said)
    assert visible_prose(rest) == rest


def test_every_command(data: Path, on_terminal: Callable[..., str], tmp_path: Path) -> None:
    """Whatever a log holds, and whatever is typed, what comes out steers nothing; and it is there to be seen."""
    events = LOGS["texts, names and ids"](events_of(THIS_VERSION))
    codebase = next(each.stream for each in events if b'"session_id"' in each.data)
    sessions = {orjson.loads(each.data).get("session_id") for each in events if each.stream == codebase} - {None}
    out = tmp_path / f"export{EVIL}.jsonl"
    where = ("--data", data)
    commands: list[tuple[object, ...]] = [
        ("audit", "show", *where),
        ("audit", "show", codebase, *where),
        *(("audit", "show", codebase, session, "--full", "--positions", *where) for session in sorted(sessions)[:4]),
        ("audit", "diff", codebase, "0", *where),
        ("audit", "verify", *where),
        ("audit", "export", codebase, *where),
        ("audit", "export", codebase, "--out", out, *where),
        ("audit", "export", codebase, "--out", out, *where),
        ("audit", "verify", out),
        ("audit", "verify", out, "--checkpoint", tmp_path / EVIL),
        ("erase", "--session", min(sessions), "--reason", EVIL, *where),
        ("backup", tmp_path / f"backup{EVIL}", *where),
        ("restore", tmp_path / f"backup{EVIL}", "--data", tmp_path / f"new{EVIL}"),
    ]
    seen = ""
    for words in commands:
        said = on_terminal(*words)
        harmless(said)
        assert not re.search(r"^sound: 9", said, re.MULTILINE)  # nothing begins a line of its own
        seen += said
    assert "<U+001B>]0;owned<U+0007>" in re.sub(r"\s", "", seen)
    assert "<U+202E>" in seen


TYPED: Final[list[tuple[str, ...]]] = [
    (EVIL,),
    (EVIL, "--help"),
    ("--help",),
    ("audit", EVIL),
    ("audit", "--help"),
    ("audit", "show", f"cb_{EVIL}"),
    ("audit", "show", "cb_1", f"sess_{EVIL}"),
    ("audit", "show", "cb_1", "--at", EVIL),
    ("audit", "show", EVIL, EVIL, EVIL, EVIL),
    ("audit", "show", f"--{EVIL}"),
    ("audit", "show", f"--dat{EVIL}", "x"),
    ("audit", "show", "--data", EVIL),
    ("audit", "diff", EVIL, EVIL),
    ("audit", "diff", EVIL),
    ("audit", "verify", EVIL),
    ("audit", "verify", "--key", EVIL),
    ("audit", "verify", "--checkpoint", EVIL),
    ("audit", "verify", "--outputs", EVIL),
    ("audit", "export", EVIL, "--from", EVIL),
    ("audit", "export", EVIL, "--out", f"/none/{EVIL}"),
    ("erase", "--position", EVIL, "--reason", "r"),
    ("erase", "--older-than", EVIL, "--reason", "r"),
    ("erase", "--session", EVIL, "--reason", EVIL),
    ("backup", EVIL, "--data", EVIL),
    ("restore", EVIL, "--data", EVIL),
    ("serve", "--port", EVIL),
    ("serve", "--host", EVIL),
    ("serve", f"--{EVIL}", EVIL),
    ("serve", "--data", f"/proc/{EVIL}"),
    ("serve", "--allow-root", f"/none/{EVIL}"),
    ("serve", "--token-file", f"/none/{EVIL}"),
    ("serve", "--opencode-config", f"/none/{EVIL}"),
    ("audit", "show", "caf\udce9"),
]


@pytest.fixture
def logs_kept() -> Generator[None]:
    """What the service's log is set to is put back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("logs_kept")
@pytest.mark.parametrize("words", TYPED, ids=range(len(TYPED)))
def test_what_is_typed(words: tuple[str, ...], on_terminal: Callable[..., str], tmp_path: Path) -> None:
    """What is said of a command line that isn't understood, or of what isn't there, may repeat it and steers nothing."""
    more = () if "--data" in words or "serve" in words or "--help" in words else ("--data", tmp_path)
    harmless(on_terminal(*words, *more))


@pytest.mark.usefixtures("logs_kept")
def test_the_service_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the service logs for a terminal, its own lines and those of libraries and their tracebacks."""
    with terminal(monkeypatch) as printed:
        show_all()
        log_to_stderr(Secrets())
        structlog.get_logger().warning(EVIL, name=EVIL, many=[EVIL], path=Path(EVIL), error=ValueError(EVIL), n=3)
        logging.getLogger("library").error("%s", EVIL)
        try:
            raise ValueError(LINES)
        except ValueError:
            structlog.get_logger().exception("failed", about=EVIL)
            logging.getLogger("library").exception(EVIL)
        said = printed()
    harmless(said)
    assert said.count("<U+001B>]0;owned") > 7


def test_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw ends in a traceback, which steers nothing either; nor does what anybody prints."""

    def broken(*_words: object, **_options: object) -> None:
        raise RuntimeError(LINES)

    with terminal(monkeypatch) as printed:
        with monkeypatch.context() as patch:
            patch.setattr(command_line, "run", broken)
            with pytest.raises(RuntimeError) as error:
                main()
        sys.__excepthook__(error.type, error.value, error.tb)
        print(EVIL)
        sys.stderr.writelines([EVIL])
        said = printed()
    harmless(said)
    assert said.count("<U+001B>]0;owned") == 3


def test_bytes_for_other_programs(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A file that is written, and bytes that go to another program, are the log's own, to the byte."""
    events = LOGS["texts, names and ids"](events_of(THIS_VERSION))
    data = write_data(THIS_VERSION, tmp_path / "data", events)
    out = tmp_path / "out.jsonl"
    for more in (["--out", str(out)], []):
        with pytest.raises(SystemExit):
            run(["audit", "export", events[0].stream, "--data", str(data), *more])
    assert capsysbinary.readouterr().out.splitlines()[1:] == out.read_bytes().splitlines()[1:]
    assert events[0].data in out.read_bytes()
