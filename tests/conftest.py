"""What holds for every test: it leaves nothing behind, and our code never blocks the event loop."""

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final, cast

import psutil
import pytest
import structlog
from blockbuster import BlockBuster
from hypothesis import is_hypothesis_test

from .support.examples import limit_examples

PATIENCE: Final = 2.0
"""Seconds within which what a test closed must be gone."""

_DESCRIPTORS: Final = Path("/proc/self/fd" if Path("/proc/self/fd").exists() else "/dev/fd")
_OURS: Final = [f"opencode_ledger.{folder}" for folder in ("domain", "actors", "projections", "http", "client")]

_MAY_BLOCK: Final = (
    ("tests/store/test_crash.py", {"<lambda>"}),  # measures the log within the commit that it hears of
    (
        "tests/support/described.py",
        {"described"},
    ),  # makes the description once, wherever the first answer is held against it
    # Stands for commands that run while no server does.
    ("scripts/simulation/upkeep.py", {"erase", "copied"}),
    # Shows a trace, with the lines of source in it, to the person at a terminal.
    ("rich/traceback.py", {"extract", "_render_stack"}),
    # Looks at a few files, once for each start of an agent.
    ("opencode_ledger/actors/opencode/program/environment.py", {"_path"}),
    ("opencode_ledger/actors/opencode/program/binary.py", {"find_binary"}),
    ("opencode_ledger/actors/opencode/host/process.py", {"_bound_to_us"}),
    ("opencode_ledger/actors/opencode/factory.py", {"unavailable", "_ask_models"}),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`: also what takes many minutes. `--examples`: for an answer within a minute."""
    parser.addoption("--long", action="store_true", help="run also the tests that take many minutes")
    parser.addoption("--examples", type=int, metavar="N", help="try at most N examples of each property")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests out unless they are asked for; and measure no coverage of a thousand random examples.

    Measured, they take twice the time; the examples chosen by hand go the same ways.
    """
    left = [] if config.getoption("--long") else [item for item in items if item.get_closest_marker("long")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    examples = config.getoption("--examples")
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("no_cover")
        if examples is not None:
            limit_examples(item, examples)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fail where pytest-xdist does not keep a group on one worker: it says nothing, and each worker starts all that the group shares."""
    grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
    if getattr(session.config.option, "loadgroup", False) and not all("@" in item.nodeid for item in grouped):
        pytest.exit("this pytest-xdist doesn't group tests under this pytest; see pyproject.toml", returncode=4)


def pytest_configure() -> None:
    """Scrub from the environment what would set the service otherwise; the agent's place is the tests' own matter."""
    for name in [name for name in os.environ if name.startswith("LEDGER_") and name != "LEDGER_OPENCODE_BINARY"]:
        del os.environ[name]
    # Who forgets --data would use the data of the person who runs the tests; here no directory can be made.
    os.environ["LEDGER_DATA"] = "/dev/null/no-data-given"
    # Pictures of tracebacks look at source files, which is no matter for the loop.
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.dev.ConsoleRenderer(colors=False)])


@pytest.fixture(autouse=True)
def leaves_nothing_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test that leaves a task, a child process or an open file."""
    test = cast("pytest.Item", request.node)  # pyright: ignore[reportUnknownMemberType] pytest gives it no type
    if test.get_closest_marker("asyncio"):
        request.getfixturevalue("leaves_nothing_on_the_loop")  # it knows the loop's own files from the test's
        yield
        return
    left = _left_since_now()
    yield
    deadline = time.monotonic() + PATIENCE
    while left() and time.monotonic() < deadline:
        time.sleep(0.01)
    _complain(left())


@pytest.fixture
async def leaves_nothing_on_the_loop() -> AsyncIterator[None]:
    """The same for tests that run on an event loop, where closing takes turns of the loop."""
    left = _left_since_now()
    yield
    deadline = time.monotonic() + PATIENCE
    while (_tasks() or left()) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    _complain([*map(repr, _tasks()), *left()])


@pytest.fixture(autouse=True)
def never_blocks_the_loop() -> Iterator[None]:
    """A call of ours that would stop the event loop, and so every other agent and subscriber, raises instead."""
    detector = BlockBuster(_OURS)
    for function in detector.functions.values():
        for file, names in _MAY_BLOCK:
            function.can_block_in(file, names)
    detector.activate()
    yield
    detector.deactivate()


def _tasks() -> list[asyncio.Task[object]]:
    return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


def _left_since_now() -> Callable[[], list[str]]:
    """A function that returns which files and children appeared since now."""
    files, children = _open_files(), _children()

    def left() -> list[str]:
        if _open_files() - files:
            gc.collect()  # in a cycle, a file stays open a little longer
        return [*sorted(_open_files() - files), *sorted(_children() - children)]

    return left


def _open_files() -> set[str]:
    found: set[str] = set()
    for descriptor in _DESCRIPTORS.iterdir():
        if int(descriptor.name) <= 2:  # pytest's capture changes them at will
            continue
        try:
            found.add(f"file {descriptor.name}: {descriptor.readlink()}")
        except OSError:  # the directory's own, closed by now
            continue
    return found


def _children() -> set[str]:
    return {f"process {child.pid}: {child.name()}" for child in psutil.Process().children(recursive=True)}


def _complain(left: list[str]) -> None:
    if left:
        pytest.fail("the test left behind: " + "; ".join(left))
