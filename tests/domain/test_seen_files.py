"""What two looks at a directory say of the files in it, without a directory."""

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.file_trees import Change, Look, changes, fewest_first, path_text
from opencode_ledger.domain.ids import SessionId
from opencode_ledger.domain.opencode.file_changes import FileChanges
from opencode_ledger.domain.opencode.seen_files import NAMED, TOO_MUCH, SeenFiles
from opencode_ledger.domain.opencode.streamed_text import Origin

SESSION = SessionId("sess_1")
BEFORE = {b"kept": 1, b"other": 1, b"gone": 1, b"file": 1, b"dir/in": 1, b"shut/in": 1}


def seen_after(files: dict[bytes, int], hidden: tuple[bytes, ...] = ()) -> tuple[SeenFiles, list[str]]:
    """What is said of a look that follows one at `BEFORE`."""
    seen = SeenFiles()
    seen.begin(SESSION, Look(BEFORE))
    seen.looking()
    return seen, said(list(seen.seen(Look(files, frozenset(hidden)), 100.0)))


def said(facts: Sequence[f.FileChanged | f.FilesUnknown]) -> list[str]:
    return [f"{fact.action} {fact.path}" if isinstance(fact, f.FileChanged) else fact.reason for fact in facts]


CASES: dict[str, tuple[dict[bytes, int], list[str]]] = {
    "nothing": (BEFORE, []),
    "all three": (
        {path: mark for path, mark in BEFORE.items() if path != b"gone"} | {b"other": 2, b"new": 1},
        ["delete gone", "create new", "modify other"],
    ),
    "a file becomes a directory": (
        {path: mark for path, mark in BEFORE.items() if path not in (b"file", b"gone")} | {b"file/in": 1},
        ["delete file", "delete gone", "create file/in"],
    ),
    "a directory becomes a file": (
        {path: mark for path, mark in BEFORE.items() if path != b"dir/in"} | {b"dir": 1},
        ["delete dir/in", "create dir"],
    ),
    "everything is gone": ({}, [f"delete {path.decode()}" for path in sorted(BEFORE)]),
}


@pytest.mark.parametrize("name", CASES)
def test_two_looks(name: str) -> None:
    """Each file that differs is named once, deletions first."""
    files, expected = CASES[name]
    seen, found = seen_after(files)
    assert found == expected
    assert said(list(seen.seen(Look(files), 200.0))) == []


def test_what_can_not_be_seen_is_not_said_to_be_gone() -> None:
    """A directory that is closed or opened in mid-run says nothing of its files, but that they are not known, once."""
    closed = {path: mark for path, mark in BEFORE.items() if path != b"shut/in"}
    seen, found = seen_after(closed, (b"shut",))
    assert found == ["What shell commands changed in directories that can't be read is not known: shut."]
    assert said(list(seen.seen(Look(closed, frozenset({b"shut"})), 200.0))) == []
    assert said(list(seen.seen(Look(BEFORE | {b"shut/more": 1}), 300.0))) == []
    assert said(list(seen.seen(Look(BEFORE), 400.0))) == ["delete shut/more"]
    assert seen_after({}, (b"",))[1] == [
        "What shell commands changed in directories that can't be read is not known: the codebase's directory itself."
    ]


def test_too_much_is_said_once() -> None:
    """Where the files can't be compared it is said once in a session, after something ran."""
    seen = SeenFiles()
    seen.begin(SESSION, Look(None))
    assert not seen.known
    assert said(list(seen.not_compared())) == [TOO_MUCH]
    seen.begin(SESSION, Look(BEFORE))
    assert said([*seen.seen(Look(None), 1.0), *seen.not_compared()]) == []
    assert said(list(seen.seen(Look({}), 2.0))) == []


def test_what_a_tool_reported_is_not_said_again() -> None:
    """Whatever the order of a tool's writing, its report and a look, each change is on record once."""
    seen = SeenFiles()
    seen.begin(SESSION, Look(BEFORE))
    assert seen.reported(b"early", 10.0, exists=True)
    seen.looking()
    assert seen.reported(b"new", 50.0, exists=True)
    assert seen.reported(b"gone", 50.0, exists=False)
    files = BEFORE | {b"shell": 1, b"early": 1}  # taken before the tool wrote `new` and removed `gone`
    assert said(list(seen.seen(Look(files), 100.0))) == ["create shell"]
    assert not seen.reported(b"shell", 90.0, exists=True)  # by a tool that began before the look ended
    assert seen.reported(b"shell", 101.0, exists=True)
    del files[b"gone"]
    files |= {b"new": 1, b"shell": 2}
    for path, exists in dict(seen.touched).items():
        assert said(list(seen.seen_one(path, exists, files.get(path)))) == []
    seen.looking()
    assert said(list(seen.seen(Look(files), 200.0))) == []


