"""What holds for every test: it leaves nothing behind, and our code never blocks the event loop."""

import asyncio
import gc
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Final, cast

import pytest
import structlog
from blockbuster import BlockBuster
from hypothesis import HealthCheck, is_hypothesis_test, settings

from .support.costs import Costs
from .support.examples import limit_examples
from .support.left_behind import left_since_now

PATIENCE: Final = 10.0
"""Seconds within which what a test closed must be gone."""

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


# No example has a limit of time: on a busy machine the same example takes many times as long.
settings.register_profile("busy", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`: also what takes many minutes. `--examples`: for an answer within a minute. `--costs`: where the time goes."""
    parser.addoption("--long", action="store_true", help="run also the tests that take many minutes")
    parser.addoption("--costs", action="store_true", help="show which tests took the most of the processor")
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
    gc.freeze()  # what is collected stays to the end: no later search for garbage walks through it
    grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
    if getattr(session.config.option, "loadgroup", False) and not all("@" in item.nodeid for item in grouped):
        pytest.exit("this pytest-xdist doesn't group tests under this pytest; see pyproject.toml", returncode=4)


def pytest_configure(config: pytest.Config) -> None:
    """Scrub from the environment what would set the service otherwise; the agent's place is the tests' own matter."""
    if config.getoption("--costs"):
        config.pluginmanager.register(Costs())
    for name in [name for name in os.environ if name.startswith("LEDGER_") and name != "LEDGER_OPENCODE_BINARY"]:
        del os.environ[name]
    # Who forgets --data would use the data of the person who runs the tests; here no directory can be made.
    os.environ["LEDGER_DATA"] = "/dev/null/no-data-given"
    # A started service reads the bytecode that the last one wrote, even where the machine's environment forbids to keep it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
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
    left = left_since_now()
    yield
    deadline = time.monotonic() + PATIENCE
    while (found := left()) and time.monotonic() < deadline:
        time.sleep(0.01)
    _complain(found)


@pytest.fixture
async def leaves_nothing_on_the_loop() -> AsyncIterator[None]:
    """The same for tests that run on an event loop, where closing takes turns of the loop."""
    left = left_since_now()
    yield
    deadline = time.monotonic() + PATIENCE
    while (found := [*map(repr, _tasks()), *left()]) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    _complain(found)


@pytest.fixture(autouse=True)
def never_blocks_the_loop() -> Iterator[None]:
    """A call of ours that would stop the event loop, and so every other agent and subscriber, raises instead."""
    detector = _detector()
    detector.activate()
    yield
    detector.deactivate()


@cache
def _detector() -> BlockBuster:
    """Made once: it has some thirty functions to wrap, and each knows all places that may block."""
    detector = BlockBuster(_OURS)
    for function in detector.functions.values():
        for file, names in _MAY_BLOCK:
            function.can_block_in(file, names)
    return detector


def _tasks() -> list[asyncio.Task[object]]:
    return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


def _complain(left: list[str]) -> None:
    if left:
        pytest.fail("the test left behind: " + "; ".join(left))
