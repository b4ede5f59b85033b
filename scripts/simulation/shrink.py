"""A failure made small: without every kind of step that it doesn't need, and with as few steps as show it."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from .seeds import Outcome, simulate
from .steps import SHARES

LONGEST: Final = 60.0
"""Seconds of processor time after which what was reached so far must do."""

NEEDED: Final = {"register"}
"""Without these nothing happens."""

SHORTEST: Final = 25
"""Steps below which it isn't worth to look for fewer."""


@dataclass(frozen=True)
class Replay:
    """All that a run follows from. `without`: kinds of steps that nobody takes in it."""

    seed: int
    steps: int
    on_disk: bool = False
    without: frozenset[str] = frozenset()

    def run(self, *, trace: bool = False) -> Outcome:
        """Run it; with `trace` every line is printed."""
        return simulate(self.seed, self.steps, on_disk=self.on_disk, trace=trace, without=self.without)

    def __str__(self) -> str:
        without = f" --without {','.join(sorted(self.without))}" if self.without else ""
        store = " --store sqlite" if self.on_disk else ""
        return f"scripts/simulation/run --seed {self.seed} --steps {self.steps}{store}{without}"


def shrunk(failed: Outcome, replay: Replay, progress: Callable[[str], None]) -> tuple[Outcome, Replay]:
    """The smallest run that was found to break the same promise, and what became of it. `progress` gets each."""
    until = time.process_time() + LONGEST
    best = failed, _ending_with(failed, replay)
    left = sorted(SHARES.keys() - NEEDED - replay.without)
    while left and time.process_time() < until:
        best = _tried(best, [_leaving_out(best[1], left.pop())], progress)
    return _tried(best, _shorter(best[1]), progress) if time.process_time() < until else best


def _tried(
    best: tuple[Outcome, Replay], tries: Iterable[Replay], progress: Callable[[str], None]
) -> tuple[Outcome, Replay]:
    """The first of these tries that breaks the same promise in no more steps, or the best so far."""
    outcome, _ = best
    for replay in tries:
        found = replay.run()
        if _promise(found) == _promise(outcome) and found.steps <= outcome.steps:
            progress(f"{found.steps} steps: {replay}")
            return found, _ending_with(found, replay)
    return best


def _promise(outcome: Outcome) -> str | None:
    return outcome.broken.promise if outcome.broken else None


def _leaving_out(replay: Replay, kind: str) -> Replay:
    return Replay(replay.seed, replay.steps, replay.on_disk, replay.without | {kind})


def _ending_with(outcome: Outcome, replay: Replay) -> Replay:
    """The run without the steps that would come after the failure."""
    return Replay(replay.seed, min(replay.steps, outcome.steps), replay.on_disk, replay.without)


def _shorter(replay: Replay) -> Iterator[Replay]:
    """Fewer steps, for what showed only at the end; the fewest first."""
    steps = SHORTEST
    while steps < replay.steps:
        yield Replay(replay.seed, steps, replay.on_disk, replay.without)
        steps *= 2
