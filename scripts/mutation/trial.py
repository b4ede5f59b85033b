"""Trials: does any test that reaches a function fail when a mistake stands in it?

The tests are collected once. Each mistake has a process of its own, forked from there, in which the function's code is
exchanged wherever the function is held; so a trial costs what its tests cost, and may run wild at no one's expense.
"""

import ast
import functools
import gc
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase
from tests.support.examples import limit_examples

EXAMPLES: Final = 15
"""Of each property, always the same ones: a mistake that only the thousandth example finds counts as missed."""
MEMORY: Final = 1_500_000_000
LONGEST: Final = 1.0
"""Seconds of a test that is worth its time here."""

CACHE: Final = type(functools.cache(len))

Place = tuple[str, str]
"""A file and a function's qualified name in it."""


@dataclass(slots=True, eq=False)
class Tests:
    """The collected tests, which functions each reaches, and its seconds."""

    items: list[pytest.Item]
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    reached: dict[str, set[Place]] = field(default_factory=dict[str, set[Place]])
    failed: bool = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What pytest reports of each test."""
        self.failed = self.failed or report.failed

    def of(self, place: Place) -> list[pytest.Item]:
        """The tests that reach a function, the quickest first."""
        reaching = [item for item in self.items if place in self.reached[item.nodeid]]
        return sorted(
            (item for item in reaching if self.seconds[item.nodeid] <= LONGEST),
            key=lambda item: self.seconds[item.nodeid],
        )

    def learn(self, folder: Path) -> None:
        """Run each test once, and note what it reaches."""
        for item in self.items:
            _hasten(item)
            places = self.reached[item.nodeid] = set[Place]()

            def note(frame: FrameType, event: str, _argument: object, places: set[Place] = places) -> None:
                if event == "call" and frame.f_code.co_filename.startswith(str(folder)):
                    places.add((frame.f_code.co_filename, frame.f_code.co_qualname.split(".<locals>")[0]))

            begun = time.process_time()
            sys.setprofile(note)
            run(item)
            sys.setprofile(None)
            self.seconds[item.nodeid] = time.process_time() - begun


def run(item: pytest.Item) -> None:
    """One test, with what it needs made for it alone."""
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def _hasten(item: pytest.Item) -> None:
    """Have a property tried with few examples, always the same."""
    limit_examples(
        item,
        EXAMPLES,
        phases=(Phase.explicit, Phase.generate),
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


def try_out(tree: ast.Module, path: Path, name: str, tests: Tests) -> str:
    """The verdict on the mistake that stands in `tree`, in the function `name`."""
    items = tests.of((str(path), name))
    if not items:
        return "unreached"
    try:
        code = _code(compile(ast.fix_missing_locations(tree), str(path), "exec"), name)
    except (SyntaxError, ValueError):
        return "no program"
    enough = 3 + 3 * sum(tests.seconds[item.nodeid] for item in items)
    _held()
    gc.freeze()
    child = os.fork()
    if not child:
        gc.disable()
        _limit(int(enough))
        os._exit(_fails(code, path, name, items, tests))
    _, status = os.waitpid(child, 0)
    return {0: "missed", 1: "found"}.get(os.waitstatus_to_exitcode(status), "found as it ran wild")


def _limit(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _fails(code: CodeType, path: Path, name: str, items: list[pytest.Item], tests: Tests) -> bool:
    try:
        _exchange(code, str(path), name)
        for item in items:
            run(item)
            if tests.failed:
                return True
    except BaseException:  # whatever it is, it is noticed
        return True
    return False


def _exchange(code: CodeType, file: str, name: str) -> None:
    functions, caches = _held()
    for function in functions[file, name]:
        function.__code__ = code
    for clear in caches:
        clear()


@functools.cache
def _held() -> tuple[dict[Place, list[FunctionType]], list[Callable[[], None]]]:
    """All functions by their places, and all caches; looked up once, for who looks at an object copies its page."""
    functions, caches = defaultdict[Place, list[FunctionType]](list), list[Callable[[], None]]()
    for held in gc.get_objects():
        if isinstance(held, FunctionType):
            functions[held.__code__.co_filename, held.__code__.co_qualname].append(held)
        elif isinstance(held, CACHE):
            caches.append(held.cache_clear)
    return functions, caches


def _code(within: CodeType, name: str) -> CodeType:
    return next(code for code in _codes(within) if code.co_qualname == name)


def _codes(within: CodeType) -> Iterator[CodeType]:
    for constant in within.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


class Collected:
    """In place of pytest's loop over the tests: hands them to `then`."""

    def __init__(self, then: Callable[[Tests], None]) -> None:
        self._then = then

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Called once all is collected."""
        tests = Tests(session.items)
        session.config.pluginmanager.register(tests)
        session.config.pluginmanager.unregister(name="terminalreporter")
        self._then(tests)
        return True
