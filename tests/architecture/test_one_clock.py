"""Time is read in one place of the package: everything else asks the clock or is given the time."""

import ast
from pathlib import Path

from .tree import PACKAGE_FOLDERS, ROOT, python_files, syntax_tree

READS = {
    *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "clock_gettime"),
    *("now", "utcnow", "today"),
}


# That of the service, and that of the command line, which is another process and must not wait for an event loop's import.
CLOCKS = (ROOT / "actors/clock.py", ROOT / "http/cli/layout/amounts.py")


def reads_of_time(path: Path) -> list[str]:
    """The calls in a file that ask the system, or the event loop, what time it is."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READS
        and not ast.unparse(node.func.value).endswith(("clock", "Clock()"))
    ]


def test_the_clock_alone_reads_time() -> None:
    """A test that wants another time has one place to put it."""
    assert all(reads_of_time(clock) for clock in CLOCKS)
    assert [read for path in python_files(*PACKAGE_FOLDERS) if path not in CLOCKS for read in reads_of_time(path)] == []
