"""`--costs`: which tests took the most of the processor."""

import os
from collections import defaultdict
from collections.abc import Generator
from typing import Final

import pytest

SHOWN: Final = 20
_NAME: Final = "seconds of the processor"


class Costs:
    """Sums up what each test took, with the processes that it waited for. A shared one counts where it ends."""

    def __init__(self) -> None:
        self._so_far = _used()
        self._by_test = defaultdict[str, float](float)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write it into the report of each phase, which pytest-xdist brings from the workers."""
        report = yield
        before, self._so_far = self._so_far, _used()
        report.user_properties = [*report.user_properties, (_NAME, self._so_far - before)]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._by_test[report.nodeid] += sum(
            float(str(value)) for name, value in report.user_properties if name == _NAME
        )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section(f"{SHOWN} dearest of {sum(self._by_test.values()):.0f} {_NAME}")
        for test, seconds in sorted(self._by_test.items(), key=lambda item: -item[1])[:SHOWN]:
            terminalreporter.write_line(f"{seconds:7.2f} {test}")


def _used() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
