"""What `watch` shows to a token that may not read every event: states, what is asked, and what was said, each once. Pure."""

from typing import Any

import pytest

from opencode_ledger.http.cli.live.states import States


def overview(state: str, says: str | None = None, status: str = "running", **more: Any) -> dict[str, Any]:
    session = {"id": more.pop("session", "sess_1"), "prompt": "Do it", "status": status}
    return {"state": state, "says": says, "reason": None, "session": session, **more}


def shown(*overviews: dict[str, Any] | None) -> list[str]:
    """The lines of these overviews, one after the other."""
    states = States()
    return [f"{line.label} {line.text}".strip() for one in overviews for line in states.lines(one)]


DONE = overview("idle", "All done", "completed")
TABLE: list[tuple[str, list[dict[str, Any] | None], list[str]]] = [
    ("a run", [overview("running"), overview("running", "All"), overview("running", "All done"), DONE],
     ["● running: Do it", "agent All done", "✔ completed"]),
    ("two lines", [overview("running", "One"), overview("running", "Two"), overview("running", "Two more"), DONE],
     ["● running: Do it", "agent Two more", "agent All done", "✔ completed"]),
    ("the same again", [overview("running", "x"), overview("running", "x"), overview("running", "x", queued=1)],
     ["● running: Do it"]),
    ("known at first", [DONE], ["· idle"]),
    ("it asks", [overview("running", "x"), overview("needs_you", "x"), overview("running", "x"), DONE],
     ["● running: Do it", "● running: Do it", "agent All done", "✔ completed"]),
    ("it fails", [overview("running"), overview("failed", None, "failed", reason="no money")],
     ["● running: Do it", "✗ failed: no money"]),
    ("it is stopped", [overview("running"), overview("running", None, "stopped"), overview("idle", None, "stopped")],
     ["● running: Do it", "· stopped"]),
    ("a next session", [DONE, overview("running", session="sess_2"), overview("idle", None, "completed", session="sess_2")],
     ["· idle", "● running: Do it", "✔ completed"]),
    ("interrupted", [overview("interrupted", None, "interrupted")], ["‖ interrupted: Do it"]),
    ("it is removed", [DONE, None, None], ["· idle", "unregistered", "unregistered"]),
    ("a later version", [overview("dreaming")], ["· dreaming: Do it"]),
    ("no session", [{"state": "idle", "says": None, "reason": None, "session": None}], ["· idle"]),
]  # fmt: skip


@pytest.mark.parametrize(("overviews", "lines"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_change_is_one_line(overviews: list[dict[str, Any] | None], lines: list[str]) -> None:
    """However often a state comes, as after a lost connection."""
    assert shown(*overviews) == lines


def test_what_is_asked_is_shown_once() -> None:
    """Of this codebase alone; a request that goes on waiting is not shown again."""
    states = States()
    asked = [
        {
            "id": f"perm_{number}",
            "kind": "permission",
            "tool": "bash",
            "args": {"command": "ls"},
            "codebase": {"id": home},
        }
        for number, home in ((1, "cb_1"), (2, "cb_2"))
    ]
    assert [line.text for line in states.requests(asked, "cb_1")] == ["bash: ls"]
    assert list(states.requests(asked, "cb_1")) == []
