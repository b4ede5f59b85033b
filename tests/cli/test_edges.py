"""Commands at their edges: closed streams, narrow terminals, hostile texts, refusals, and two people at once."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from tests.support.process import Ended, environment
from tests.support.terminal import terminal

from opencode_ledger.http.cli.main import main

from .canned import canned
from .test_commands import ALL, ASKED, PAGE, codebase, overview

Command = Callable[..., Ended]


def test_who_did_it_is_a_column(command: Command, tmp_path: Path) -> None:
    """Only where a name says more than that it was a person of this machine."""
    one = codebase("shop", path=str(tmp_path))
    place = f"/codebases/{one['id']}"
    session: dict[str, Any] = {
        "id": "sess_1",
        "prompt": "x",
        "status": "completed",
        "started_at": None,
        "ended_at": None,
        "cost": 0,
    }
    task: dict[str, Any] = {"id": "task_1", "title": "x", "status": "completed", "priority": 0, "created_at": ""}
    for names, shown in (
        ((None, "local"), ""),
        (("anna", None), "anna"),
        (("token:a\x1b1", "local"), "token:a<U+001B>1"),
    ):
        answers: dict[str, Any] = {
            "/codebases": [one],
            f"{place}/sessions": {"sessions": [{**session, "by": name} for name in names], "total": 2},
            f"{place}/tasks": {"tasks": [{**task, "by": name} for name in names], "total": 2},
        }
        with canned(answers) as (url, _):
            for words in (("sessions",), ("tasks", "--all")):
                ended = command(*words, "--server", url)
                assert ended.code == 0
                assert (" BY " in ended.output, shown in ended.output) == (bool(shown), True), ended.output


def test_a_codebase_is_changed(command: Command, tmp_path: Path) -> None:
    """Only what is given is sent; an empty model is opencode's own default."""
    one = codebase("shop", path=str(tmp_path))
    place = f"PATCH /codebases/{one['id']}"
    with canned({"/codebases": [one], place: {"codebase": {**one, "name": "new"}}}) as (url, asked):
        for words in (
            ("--name", "new"),
            ("--description", "- a text", "--trusted"),
            ("shop", "--model", "", "--no-auto-approve"),
        ):
            ended = command("codebase", "edit", *words, "--server", url)
            assert (ended.code, ended.output, ended.errors) == (0, "Changed new.\n", "")
        assert "Say what to change" in command("codebase", "edit", "--server", url).errors
    assert [body for method, _, body in asked if method == "PATCH"] == [
        {"name": "new"},
        {"description": "- a text", "agent_config": {"trusted": True}},
        {"agent_config": {"default_model": None, "auto_approve": False}},
    ]


HINTS = [
    ("send x", "no_active_session", "`opencode-ledger run` starts one"),
    ("run x", "project_config_untrusted", "`opencode-ledger codebase edit --trusted`"),
    ("run x", "agent_already_running", "`opencode-ledger send`"),
]


@pytest.mark.parametrize(("words", "code", "said"), HINTS, ids=[code for _, code, _ in HINTS])
def test_a_refusal_names_the_command_that_helps(
    command: Command, tmp_path: Path, words: str, code: str, said: str
) -> None:
    """The service's sentences speak of requests."""
    one = codebase("shop", path=str(tmp_path))
    refusal = (409, {"detail": "It is not possible.", "code": code})
    action = "trigger" if words.startswith("run") else "message"
    with canned({"/codebases": [one], f"/codebases/{one['id']}/{action}": refusal}) as (url, _):
        ended = command(*words.split(), "--server", url)
    assert (ended.code, said in ended.errors) == (2, True), ended


CLOSED: list[tuple[str, str, int]] = [
    ("ps", "<&-", 0),
    ("ps", ">&-", 0),
    ("ps", "2>&- >&- <&-", 0),
    ("ps", "| true", 141),
    ("ps", ">/dev/full", 2),
    ("tasks add foo", "<&-", 0),
    ("codebase rm shop", "<&-", 2),
    ("run", "<&-", 2),
    ("login $LEDGER_URL --name x", "<&-", 0),
    ("nonsense", "2>&-", 2),
    ("--help", "| true", 141),
]


