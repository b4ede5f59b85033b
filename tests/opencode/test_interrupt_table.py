"""Which processes an interrupt ends, shown on a picture of a machine: cases that real processes meet by chance alone."""

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, cast

import psutil
import pytest

from opencode_ledger.actors.opencode.processes.beginnings import GONE, at, now
from opencode_ledger.actors.opencode.processes.calls import Command, Commands
from opencode_ledger.actors.opencode.processes.interrupt import Interrupt
from opencode_ledger.domain.opencode.command_times import CommandTimes

TICK: Final = 0.01
INIT: Final = 1
SERVER: Final = 20
"""The number of a server, left by call 10; calls 30 and 40 come later."""


@dataclass(frozen=True)
class P:
    """A process. `began`: seconds after the first look, 0 or less. `again`: how often it is started again at its end.

    `by`: who starts it again, unless that one stands still; 0 for one that nobody sees.
    """

    pid: int
    call: int
    began: float
    parent: int = INIT
    again: int = 0
    by: int = 0


@dataclass(frozen=True)
class Case:
    """What is there at the first look, what joins it afterwards, what opencode says, and which of them are ended.

    `halted`: who stands still before and after. `grace`: seconds.
    """

    there: tuple[P, ...]
    ended: set[int]
    open: tuple[float, ...] = ()
    over: tuple[tuple[float, float], ...] = ()
    joins: tuple[P, ...] = ()
    shelled: bool = True
    halted: frozenset[int] = frozenset()
    grace: float = 5.0


@dataclass(frozen=True)
class Machine(Commands):
    """The commands of a machine that only exists here."""

    start: float = field(default_factory=now)
    all: dict[int, P] = field(default_factory=dict[int, P])
    ended: list[int] = field(default_factory=list[int])
    halted: set[int] = field(default_factory=set[int])
    went_on: list[int] = field(default_factory=list[int])

    def by_call(self) -> Mapping[int, list[Command]]:
        found: dict[int, list[Command]] = {}
        for p in self.all.values():
            process = cast("psutil.Process", Pictured(self, p.pid))
            command = Command(process, p.parent, 0, p.call, GONE if p.began == GONE else self.start + p.began)
            found.setdefault(p.call, []).append(command)
        return found

    def end(self, pid: int) -> None:
        """It ends, and its supervisor, if it has one, starts it again."""
        p = self.all.pop(pid)
        self.ended.append(pid)
        if p.again and p.by not in self.halted:
            self.all[pid + 1] = replace(p, pid=pid + 1, again=p.again - 1, began=now() - self.start + TICK)


@dataclass(frozen=True)
class Pictured:
    """Stands for a process."""

    machine: Machine = field(compare=False)
    pid: int

    def status(self) -> str:
        return psutil.STATUS_STOPPED if self.pid in self.machine.halted else psutil.STATUS_SLEEPING

    def send_signal(self, number: signal.Signals) -> None:
        if self.pid not in self.machine.all:
            raise psutil.NoSuchProcess(self.pid)
        if number == signal.SIGSTOP:
            self.machine.halted.add(self.pid)
        elif number == signal.SIGCONT:
            self.machine.halted.discard(self.pid)
            self.machine.went_on.append(self.pid)
        else:
            self.machine.end(self.pid)


