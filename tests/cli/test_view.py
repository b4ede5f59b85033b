"""How a session is shown, whatever the terminal and whatever the agent says."""

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.test_visible_text import LIES

from opencode_ledger.domain.visible_text import one_line, visible_prose
from opencode_ledger.http.cli.live.one_liners import OneLiners
from opencode_ledger.http.cli.live.page import LABEL, Page
from opencode_ledger.http.cli.live.received import event_of
from opencode_ledger.http.cli.live.totals import Totals
from opencode_ledger.http.cli.live.view import View
from opencode_ledger.http.cli.screen import Terminal

WORDS = st.text(st.characters(categories=["L", "N", "P"], max_codepoint=0x2FF), min_size=1, max_size=12)
AT = "2026-01-31T12:00:00.000Z"
LATER = "2026-01-31T12:00:02.500Z"


def page(width: int, encoding: str = "utf-8") -> tuple[Page, io.BytesIO]:
    """A page without colours, and the bytes that it writes."""
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding=encoding, write_through=True)
    return Page(Terminal(file=file, width=width, color_system=None, highlight=False)), written


def shown(*events: tuple[str, dict[str, Any]], width: int = 80, encoding: str = "utf-8", fold: bool = False) -> str:
    """What a terminal shows of these events."""
    where, written = page(width, encoding)
    totals = Totals()
    view = View(where, "/home/me/shop", totals=totals)
    view.folded = fold
    for number, (name, members) in enumerate(events, start=1):
        event = event_of(name, json.dumps({"timestamp": AT, **members}), number)
        totals.take(event, number)
        view.show(event, number)
    where.end_line()
    return written.getvalue().decode(encoding)


def use(call: str, tool: str, **args: object) -> tuple[str, dict[str, Any]]:
    return "tool_use", {"tool": tool, "args": args, "call_id": call}


def result(call: str, tool: str, output: str = "", status: str = "completed") -> tuple[str, dict[str, Any]]:
    return "tool_result", {"tool": tool, "call_id": call, "status": status, "output": output, "timestamp": LATER}


def said(text: str, part: str = "p", kind: str = "text") -> tuple[str, dict[str, Any]]:
    return "output", {"type": kind, "content": text, "message_id": "m", "part_id": part}


@given(st.lists(WORDS, min_size=1, max_size=60), st.sampled_from([30, 40, 80, 200]))
def test_text_in_pieces_is_wrapped_by_words_and_stays_whole(words: list[str], width: int) -> None:
    """However many pieces a text comes in, each word of it is there, in order, and no line is too long."""
    where, written = page(width)
    for word in words:
        where.flow("agent", word + " ")
    where.end_line()
    lines = written.getvalue().decode().splitlines()
    assert lines[0].startswith("agent    ")
    assert " ".join(line[LABEL:].strip() for line in lines).split() == words
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if line != line.rstrip()]


def test_a_word_that_is_longer_than_the_line_is_broken() -> None:
    """A terminal that breaks it by itself would break it in the column of labels."""
    text = shown(said("x" * 100 + "界" * 40), width=40)
    assert max(map(len, text.splitlines())) < 40
    assert text.count("x") == 100
    assert text.count("界") == 40


EVENTS = (
    ("session", {"action": "started", "session_id": "sess_1", "prompt": "p", "agent": "build", "files": ["a.py"]}),
    ("message_sent", {"message_id": "m", "content": "please " * 30, "agent": "build"}),
    said("I think so. ", "r", "reasoning"),
    use("1", "bash", command="echo some words and more " * 8),
    result("1", "bash", "result " * 40),
    use("2", "edit", filePath="/home/me/shop/" + "deep/" * 20 + "x.py", oldString="a", newString="b" * 200),
    result("2", "edit"),
    ("file_change", {"action": "create", "path": "long/" * 40}),
    ("error", {"error": "the provider said no " * 10, "code": "PROVIDER_ERROR"}),
    ("complete", {"status": "failed", "summary": ""}),
)


@pytest.mark.parametrize("width", [30, 40, 64, 80, 200])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    """Long commands, paths and results are wrapped or cut, in terminals of any width."""
    lines = shown(*EVENTS, width=width).splitlines()
    assert len(lines) > 12
    assert max(map(len, lines)) <= width


def test_a_tool_call_is_one_line() -> None:
    """What it was about, what came of it and how long it took; then what it changed or printed."""
    text = shown(
        use("1", "edit", filePath="/home/me/shop/cart.py", oldString="a\nb", newString="a\nc\nd"),
        ("usage", {"tokens": {"input": 1}, "cost": 0.0}),
        result("1", "edit"),
        ("file_change", {"action": "modify", "path": "cart.py"}),
        use("2", "bash", command="./test"),
        result("2", "bash", "\n----\nOK\n"),
    )
    assert text.splitlines() == [
        f"  edit   cart.py{'+2 -1  2.5 s':>63}",
        "           -b",
        "           +c",
        "           +d",
        f"  bash   ./test{'2.5 s':>64}",
        "           OK",
    ]


