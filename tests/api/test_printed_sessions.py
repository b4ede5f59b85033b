"""What `opencode-ledger audit show` and `diff` print, to the letter: of a session in which all happens that can."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console
from tests.golden.release import THIS_VERSION, write_data
from tests.support.process import Ended

from opencode_ledger.domain.erasure.tombstones import tombstone_of
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.http.cli import screen
from opencode_ledger.http.cli.main import main

SHOP = CodebaseId("cb_shop")
LONG = "A line that is too long for eighty columns, and goes on below where its words began."

EVENTS: list[tuple[str, str, dict[str, Any]]] = [
    ("23:59:00.000", "codebase", {"action": "registered", "codebase_id": SHOP, "name": "shop", "path": "/srv/shop"}),
    (
        "23:59:01.000",
        "task",
        {"action": "created", "title": "Cart", "prompt": "Build it", "agent_type": "build", "task_id": "task_1"},
    ),
    ("23:59:02.000", "session", {"action": "started", "prompt": "Build it", "agent": "build", "waiting": True}),
    ("23:59:02.000", "message_sent", {"message_id": "msg_1", "content": "Build it", "agent": "build"}),
    ("23:59:03.000", "session", {"action": "admitted"}),
    ("23:59:03.000", "task", {"action": "started"}),
    ("23:59:03.000", "session", {"action": "linked", "agent_session_id": "ses_1", "model": "test/model"}),
    ("23:59:03.500", "message_delivered", {"message_id": "msg_1"}),
    ("23:59:04.000", "output", {"type": "reasoning", "content": "Hm.", "message_id": "m1", "part_id": "p1"}),
    ("23:59:05.000", "output", {"type": "text", "content": "First ", "message_id": "m1", "part_id": "p2"}),
    ("23:59:05.100", "output", {"type": "text", "content": LONG, "message_id": "m1", "part_id": "p2"}),
    ("23:59:06.000", "tool_use", {"tool": "bash", "args": {"command": "pytest"}, "call_id": "c1"}),
    (
        "23:59:09.500",
        "tool_result",
        {"tool": "bash", "call_id": "c1", "status": "error", "output": "\x1b[2J1 failed\n"},
    ),
    (
        "23:59:10.000",
        "tool_use",
        {
            "tool": "edit",
            "args": {"filePath": "cart.py", "oldString": "x = 1\n", "newString": "x = 2\n"},
            "call_id": "c2",
        },
    ),
    (
        "23:59:10.100",
        "permission",
        {
            "action": "asked",
            "permission_id": "perm_1",
            "tool": "edit",
            "args": {"filepath": "cart.py"},
            "agent_permission_id": "per_1",
            "expires_at": "2026-01-31T00:09:10Z",
        },
    ),
    (
        "23:59:22.100",
        "permission",
        {"action": "replied", "permission_id": "perm_1", "reply": "once", "decided_by": "user"},
    ),
    ("23:59:22.200", "tool_result", {"tool": "edit", "call_id": "c2", "status": "completed"}),
    ("23:59:22.300", "file_change", {"action": "modify", "path": "cart.py"}),
    ("23:59:23.000", "status", {"status": "running", "message": "Rate limited; again in 2 s", "attempt": 2}),
    ("23:59:24.000", "message_sent", {"message_id": "msg_2", "content": "Hurry.", "agent": "build"}),
    ("23:59:25.000", "usage", {"tokens": {"output": 340, "input": 1200}, "cost": 0.0125}),
    ("23:59:26.000", "session", {"action": "interrupting"}),
    ("23:59:27.000", "session", {"action": "interrupted"}),
    ("00:00:05.000", "session", {"action": "resumed"}),
    ("00:00:05.000", "message_sent", {"message_id": "msg_3", "content": "My key is 123", "agent": "build"}),
    ("00:00:05.100", "message_delivered", {"message_id": "msg_3"}),
    (
        "00:00:06.000",
        "permission",
        {
            "action": "asked",
            "kind": "question",
            "permission_id": "perm_2",
            "tool": "question",
            "args": {"questions": [{"question": "Which database?", "options": [{"label": "a"}, {"label": "b"}]}]},
            "agent_permission_id": "per_2",
        },
    ),
    (
        "00:00:08.000",
        "permission",
        {
            "action": "replied",
            "permission_id": "perm_2",
            "reply": "once",
            "decided_by": "user",
            "answers": [["b"]],
        },
    ),
    ("00:00:09.000", "output", {"type": "text", "content": "Done.", "message_id": "m3", "part_id": "p3"}),
    ("00:00:10.000", "task", {"action": "completed", "result": "Done."}),
    ("00:00:10.000", "session", {"action": "completed"}),
    ("00:00:10.000", "complete", {"status": "completed", "summary": "Done."}),
]
ERASED = 25
"""The position of the message with the key. The erasure is the log's last event."""