LEFT: Final = P(SERVER, 10, -60.0)
OPEN: Final = P(30, 30, -5.0)
CASES: Final[Mapping[str, Case]] = {
    "what its server had before": Case((LEFT, P(21, 10, -50.0, SERVER), OPEN), {30}),
    "what its server began since": Case((LEFT, P(21, 10, -4.0, SERVER), OPEN), {30, 21}),
    "what that began": Case((LEFT, P(21, 10, -4.0, SERVER), P(22, 10, -3.0, 21), OPEN), {30, 21, 22}),
    "what the server's older worker began": Case((LEFT, P(21, 10, -50.0, SERVER), P(22, 10, -3.0, 21), OPEN), {30, 22}),
    "a daemon that it began": Case((LEFT, P(21, 10, -4.0), OPEN), {30, 21}),
    "in the same tick as the call": Case((LEFT, P(21, 10, -5.0, SERVER), OPEN), {30, 21}),
    "a tick before the call": Case((LEFT, P(21, 10, -5.0 - TICK, SERVER), OPEN), {30}),
    "while nothing is open": Case((LEFT, P(21, 10, -0.1, SERVER)), set()),
    "while a call waits for permission": Case((LEFT, P(21, 10, -0.1, SERVER)), set(), over=((-70.0, -60.0),)),
    "between two open calls": Case((LEFT, P(21, 10, -4.0, SERVER), OPEN, P(40, 40, -3.0)), {30, 40, 21}),
    "after a call that has begun nothing yet": Case((LEFT, P(21, 10, -0.5, SERVER)), {21}, open=(-1.0,)),
    "gone at the look": Case((LEFT, P(21, 10, GONE, SERVER), OPEN), {30, 21}),
    # a number that the system gave away a second time
    "older than the shell that has its number": Case((P(SERVER, 30, -60.0), P(21, 30, -50.0, SERVER), OPEN), {30}),
    "younger than the shell that has its number": Case((P(SERVER, 30, -60.0), P(21, 30, -4.0, SERVER), OPEN), {30, 21}),
    # a call that holds its output, without a shell
    "a call without shell": Case((LEFT, P(31, 30, -5.0)), {31}, open=(-5.0,)),
    "a call without shell beside one with": Case((LEFT, P(31, 30, -6.0), P(40, 40, -5.0)), {31, 40}, open=(-6.0, -5.0)),
    "what a server began for a call without shell": Case(
        (LEFT, P(21, 10, -4.0, SERVER), P(31, 30, -5.0)), {31, 21}, open=(-5.0,)
    ),
    "a call without shell beside one that has ended": Case(
        (P(31, 30, -5.0), P(41, 40, -4.0)), {31, 41}, open=(-5.0,), over=((-4.5, -3.0),)
    ),
    # a call that ended while another was open
    "left by a call beside it": Case((P(SERVER, 10, -4.0), OPEN), {30}, open=(-5.0,), over=((-4.5, -3.0),)),
    "left by a call beside it that began first": Case(
        (P(SERVER, 10, -4.0), OPEN), {30}, open=(-5.0,), over=((-9.0, -3.0),)
    ),
    "left before, by a call that ended beside it": Case(
        (P(SERVER, 10, -8.0), OPEN), {30}, open=(-5.0,), over=((-9.0, -3.0),)
    ),
    "begun by what a call beside it left": Case(
        (P(SERVER, 10, -4.0), P(21, 10, -2.0, SERVER), OPEN), {30, 21}, open=(-5.0,), over=((-4.5, -3.0),)
    ),
    "begun by it before that call ended": Case(
        (P(SERVER, 10, -4.0), P(21, 10, -3.5, SERVER), OPEN), {30}, open=(-5.0,), over=((-4.5, -3.0),)
    ),
    "begun by an old server beside it": Case(
        (LEFT, P(21, 10, -4.0, SERVER), OPEN), {30, 21}, open=(-5.0,), over=((-4.5, -3.0),)
    ),
    "after all calls beside it": Case((P(SERVER, 10, -2.0), OPEN), {30, SERVER}, open=(-5.0,), over=((-4.5, -3.0),)),
    # what joins after the first look
    "a call that begins late": Case((LEFT,), {30, 21}, joins=(P(30, 30, 0.0), P(21, 10, 0.0, SERVER))),
    "what a server began before a late call": Case((LEFT,), {30}, joins=(P(30, 30, 0.0), P(21, 10, -0.5, SERVER))),
    "a process of an open call that joins it": Case((OPEN,), {30, 31}, joins=(P(31, 30, 0.0),)),
    # what is started again at its end
    "a worker that its server replaces": Case((LEFT, P(50, 10, -4.0, SERVER, again=9), OPEN), {30, 50}),
    "a worker that was replaced before": Case((LEFT, P(50, 10, -50.0, SERVER, again=9), OPEN), {30}),
    "a daemon that somebody replaces": Case((LEFT, P(50, 10, -4.0, again=2), OPEN), {30, 50, 51, 52}),
    "a command of the call that comes back": Case((LEFT, P(50, 30, -4.0, again=2), OPEN), {30, 50, 51, 52}),
    # orphans that keep coming: from a server, or from a command that forks without end
    "a job of the server that has no parent": Case(
        (LEFT, P(50, 10, -4.0, again=99, by=SERVER), OPEN), {30, 50, 51}, grace=0.0
    ),
    "a job of the server's older worker": Case(
        (LEFT, P(21, 10, -50.0, SERVER), P(50, 10, -4.0, again=99, by=21), OPEN), {30, 50, 51}, grace=0.0
    ),
    "a job of the server's new worker": Case(
        (LEFT, P(50, 10, -4.0, SERVER, again=9), P(60, 10, -4.0, again=99, by=51), OPEN), {30, 50, 60, 61}, grace=0.0
    ),
    "jobs of two servers": Case(
        (LEFT, P(16, 15, -50.0), P(50, 10, -4.0, again=99, by=SERVER), P(60, 15, -4.0, again=99, by=16), OPEN),
        {30, 50, 51, 60, 61},
        grace=0.0,
    ),
    "a daemon that forks without end": Case((LEFT, P(50, 10, -4.0, again=9), OPEN), {30, *range(50, 60)}, grace=0.0),
    "a job of the server beside such a daemon": Case(
        (LEFT, P(50, 10, -4.0, again=9), P(70, 10, -4.0, again=99, by=SERVER), OPEN),
        {30, *range(50, 60), 70, 71},
        grace=0.0,
    ),
    "a server that stood still before": Case(
        (LEFT, P(50, 10, -4.0, again=2), OPEN), {30, 50, 51, 52}, halted=frozenset({SERVER}), grace=0.0
    ),
    # without our shell a call is known by its session
    "a session of its own": Case((LEFT, P(31, 30, -5.0)), {31}, open=(-5.0,), shelled=False),
    "a session while nothing is open": Case((LEFT, P(31, 30, -5.0)), set(), shelled=False),
    "begun for a session": Case(
        (LEFT, P(21, 10, -4.0, SERVER), P(31, 30, -5.0)), {31, 21}, open=(-5.0,), shelled=False
    ),
}


