"""`ps` answers before a person notices that it had to start: what it doesn't need, it doesn't import."""

import subprocess
import sys
import time

from tests.support.process import ROOT, environment

HEAVY = frozenset(
    "aiohttp aiosqlite asyncio cryptography cyclopts difflib eventsourcing orjson prometheus_client psutil pydantic "
    "rich.console rich.text sqlite3 structlog subprocess tomllib".split()
)
SEEN = """
import sys
from opencode_ledger.http.cli import main
sys.argv[1:] = ["ps", "--server", "http://127.0.0.1:1"]
try:
    main.main()
except SystemExit as end:
    assert end.code == 5, end.code
print(*sys.modules)
"""


def test_nothing_heavy_is_imported() -> None:
    """Each of these takes a good part of the time that the whole command may take."""
    asked = subprocess.run(
        [sys.executable, "-P", "-c", SEEN], env=environment(), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert HEAVY & {*asked.stdout.split()} == set()


def test_how_long_it_takes() -> None:
    """Printed, not asserted: a ratio to the start of Python itself on the same machine."""

    def quickest(*words: str) -> float:
        def once() -> float:
            began = time.perf_counter()
            subprocess.run([sys.executable, "-P", *words], env=environment(), capture_output=True, check=False)
            return time.perf_counter() - began

        return min(once() for _ in range(3))

    bare = quickest("-c", "pass")
    ps = quickest("-m", "opencode_ledger", "ps", "--server", "http://127.0.0.1:1")
    print(f"\nps: {1000 * ps:.0f} ms, {ps / bare:.1f} times `python -c pass`")