def test_details_are_hidden_when_folded() -> None:
    """One line for each call stays."""
    text = shown(use("1", "bash", command="./test"), result("1", "bash", "OK"), fold=True)
    assert text.splitlines() == [f"  bash   ./test{'2.5 s':>64}"]


def test_calls_at_the_same_time_are_each_shown_once() -> None:
    """The first has the open line; the others follow, in whichever order they end."""
    calls = [use("1", "read", filePath="a"), use("2", "read", filePath="b"), use("3", "read", filePath="c")]
    text = shown(*calls, result("1", "read", "1: x"), result("3", "read", "1: x"), result("2", "read", "1: x"))
    assert [line.split()[:2] for line in text.splitlines()] == [["read", name] for name in "abcb"]
    assert text.count("1 line") == 3


def test_what_a_permission_is_for_stands_there_once() -> None:
    """The request names the command; its line follows when it has run."""
    text = shown(
        ("permission", {"action": "asked", "permission_id": "perm_1", "tool": "bash", "args": {"command": "rm x"},
                        "call_id": "1", "agent_permission_id": "p", "kind": "permission"}),
        use("1", "bash", command="rm x"),
        ("permission", {"action": "replied", "permission_id": "perm_1", "reply": "once", "decided_by": "user"}),
        result("1", "bash"),
    )  # fmt: skip
    assert [line.strip() for line in text.splitlines()] == [
        "! asks   bash: rm x",
        "allowed once",
        f"bash   rm x{'2.5 s':>66}",
    ]


def test_a_terminal_without_unicode_is_no_trouble() -> None:
    """Where the terminal can't show the nicer signs, plain ones stand for them."""
    text = shown(("complete", {"status": "completed", "summary": ""}), encoding="ascii")
    assert text.strip() == "= completed   event 1"


def test_an_event_of_a_kind_that_it_does_not_know_is_shown_in_short() -> None:
    """A newer service may send more kinds of events; each has at least its name on a line."""
    assert "novelty" in shown(("novelty", {"session_id": "sess_1"}))


@pytest.mark.parametrize(
    "lie", [lie for lie, _ in LIES.values() if not any("\ud800" <= char < "\ue000" for char in lie)]
)
def test_nothing_that_an_agent_hides_reaches_the_terminal(lie: str) -> None:
    """Commands, outputs, paths, answers, questions and errors have no hidden character left, nor a line that is none."""
    events = (
        said(lie),
        use("1", "bash", command=f"{lie}x"),
        result("1", "bash", lie),
        ("file_change", {"action": "create", "path": lie}),
        ("message_sent", {"message_id": "m", "content": lie, "agent": "build", "by": lie}),
        ("status", {"status": "running", "message": lie, "attempt": 1}),
        ("error", {"error": lie, "code": "ERROR"}),
        ("permission", {"action": "asked", "permission_id": "perm_1", "tool": lie, "kind": "question",
                        "agent_permission_id": "p",
                        "args": {"questions": [{"question": lie, "options": [{"label": lie, "description": lie}]}]}}),
        ("novelty", {"action": lie}),
    )  # fmt: skip
    text = shown(*events, width=200)
    assert one_line(f"{lie}x") in text
    assert {char for char in text if visible_prose(char) != char} <= {"\ufe0f"}
    for number, (name, members) in enumerate(events):
        for line in OneLiners().lines(event_of(name, json.dumps({"timestamp": AT, **members}), number), number):
            # What prints these lines makes them visible; no line break is left for that.
            assert "\n" not in line.text


def test_all_codebases_have_a_line_for_each_thing() -> None:
    """Text in pieces is one line, once it is whole; a call is one, once it has ended."""
    lines = OneLiners("/home/me/shop")
    events = [
        ("message_sent", {"message_id": "m", "content": "Do\nit", "agent": "build", "by": "alice"}),
        said("It is "),
        said("done."),
        use("1", "read", filePath="/home/me/shop/a.py"),
        result("1", "read", "1: x\n2: y"),
        ("complete", {"status": "completed", "summary": ""}),
    ]
    found = [
        (line.label, re.sub(r"  +", "  ", line.text))
        for number, (name, members) in enumerate(events, start=1)
        for line in lines.lines(event_of(name, json.dumps({"timestamp": AT, **members}), number), number)
    ]
    assert found == [
        ("alice", "Do it"),
        ("agent", "It is done."),
        ("read", "a.py  2 lines  2.5 s"),
        ("✔", "completed  event 6"),
    ]