STORY = """\
codebase  shop  cb_shop  /srv/shop
session   sess_1  completed
began     2026-01-30 23:59:02 UTC, ended 2026-01-31 00:00:10 UTC, after 1 min 8 s
agent     build on test/model; opencode session ses_1
used      1,200 input, 340 output tokens, $0.0125
shown     up to event 33 of 33, 2026-02-01 12:00:00 UTC
erased    2026-02-01 12:00:00 UTC by ann: A key was pasted. (event 33 of the log)

2026-01-30
23:59:01  2  task       created: Cart
23:59:02  3  session    started with build, waiting for other agents to finish
23:59:02  4  user       prompt to build
                        Build it
23:59:03  5  session    a slot is free: the agent starts
23:59:04  9  thought    reasoning
                        Hm.
23:59:05 10  agent      answer
                        First A line that is too long for eighty columns, and goes on below where its words began.
23:59:06 12  tool       bash pytest (failed, 3.5 s)
                        <U+001B>[2J1 failed
23:59:10 14  tool       edit cart.py (12 s)
                        -x = 1
                        +x = 2
23:59:10 15  permission edit cart.py: allowed once by a person, after 12 s
23:59:22 18  file       modify cart.py
23:59:23 19  status     attempt 2
                        Rate limited; again in 2 s
23:59:24 20  user       message to build [not delivered to the agent yet]
                        Hurry.
23:59:26 22  session    interrupt requested
23:59:27 23  session    interrupted on request

2026-01-31
00:00:05 24  session    resumed
00:00:05 25  user       message to build [erased, see event 33 of the log]
00:00:06 27  question   answered by a person, after 2.0 s
                        Which database? (a | b)
                        → b
00:00:09 29  agent      answer
                        Done.
00:00:10 30  task       completed
00:00:10 31  session    completed
"""

BEFORE_THE_DECISION = """\
23:59:06 12  tool       bash pytest (failed, 3.5 s)
                        <U+001B>[2J1 failed
23:59:10 14  tool       edit cart.py [no result yet]
                        -x = 1
                        +x = 2
23:59:10 15  permission edit cart.py [not decided yet, until 00:09:10]
"""

IN_EIGHTY_COLUMNS = """\
23:59:05 10  agent      answer
                        First A line that is too long for eighty columns, and
                        goes on below where its words began.
"""

POSITIONS = """\
23:59:05 10  agent      answer
                        at position 10-11
"""

DIFF = """\
codebase  shop  cb_shop  /srv/shop
from      event 4, 2026-01-30 23:59:02 UTC
to        event 33, 2026-02-01 12:00:00 UTC: 29 events in 36 h 0 min

agent     running → idle
sessions  sess_1  running → completed (4 messages, $0.0125): Build it
tasks     task_1  pending → completed: Cart
messages  2026-01-30 23:59:24, event 20: Hurry.
          2026-01-31 00:00:05, event 25: [erased]
files     cart.py: changed
decisions 2 requested, 1 allowed once by a person, 1 answered by a person
used      1,200 input, 340 output tokens, $0.0125
erased    2026-02-01 12:00:00 UTC by ann: A key was pasted. (event 33 of the log)
"""

SESSIONS = """\
codebase  shop  cb_shop  /srv/shop
agent     idle
shown     up to event 33 of 33, 2026-02-01 12:00:00 UTC

sess_1                         completed    2026-01-30 23:59  1 min 8 s  $0.0125  Build it
"""


def log() -> list[RecordedEvent]:
    """A log in which one session was had, and one of its messages was erased later."""
    ours = [event(number, *each) for number, each in enumerate(EVENTS, 1)]
    erased, last = ours[ERASED - 1], len(ours) + 1
    tombstone = tombstone_of(erased, Position(last))
    assert tombstone is not None
    ours[ERASED - 1] = erased._replace(data=tombstone)
    why: dict[str, object] = {
        "reason": "A key was pasted.",
        "erased_by": "ann",
        "tombstones": {},
        "timestamp": "2026-02-01T12:00:00Z",
    }
    return [*ours, RecordedEvent(Position(last), SHOP, Sequence(last), "erasure", orjson.dumps(why))]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log's data directory."""
    return write_data(THIS_VERSION, tmp_path_factory.mktemp("printed") / "data", log())


def event(number: int, clock: str, topic: str, members: dict[str, Any]) -> RecordedEvent:
    """An event of the session, on the evening before the last of January or on the night after it."""
    day = "30" if clock.startswith("23") else "31"
    common = {} if number <= 2 else {"session_id": "sess_1", "task_id": "task_1"}
    content = {**members, **common, "timestamp": f"2026-01-{day}T{clock}Z"}
    return RecordedEvent(Position(number), SHOP, Sequence(number), topic, orjson.dumps(content))


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path) -> Callable[..., Ended]:
    """Runs an auditor's command line on the log."""

    def run_here(*arguments: object) -> Ended:
        where = [] if "--data" in arguments else ["--data", str(data)]
        argv = ["opencode-ledger", "audit", *map(str, arguments), *where]
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as end:
            main()
        written = capsys.readouterr()
        return Ended(int(end.value.code or 0), written.out, written.err)

    return run_here


