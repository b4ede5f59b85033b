"""Commands that ask a service once: what they print in each state, and what they say where a service can't do it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.process import Ended
from tests.support.terminal import terminal

from opencode_ledger.http.cli.main import main

from .canned import canned

Command = Callable[..., Ended]


def overview(state: str, **more: Any) -> dict[str, Any]:
    session = {"id": "sess_1", "prompt": more.pop("prompt", "Do it"), "status": "running", "started_at": None}
    return {"state": state, "since": "2020-01-01T00:00:00.000Z", "reason": None, "says": None, "queued": 0, "waiting": 0,
            "session": session, "tokens": {"input": 1, "output": 1}, "cost": 0.03, "cost_today": 0.01, **more}  # fmt: skip


def codebase(name: str, view: dict[str, Any] | None = None, path: str = "/srv/x") -> dict[str, Any]:
    found = {"id": f"cb_{name}0000000000000000000", "name": name, "path": path, "description": "", "created_at": "",
             "worker_id": None}  # fmt: skip
    return found if view is None else {**found, "overview": view}


ALL: list[dict[str, Any]] = [
    codebase("docs", overview("failed", reason="credit balance is too low")),
    codebase("shop", overview("running", prompt="Fix the total in cart.py and add a test for what it does", queued=9)),
    codebase("billing-api", overview("needs_you", waiting=1)),
    codebase("infra", overview("interrupted", prompt="Upgrade the Terraform providers")),
    codebase("later", overview("waiting_for_slot")),
    codebase("quiet", overview("idle", session=None)),
    codebase("new", overview("a_state_of_a_later_version", session=None)),
]
ASKED: dict[str, Any] = {
    "id": "perm_0661800000000XXXXXXXXX1", "kind": "permission", "tool": "bash", "args": {"command": "rm old.log\nls"},
    "patterns": [], "always": [], "session_id": "sess_0661800000000XXXXXXXXX1", "task_id": None, "asked_at": "", "expires_at": None,
    "codebase": {"id": ALL[2]["id"], "name": "billing-api"},
}  # fmt: skip
PAGE: dict[str, Any] = {"permissions": [ASKED], "total": 1, "limit": 500, "offset": 0}


def test_ps_puts_first_who_needs_a_person(command: Command) -> None:
    """Each state in words, with what matters in it; those that need somebody come first."""
    with canned({"/codebases": ALL, "/permissions": PAGE}) as (url, _):
        ended = command("ps", "--server", url)
        whole = command("--server", url, "--json", "ps")
    assert (ended.code, ended.errors) == (0, "")
    assert json.loads(whole.output) == ALL
    rows = [re.split(r"  +", line.strip()) for line in ended.output.splitlines()]
    assert [row[0] for row in rows[1:]] == ["billing-api", "shop", "later", "infra", "docs", "new", "quiet"]
    by_name = {row[0]: row for row in rows[1:]}
    assert by_name["billing-api"][1] == "! needs you"
    assert by_name["billing-api"][4] == "bash: rm old.log<U+000A>ls"
    assert by_name["docs"][1::3][:2] == ["✗ failed", "credit balance is too low"]
    assert by_name["shop"][3] == "9"
    assert by_name["quiet"][1] == "· idle"
    assert ALL[1]["id"] in ended.output, "a program gets whole ids"


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_ps_in_a_terminal(command: Command, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """No line is longer than the terminal; the name and the state are always there."""
    monkeypatch.setenv("COLUMNS", str(columns))
    with canned({"/codebases": ALL, "/permissions": PAGE}) as (url, _), terminal(monkeypatch, columns) as printed:
        monkeypatch.setattr("sys.argv", ["opencode-ledger", "ps", "--server", url])
        with pytest.raises(SystemExit) as end:
            main()
        screen = re.sub(r"\x1b\[[0-9;]*m", "", printed())
    assert end.value.code == 0
    lines = screen.splitlines()
    assert max(map(len, lines)) <= columns
    for one in ALL:
        assert any(line.startswith(one["name"][:7]) for line in lines), screen
    assert "! needs you" in screen
    assert any("1 of 7 running" in line for line in lines)


def test_ps_of_an_earlier_service(command: Command) -> None:
    """Without overviews, the states come from what each version has."""
    one = codebase("shop")
    status = {"status": "running", "started_at": None, "current_task": "Do it", "queue": {"pending": 2}}
    path = f"/codebases/{one['id']}"
    waiting: dict[str, Any] = {"permissions": [], "total": 0}
    with canned({"/codebases": [one], f"{path}/status": status, f"{path}/permissions": waiting}) as (url, _):
        ended = command("ps", "--server", url)
    assert re.search(r"shop +● running +- +2 +Do it +- ", ended.output)


OLD = [
    (("diff",), "can't show diffs"),
    (("search", "x"), "can't search"),
    (("tasks", "move", "task_1", "--top"), "can't change tasks"),
    (("tasks", "edit", "task_1", "--title", "x"), "can't change tasks"),
    (("tasks", "retry", "task_1"), "can't retry tasks"),
]


@pytest.mark.parametrize(("words", "said"), OLD, ids=[" ".join(words) for words, _ in OLD])
def test_what_an_earlier_service_can_not_do(
    command: Command, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """It is said in words, and nothing else is done."""
    one = codebase("shop", path=str(tmp_path))
    session = {"id": "sess_1", "prompt": "x"}
    answers: dict[str, Any] = {
        "/codebases": [one],
        f"/codebases/{one['id']}/sessions": {"sessions": [session], "total": 1},
        "/tasks": {"tasks": [{"id": "task_1", "title": "x"}], "total": 1},
        "PATCH /tasks/task_1": (405, {"detail": "No.", "code": "method_not_allowed"}),
    }
    with canned(answers) as (url, _):
        ended = command(*words, "--server", url)
    assert ended.code == 2
    assert f"{said}: it is of an earlier version" in ended.errors


def test_the_queue_of_an_earlier_service(command: Command, tmp_path: Path) -> None:
    """Its order is by priority, then first come first served."""
    one = codebase("shop", path=str(tmp_path))
    tasks: list[dict[str, Any]] = [{"id": f"task_{n}", "title": f"T{n}", "status": "pending", "priority": p, "created_at": ""}
             for n, p in ((3, 0), (2, 5), (1, 0))]  # fmt: skip
    path = f"/codebases/{one['id']}/tasks"

    with canned({"/codebases": [one], path: {"tasks": tasks, "total": 3}}) as (url, asked):
        json.loads(command("tasks", "--json", "--server", url).output)
    assert any("order=queue" in address for _, address, _ in asked)


FAULTS: list[tuple[Any, int, str]] = [
    ((401, {"detail": "A token is required.", "code": "unauthorized"}), 2, "opencode-ledger login"),
    ((403, {"detail": "This token lacks the scope `read`.", "code": "forbidden"}), 2, "lacks the scope"),
    (b"<html>hello", 2, "is no opencode-ledger service"),
    ((404, b"<html>not found"), 2, "--server"),
    ((500, b"oops"), 2, "500"),
]


@pytest.mark.parametrize(("answer", "code", "said"), FAULTS, ids=[said for _, _, said in FAULTS])
def test_every_failure_is_one_sentence(command: Command, answer: Any, code: int, said: str) -> None:
    """On standard error, with a stable exit code; nothing is printed beside it."""
    with canned({"/codebases": answer}) as (url, _):
        ended = command("ps", "--server", url)
    assert (ended.code, ended.output) == (code, "")
    (line,) = ended.errors.splitlines()
    assert line.startswith("opencode-ledger: ")
    assert said in line


def test_nobody_listens(command: Command) -> None:
    """The sentence says how to start the service, and the exit code is its own."""
    ended = command("ps", "--server", "http://127.0.0.1:1")
    sentence = "No service answers at http://127.0.0.1:1. Is it running? Start it with `opencode-ledger serve`."
    assert (ended.code, ended.errors) == (5, f"opencode-ledger: {sentence}\n")


def test_an_answer_to_what_an_agent_asks(command: Command) -> None:
    """By a part of its id; a question is not approved, and a permission is not answered with words."""
    question: dict[str, Any] = {**ASKED, "id": "perm_0661800000000YYYYYYYYY2", "kind": "question",
                "args": {"questions": [{"question": "Which?", "options": [{"label": "a"}, {"label": "b"}]}]}}  # fmt: skip
    page = {**PAGE, "permissions": [ASKED, question], "total": 2}
    path = f"/codebases/{ALL[2]['id']}/permissions"
    done = {"success": True, "message": "Done"}
    answers: dict[str, Any] = {"/permissions": page, f"{path}/{ASKED['id']}": done, f"{path}/{question['id']}": done}
    with canned(answers) as (url, asked):
        assert command("permissions", "approve", "XXXXXX1", "--always", "--server", url).code == 0
        assert command("permissions", "answer", "YYYYYY2", "2", "--server", url).code == 0
        assert command("permissions", "reject", "YYYYYY2", "-m", "no", "-q", "--server", url).output == ""
        assert "is a question" in command("permissions", "approve", "YYYYYY2", "--server", url).errors
        assert "is no question" in command("permissions", "answer", "XXXXXX1", "b", "--server", url).errors
        assert "There is no waiting request" in command("permissions", "approve", "ZZZZ", "--server", url).errors
    bodies = [body for method, _, body in asked if method == "POST"]
    assert bodies == [
        {"reply": "always"},
        {"reply": "once", "answers": [["b"]]},
        {"reply": "reject", "message": "no"},
    ]


def test_a_diff_is_what_the_service_recorded(command: Command, tmp_path: Path) -> None:
    """For a program it is to the byte, so that `git apply` takes it; files without a diff are named."""
    one = codebase("shop", path=str(tmp_path))
    place = f"/codebases/{one['id']}/sessions"
    files: list[dict[str, Any]] = [{"path": "a\tb.py", "action": "modify", "additions": 1, "deletions": 1, "diff_recorded": True},
             {"path": "x.bin", "action": "create", "additions": None, "deletions": None, "diff_recorded": False, "reason": "too_large"}]  # fmt: skip
    text = "--- a\n+++ b\n@@ -1 +1 @@\n-\tbefore \n+\tafter \n"
    answers: dict[str, Any] = {
        "/codebases": [one],
        place: {"sessions": [{"id": "sess_1", "prompt": "x", "ended_at": "2026-01-31T12:00:00.000Z"}], "total": 1},
        f"{place}/sess_1/changes": {"files": files, "total": 2},
        f"{place}/sess_1/changes/diff": text.encode(),
    }
    with canned(answers) as (url, _):
        whole = command("diff", "--server", url)
        stat = command("diff", "--stat", "--server", url)
        listed = json.loads(command("diff", "--json", "-p", "./x.bin", "--server", url).output)
        unknown = command("diff", "-p", "y.bin", "--server", url)
        alone = command("diff", "sess_1", "--stat", "--server", url)
    with canned({**answers, f"{place}/sess_1/changes": {"files": [], "total": 0}}) as (url, _):
        assert command("diff", "--server", url).output == "The session changed no file.\n"
    assert whole.output == f"{text}# create x.bin: the diff is too large to record\n"
    assert [one["diff"] for one in listed["files"]] == [None]
    assert (unknown.code, "Did you mean 'x.bin'?" in unknown.errors) == (2, True)
    assert alone.output == stat.output
    assert [line.split() for line in stat.output.splitlines()] == [
        ["M", "a<U+0009>b.py", "+1", "-1"],
        ["A", "x.bin", "the", "diff", "is", "too", "large", "to", "record"],
    ]


def test_a_directory_of_no_codebase(command: Command, tmp_path: Path) -> None:
    """Nothing is registered without being asked for; on another machine it can't be meant at all."""
    with canned({"/codebases": []}) as (url, asked):
        ended = command("run", "x", "--server", url)
        assert ended.code == 2
        assert f"Add --register to register {tmp_path}" in ended.errors
        assert [method for method, _, _ in asked] == ["GET"]
        assert "belongs to no codebase" in command("stop", "--server", url).errors


def test_doctor_says_what_is_broken(command: Command) -> None:
    """A service that can't start agents is a problem with its sentence; no service at all has its own exit code."""
    ready: dict[str, Any] = {"status": "degraded", "position": 7, "opencode": "opencode was not found. Run `opencode-ledger setup`.",
             "log": "ok", "views": "ok"}  # fmt: skip
    answers: dict[str, Any] = {
        "/readyz": (503, ready),
        "/status": {},
        "/openapi.json": {"info": {"version": "9.9"}},
        "/codebases": [],
    }
    with canned(answers) as (url, _):
        ended = command("doctor", "--server", url)
        listed = json.loads(command("doctor", "--json", "--server", url).output)
    assert ended.code == 1
    assert re.search(r"✔ server +\S+  9\.9", ended.output)
    assert re.search(r"✗ opencode +opencode was not found", ended.output)
    assert re.search(r"✔ log +7 events", ended.output)
    assert {one["what"]: one["state"] for one in listed}["token"] == "warning"
    assert command("doctor", "--server", "http://127.0.0.1:1").code == 5
