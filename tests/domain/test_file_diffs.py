"""Comparisons of files as the agent sends them: the last one of a prompt counts, once, and nothing is too large."""

from typing import Any

from opencode_ledger.domain.codebase.facts import FileCompared
from opencode_ledger.domain.ids import AgentSessionId, SessionId
from opencode_ledger.domain.opencode.file_diffs import LARGEST, MOST, FileDiffs
from opencode_ledger.domain.opencode.streamed_text import Origin

ORIGIN = Origin(SessionId("sess_1"), None)
PATCH = "Index: a.py\n@@ -1,1 +1,1 @@\n-a\n+b\n"


def compared(*diffs: Any, root: str = "/code", origin: Origin = ORIGIN) -> list[FileCompared]:
    """What is reported of one prompt's comparison."""
    found = FileDiffs("/code/shop")
    found.comparison(origin, "msg_1", list(diffs), root)
    return list(found.ended())


def diff(file: str, patch: object = PATCH, **more: object) -> dict[str, object]:
    """A file of a comparison."""
    return {"file": file, "patch": patch, "additions": 1, "deletions": 1, "status": "modified", **more}


def test_the_last_comparison_counts_once() -> None:
    """Earlier comparisons of a prompt are forgotten, and it is reported once however often it comes again."""
    found = FileDiffs("/code")
    for name in ("a.py", "b.py"):
        found.comparison(ORIGIN, "msg_1", [diff(name)], "/code")
    found.comparison(ORIGIN, "msg_2", [diff("c.py")], "/code")
    assert [one.path for one in found.ended()] == ["b.py", "c.py"]
    found.comparison(ORIGIN, "msg_1", [diff("a.py")], "/code")
    assert list(found.ended()) == []


def test_paths_are_those_of_the_codebase() -> None:
    """A path is relative to the codebase, wherever the repository begins; what is outside is left out, and odd names too."""
    found = compared(diff("shop/a.py"), diff("mill/b.py"), diff('shop/"q.py'), diff("shop/../../etc/x"), diff("shop/"))
    assert [one.path for one in found] == ["a.py"]


def test_what_has_no_difference_says_why() -> None:
    """A file without lines and a difference that is too large are named without it."""
    found = compared(diff("shop/bin", ""), diff("shop/large", "@@" + "x" * LARGEST), diff("shop/a", PATCH))
    assert [(one.path, one.missing, one.diff is None) for one in found] == [
        ("bin", "binary_or_empty", True),
        ("large", "too_large", True),
        ("a", None, False),
    ]


def test_nonsense_is_left_out() -> None:
    """Whatever an agent's program sends, it is a difference or nothing, and never more than the limit."""
    odd: list[Any] = [
        None,
        1,
        "x",
        [],
        {},
        {"file": 5},
        diff("shop/a", patch=7, additions="x", deletions=-4, status=[]),
    ]
    (only,) = compared(*odd)
    assert (only.path, only.additions, only.deletions, only.action, only.missing) == (
        *("a", 0, 0, "modify", "binary_or_empty"),
    )
    assert len(compared(*(diff(f"shop/{n}") for n in range(MOST + 5)))) == MOST
    assert compared(diff("shop/a"), origin=Origin(SessionId("sess_1"), AgentSessionId("ses_2"))) == []