def test_a_session(printed: Callable[..., Ended]) -> None:
    """A session is printed in order, nothing twice, and erased, open or refused entries are marked. Piped, no line is broken."""
    assert printed("show", SHOP, "sess_1") == Ended(0, STORY, "")


@pytest.mark.parametrize("at", ["15", "2026-01-30T23:59:10.100Z"])
def test_a_session_at_a_moment(printed: Callable[..., Ended], at: str) -> None:
    """By number and by time: the command prints nothing that was not known then."""
    shown = printed("show", SHOP, "sess_1", "--at", at).output
    assert shown.endswith(BEFORE_THE_DECISION)
    assert "session   sess_1  running\n" in shown
    assert "shown     up to event 15 of 33, 2026-01-30 23:59:10 UTC (state at that time)\n" in shown


def test_the_sessions(printed: Callable[..., Ended]) -> None:
    """Each session has a line."""
    assert printed("show", SHOP).output == SESSIONS


def test_where_events_stand(printed: Callable[..., Ended]) -> None:
    """With --positions each entry says which events to name to `erase`, and whether its words stand elsewhere too."""
    shown = printed("show", SHOP, "sess_1", "--positions").output
    assert POSITIONS in shown
    assert "at position 31-32, with text that is repeated elsewhere\n" in shown


def test_what_happened_in_between(printed: Callable[..., Ended]) -> None:
    """Between two moments: what became of agent, sessions and tasks, who said what, and what it cost."""
    assert printed("diff", SHOP, 4) == Ended(0, DIFF, "")


@pytest.mark.parametrize("start", ["0", "2025-01-01"])
def test_all_that_happened(printed: Callable[..., Ended], start: str) -> None:
    """From a time before all events everything is printed, as from number 0."""
    everything = printed("diff", SHOP, start)
    assert (everything.code, everything.errors) == (0, "")
    assert "from      the beginning\n" in everything.output
    assert "agent     not registered → idle\n" in everything.output
    assert "sessions  sess_1  began, completed (5 messages, $0.0125): Build it\n" in everything.output


def test_moments_the_other_way_round(printed: Callable[..., Ended]) -> None:
    """Points in time in the wrong order are swapped, and the output says so."""
    turned = printed("diff", SHOP, 33, 4).output.splitlines(keepends=True)
    assert turned.pop(1).startswith("FROM is later than TO")
    assert "".join(turned) == DIFF


@pytest.mark.parametrize("columns", [80, 40])
def test_on_a_narrow_terminal(printed: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """On a terminal lines are broken between words, and none is too long or ends in blanks, whatever is printed."""
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal = partial(Console, force_terminal=True, color_system=None)
    monkeypatch.setattr(screen, "Terminal", terminal)
    for arguments in (["show", SHOP, "sess_1", "--positions"], ["show", SHOP], ["diff", SHOP, 1], ["show"]):
        lines = printed(*arguments).output.splitlines()
        assert max(map(len, lines)) <= columns
        assert [line for line in lines if line != line.rstrip()] == []
    if columns == 80:
        assert IN_EIGHTY_COLUMNS in printed("show", SHOP, "sess_1").output


ODD = {
    "bytes": rb'{"session_id":"sess_1", \xff',
    "types": b'{"tool":5,"args":[],"call_id":[],"session_id":"sess_1","timestamp":"2026-01-30T23:59:06Z"}',
    "no object": b"[]",
}


@pytest.mark.parametrize("odd", [*ODD, "removed"])
@pytest.mark.parametrize("number", [1, 12])
def test_a_log_that_was_changed(printed: Callable[..., Ended], tmp_path: Path, odd: str, number: int) -> None:
    """Where an event was made unreadable, or taken out, all the others are printed as before, and where something is wrong."""
    events = log()
    events[number - 1 : number] = [events[number - 1]._replace(data=ODD[odd])] if odd in ODD else []
    where = ("--data", write_data(THIS_VERSION, tmp_path / "data", events))
    shown = printed("show", SHOP, "sess_1", *where)
    assert (shown.code, shown.errors) == (0, "")
    assert "opencode-ledger audit verify" in shown.output
    for line in STORY.splitlines():
        if line[8:12].strip() and line[0] == "2" and " 12 " not in line[:13]:
            assert line in shown.output
    for arguments in (["show"], ["show", SHOP], ["diff", SHOP, 2], ["show", SHOP, "--at", "2026-01-30T23:59:30Z"]):
        assert printed(*arguments, *where).code == 0
