"""When an agent's commands began and ended, as an interrupt wants to know it."""

from collections.abc import Sequence

import pytest

from opencode_ledger.domain.opencode.command_times import CommandClock, CommandTimes

Step = tuple[str, str, float]


def after(*steps: Step) -> CommandClock:
    """A clock after these beginnings and ends: which, of what call, when."""
    clock = CommandClock()
    for kind, part, moment in steps:
        if kind == "begins":
            clock.begins(part, f"call {part}", moment)
        else:
            clock.ends(part, moment)
    return clock


A, B, C = ("begins", "a", 1.0), ("begins", "b", 2.0), ("begins", "c", 6.0)
CASES: Sequence[tuple[str, Sequence[Step], CommandTimes]] = (
    ("nothing", (), CommandTimes()),
    ("one that is open", (A,), CommandTimes((1.0,))),
    ("one that has ended", (A, ("ends", "a", 3.0)), CommandTimes()),
    ("one that never began", (A, ("ends", "x", 3.0)), CommandTimes((1.0,))),
    ("one that ended twice", (A, B, ("ends", "b", 3.0), ("ends", "b", 4.0)), CommandTimes((1.0,), ((2.0, 3.0),))),
    ("one beside an open one", (A, B, ("ends", "b", 3.0)), CommandTimes((1.0,), ((2.0, 3.0),))),
    ("the first one of two", (A, B, ("ends", "a", 3.0)), CommandTimes((2.0,), ((1.0, 3.0),))),
    ("both", (A, B, ("ends", "a", 3.0), ("ends", "b", 4.0)), CommandTimes()),
    ("one after both", (A, B, ("ends", "a", 3.0), ("ends", "b", 4.0), C), CommandTimes((6.0,))),
    (
        "one that ended before all that are open began",
        (A, B, ("ends", "b", 3.0), C, ("ends", "a", 7.0)),
        CommandTimes((6.0,), ((1.0, 7.0),)),
    ),
    ("one whose end has no time", (A, B, ("ends", "b", 0.0)), CommandTimes((1.0,))),
)


@pytest.mark.parametrize(("steps", "times"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_open_and_what_ended_beside_it(steps: Sequence[Step], times: CommandTimes) -> None:
    """Open are those that haven't ended; of the others those are kept that ended while an open one ran."""
    assert after(*steps).times((), 0.0) == times


def test_a_call_that_waits_for_permission_is_not_open() -> None:
    """It has begun nothing yet; what ended before the others began is not beside them either."""
    clock = after(A, B, ("ends", "b", 3.0), C)
    assert clock.times(["call a"], 0.0) == CommandTimes((6.0,))
    assert clock.times(["call a", "call c"], 0.0) == CommandTimes()


def test_what_an_earlier_run_left_open_does_not_count() -> None:
    """A call whose end was never reported is none of this run's."""
    assert after(A, C).times((), 5.0) == CommandTimes((6.0,))
