"""What a benchmark found out: a spread of delays, and whether a promise is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from rich.table import Table


@dataclass(frozen=True)
class Spread:
    """Many delays of one kind, in milliseconds."""

    delays: Sequence[float]

    def percentile(self, percent: int) -> float:
        """The delay that `percent` of all stay below."""
        return quantiles(self.delays, n=100, method="inclusive")[percent - 1]

    @property
    def p50(self) -> float:
        """The median."""
        return self.percentile(50)

    @property
    def p99(self) -> float:
        """All but the slowest hundredth stay below it."""
        return self.percentile(99)

    @property
    def cells(self) -> tuple[str, ...]:
        """How many, p50, p99 and the longest, for a row of `spread_table`."""
        return (f"{len(self.delays):,}", *(f"{delay:.2f}" for delay in (self.p50, self.p99, max(self.delays))))


def spread_table(title: str, *more: str) -> Table:
    """A table with a row for each spread: its name, its cells, and further columns."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for heading in ("number", "p50 ms", "p99 ms", "max ms", *more):
        table.add_column(heading, justify="right")
    return table


@dataclass(frozen=True)
class Check:
    """One figure against its target; a figure without a target is for information."""

    what: str
    figure: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def target(self) -> str:
        """The target in words."""
        if self.at_most is not None:
            return f"under {self.at_most:g}{self.unit}"
        return "" if self.at_least is None else f"at least {self.at_least:g}{self.unit}"

    @property
    def met(self) -> bool:
        """Whether the figure keeps the promise; true where none was made."""
        below = self.at_most is None or self.figure < self.at_most
        return below and (self.at_least is None or self.figure >= self.at_least)

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or nothing where there is no target."""
        return "" if not self.target else "[green]met" if self.met else "[red]missed"


def promise_table(promise: str, checks: Sequence[Check]) -> Table:
    """The table of one promise."""
    table = Table(title=promise, title_justify="left")
    for heading in ("case", "target", "figure", ""):
        table.add_column(heading)
    for check in checks:
        table.add_row(check.what, check.target, f"{check.figure:,.2f}{check.unit}", check.verdict)
    return table