def test_what_is_not_as_a_tool_said() -> None:
    """A file that is gone, or there, against a tool's report is recorded; a newer report is not mixed up with an old look."""
    seen = SeenFiles()
    seen.begin(SESSION, Look(BEFORE))
    for path, exists in ((b"a", True), (b"gone", False), (b"b", True), (b"link/c", True)):
        assert seen.reported(path, 1.0, exists=exists)
    assert said(list(seen.seen_one(b"a", True, None))) == ["delete a"]
    assert said(list(seen.seen_one(b"gone", False, 5))) == ["create gone"]
    assert seen.reported(b"b", 2.0, exists=False)
    assert said(list(seen.seen_one(b"b", True, 5))) == []
    assert said(list(seen.seen_one(b"b", False, None))) == []
    seen.out_of_sight(b"link/c")
    assert seen.touched == {}
    seen.forget()
    assert said([*seen.seen(Look({}), 3.0), *seen.not_compared()]) == []


def test_the_agent_s_own_word_where_nothing_can_be_compared() -> None:
    """Then its patches count, but for names that git has put in quotes: of them the agent has made names of no file."""
    files, me = FileChanges("/code"), Origin(SESSION, None)
    files.begin(SESSION, Look(None))
    files.patch(me, "msg_1", {"id": "prt_1", "files": ["/code/a.py", '/code/"quote/"d.txt"', "/elsewhere/b"]})
    assert said(list(files.rest([{"file": "a.py", "status": "added"}], "/code"))) == ["create a.py"]
    files.begin(SESSION, Look({}))
    before = files.patched
    files.patch(me, "msg_2", {"id": "prt_2", "files": ["/code/b.py"]})
    assert (before, files.patched) == (False, True)
    assert list(files.rest([{"file": "b.py", "status": "added"}], "/code")) == []


@pytest.mark.parametrize(
    ("tool", "status", "may"),
    [
        *(
            ("bash", "running", True),
            ("bash", "error", True),
            ("their_tool", "completed", True),
            ("bash", "pending", False),
        ),
        *(
            ("read", "completed", False),
            ("write", "running", False),
            ("write", "error", True),
            ("task", "completed", False),
        ),
    ],
)
def test_which_calls_may_change_any_file(tool: str, status: str, may: bool) -> None:
    """A shell and tools that nobody here knows may, from when they run; so may one that failed in the middle of writing."""
    files = FileChanges("/code")
    files.begin(SESSION, Look({}))
    assert list(files.tool(Origin(SESSION, None), {"id": "p", "tool": tool, "state": {"status": status}})) == []
    assert (files.seen.shell, files.seen.due) == (may, may and status != "running")


@given(st.lists(st.binary(min_size=1, max_size=6), unique=True))
def test_a_name_can_be_had_back(names: list[bytes]) -> None:
    """Whatever its bytes: they come back from the text, no two names have the same, and one that is UTF-8 is itself."""
    shown = [path_text(name) for name in names]
    assert len(set(shown)) == len(names)
    for name, (text, encoding) in zip(names, shown, strict=True):
        text.encode()
        assert name == (text.encode() if encoding is None else unquote_to_bytes(text))


def test_of_too_many_the_few_come_first() -> None:
    """Installed files by the thousand are counted, and hide none of the others."""
    many = {b"lib/%d" % number: 1 for number in range(NAMED + 10)}
    _, found = seen_after(BEFORE | many | {b"zebra": 1, b"kept": 2})
    assert len(found) == NAMED + 1
    assert "create zebra" in found and "modify kept" in found
    assert found[-1] == "12 more files changed than are named here: lib (12)."
    assert fewest_first([Change(b"a", "create")], 1) == ([Change(b"a", "create")], {})


def test_changes_of_unknown_directories_are_none() -> None:
    """A look that saw nothing at all is compared with nothing."""
    assert changes(Look(None), Look({})) == []