def test_streams_that_are_closed(tmp_path: Path) -> None:
    """Closed before the start, by the reader, or by a full disk: no traceback, and an exit code that says what was."""
    one = codebase("shop", overview("idle", session=None), path=str(tmp_path))
    added = {"task": {"id": "task_1"}}
    answers: dict[str, Any] = {"/codebases": [one], f"POST /codebases/{one['id']}/tasks": added}
    program = f"{sys.executable} -P -m opencode_ledger"
    lines = [f"({program} {words} {how}; exit ${{PIPESTATUS[0]}}); echo $?" for words, how, _ in CLOSED]
    with canned(answers) as (url, _):
        shell = subprocess.run(
            ["bash", "-c", "\n".join(lines)],
            env=environment({"LEDGER_URL": url, "XDG_CONFIG_HOME": str(tmp_path / "config")}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    codes = [int(line) for line in shell.stdout.splitlines() if line.isdigit()]
    assert codes == [code for _, _, code in CLOSED], (shell.stdout, shell.stderr)
    assert "Traceback" not in shell.stderr


WIDE = "界" * 30 + "\u202eevil\x1b[2J " + "e\u0301" * 20
"""Wide characters, a turned order, a control sequence, and letters of two code points."""


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_lists_in_a_terminal_of_any_width(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, columns: int
) -> None:
    """Whatever is in them: no line is longer than the terminal, and nothing steers it."""
    one = {**codebase("wide", path=str(tmp_path)), "name": WIDE}
    place = f"/codebases/{one['id']}"
    session: dict[str, Any] = {"id": "sess_0661800000000XXXXXXXXX1", "prompt": WIDE, "status": "completed", "by": WIDE,
               "started_at": "2026-01-31T12:00:00.000Z", "ended_at": "2026-01-31T12:00:09.000Z", "cost": 12.5}  # fmt: skip
    task = {
        "id": "task_0661800000000XXXXXXXXX1",
        "title": WIDE,
        "status": "pending",
        "priority": -100,
        "created_at": "",
        "by": WIDE,
    }
    file = {"path": WIDE, "action": "create", "additions": 1000, "deletions": 0, "diff_recorded": True}
    found = {"codebase": one, "session_id": session["id"], "at": None, "kind": "prompt", "excerpt": WIDE}
    asked = {**ASKED, "args": {"command": WIDE}, "codebase": {"id": one["id"], "name": WIDE}}
    answers: dict[str, Any] = {
        "/codebases": [{**one, "overview": overview("failed", reason=WIDE)}],
        f"{place}/sessions": {"sessions": [session], "total": 1},
        f"{place}/tasks": {"tasks": [task], "total": 1},
        f"{place}/sessions/{session['id']}/changes": {"files": [file], "total": 1},
        "/permissions": {"permissions": [asked], "total": 1},
        "/search": {"results": [found], "total": 1},
    }
    monkeypatch.setenv("COLUMNS", str(columns))
    for words in ("ps", "sessions", "tasks", "tasks -a", "permissions", "diff --stat", "search x"):
        with canned(answers) as (url, _), terminal(monkeypatch, columns) as printed:
            monkeypatch.setattr("sys.argv", ["opencode-ledger", *words.split(), "--server", url])
            with pytest.raises(SystemExit) as end:
                main()
            screen = re.sub(r"\x1b\[[0-9;]*m", "", printed()).replace("\r", "")
        assert end.value.code == 0, words
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", screen), words
        if columns > 20:
            assert max(map(cell_len, screen.splitlines())) <= columns, (words, screen)


def test_somebody_else_answered_first(command: Command) -> None:
    """Of two terminals one comes too late, and reads so: in the list, or in the same moment from the service."""
    answered = (409, {"detail": "This permission was already answered.", "code": "permission_already_answered"})
    address = f"/codebases/{ALL[2]['id']}/permissions/{ASKED['id']}"
    with canned({"/permissions": PAGE, address: answered}) as (url, _):
        ended = command("permissions", "approve", ASKED["id"][-7:], "--server", url)
    assert (ended.code, ended.errors) == (2, "opencode-ledger: This permission was already answered.\n")
    with canned({"/permissions": {**PAGE, "permissions": [], "total": 0}}) as (url, _):
        ended = command("permissions", "approve", ASKED["id"], "--server", url)
    assert (ended.code, "no waiting request" in ended.errors) == (2, True)
