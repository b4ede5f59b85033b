"""How the demo shows a stream, whatever the terminal."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from scripts.demo_session.client import Frame
from scripts.demo_session.flow import Page
from scripts.demo_session.screen import Screen
from tests.domain.test_visible_text import LIES

from opencode_ledger.domain.visible_text import one_line, visible_prose

WORDS = st.text(st.characters(categories=["L", "N", "P"], max_codepoint=0x2FF), min_size=1, max_size=12)


def page(width: int, encoding: str = "utf-8") -> tuple[Page, io.BytesIO]:
    """A page without colours, and the bytes that it writes."""
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding=encoding, write_through=True)
    return Page(Console(file=file, width=width, color_system=None), clock=lambda: 0.0), written


def frame(event: str, **data: object) -> Frame:
    """An event as it comes over the stream."""
    return Frame(7, event, json.dumps(data).encode())


@given(st.lists(WORDS, min_size=1, max_size=60), st.sampled_from([30, 50, 80, 200]))
def test_text_in_pieces_is_wrapped_by_words_and_stays_whole(words: list[str], width: int) -> None:
    """However many pieces a text comes in, each word of it is there, in order, and no line is too long."""
    shown, written = page(width)
    for word in words:
        shown.flow(word + " ", "", 7)
    shown.end_line()
    lines = written.getvalue().decode().splitlines()
    margin = 15 if width >= 64 else 8
    assert " ".join(line[margin:].strip() for line in lines).split() == words
    assert max(map(len, (line.rstrip() for line in lines))) <= max(width, margin + 12)


@pytest.mark.parametrize("width", [40, 50, 64, 100])
def test_no_line_is_longer_than_the_terminal(width: int, tmp_path: Path) -> None:
    """Long commands, paths and results are wrapped or cut, in terminals of any width."""
    shown, written = page(width)
    screen = Screen(shown, tmp_path)
    (tmp_path / "long.txt").write_text("a very long line " * 20)
    screen.show(frame("tool_use", tool="bash", args={"command": "echo some words and more " * 8}))
    screen.show(frame("tool_result", tool="bash", status="completed", output="result " * 40))
    screen.show(frame("file_change", action="create", path="long.txt"))
    screen.show(frame("message_sent", content="please " * 30))
    lines = written.getvalue().decode().splitlines()
    assert len(lines) > 6
    assert max(map(len, lines)) <= width


def test_a_terminal_without_unicode_is_no_trouble(tmp_path: Path) -> None:
    """Where the terminal can't show the nicer signs, plain ones stand for them."""
    shown, written = page(80, "ascii")
    screen = Screen(shown, tmp_path)
    screen.show(frame("status", status="running", message="Agent started"))
    screen.show(frame("tool_use", tool="read", args={"filePath": "a.py"}))
    screen.show(frame("complete", status="completed", summary=""))
    output = written.getvalue().decode("ascii")
    assert "* running  Agent started" in output
    assert "> read a.py" in output
    assert "= complete: completed" in output


def test_an_event_of_a_kind_that_it_does_not_know_is_shown_in_short(tmp_path: Path) -> None:
    """A newer service may send more kinds of events; each has at least its name and session on a line."""
    shown, written = page(80)
    Screen(shown, tmp_path).show(frame("novelty", session_id="sess_1"))
    assert "novelty" in written.getvalue().decode()
    assert "sess_1" in written.getvalue().decode()


@pytest.mark.parametrize(
    "lie", [lie for lie, _ in LIES.values() if not any("\ud800" <= char < "\ue000" for char in lie)]
)
def test_nothing_that_an_agent_hides_reaches_the_terminal(lie: str, tmp_path: Path) -> None:
    """Commands, outputs, paths, answers and messages have no hidden character left, nor a line that is none."""
    shown, written = page(200)
    screen = Screen(shown, tmp_path)
    for event in (
        frame("output", part_id="p", type="text", content=lie),
        frame("tool_use", tool="bash", args={"command": f"{lie}x"}),
        frame("tool_result", tool="bash", status="completed", output=lie),
        frame("file_change", action="create", path=lie),
        frame("message_sent", content=lie),
        frame("status", status="running", message=lie),
        frame("error", error=lie, code="ERROR"),
    ):
        screen.show(event)
    text = written.getvalue().decode()
    assert one_line(f"{lie}x") in text
    left = {char for char in text if visible_prose(char) != char}
    assert left <= {"\ufe0f"}