def milliseconds(machine: Machine, second: float) -> float:
    """The moment in ms since the epoch, as opencode would say it."""
    return (time.time() + machine.start + second - now()) * 1000


@pytest.mark.parametrize("name", CASES)
async def test_what_an_interrupt_ends(name: str) -> None:
    """Exactly what began with the first interrupted call or after it, but what ended calls left, and its new workers."""
    case = CASES[name]
    machine = Machine(2, "", case.shelled)
    machine.all.update((p.pid, p) for p in case.there)
    machine.halted.update(case.halted)
    begun = tuple(milliseconds(machine, second) for second in case.open)
    over = tuple((milliseconds(machine, first), milliseconds(machine, last)) for first, last in case.over)
    interrupt = Interrupt(machine, CommandTimes(begun, over))
    machine.all.update((p.pid, p) for p in case.joins)
    await interrupt.end(case.grace, 5.0)
    assert set(machine.ended) == case.ended
    assert len(machine.ended) == len(case.ended)
    assert machine.halted == case.halted
    assert machine.went_on == sorted(machine.went_on, key=lambda pid: machine.all[pid].began, reverse=True)


def test_a_moment_is_the_same_on_both_clocks() -> None:
    """What opencode says in ms since the epoch is compared with the system's own clock."""
    assert at(time.time() * 1000) == pytest.approx(now(), abs=5.0)
