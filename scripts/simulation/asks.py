"""What clients ask for, and what became of it: acknowledged, refused, or never known."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.decide import SETTLING
from opencode_ledger.domain.errors import ActorStopped, LedgerError

from .agents import SILENCE
from .machine import Machine
from .record import Complain, Record

ACKNOWLEDGED: Final = "what was acknowledged is in the log, once"
REFUSED: Final = "what was refused left no trace"

PATIENCE: Final = 15.0
"""Simulated seconds within which all is answered while nothing is wrong with the disk."""


class Ask:
    """A command on its way. `names`: what the log says, once, when it is done (see `Record.named`).

    `own`: nothing else makes the log say so. `since`: when it was asked. `outcome`: the answer to the client, or None:
    a client without an answer doesn't know whether it was done.
    """

    def __init__(self, number: int, machine: Machine, command: c.Command, names: list[str], *, own: bool) -> None:
        self.number, self.command, self.names, self.own = number, command, names, own
        self.since = 0.0
        self.outcome: str | None = None
        self.task: asyncio.Task[Any] | None = None
        self.machine = machine

    def __str__(self) -> str:
        return f"ask {self.number} ({type(self.command).__name__})"


class Asks:
    """All that was asked."""

    def __init__(
        self, record: Record, complain: Complain, note: Callable[[str], None], quiet_for: Callable[[float], float]
    ) -> None:
        self._record, self._complain, self._note, self._quiet_for = record, complain, note, quiet_for
        self._all: list[Ask] = []
        self._open: dict[int, Ask] = {}

    def follow(self, ask: Ask, task: "asyncio.Task[Any]") -> None:
        """Judge what becomes of it."""
        ask.task, ask.since = task, task.get_loop().time()
        self._all.append(ask)
        self._open[ask.number] = ask
        task.add_done_callback(lambda done: self._settled(ask, done))

    @property
    def waiting(self) -> list[Ask]:
        """Those whose clients wait."""
        return list(self._open.values())

    def check_patience(self) -> None:
        """Nobody waits for long while nothing is wrong."""
        for ask in self._open.values():
            self._check_patience(ask)

    def check(self) -> None:
        """In the end: what was acknowledged is there, what was refused isn't, and nothing is there twice."""
        for ask in self._all:
            least, most = {"acknowledged": (1, 1), "refused": (0, 0)}.get(ask.outcome or "", (0, 1))
            least, most = (least, most) if ask.own else (least, 1)
            for name in ask.names:
                if not least <= self._record.named[name] <= most:
                    promise = REFUSED if ask.outcome == "refused" else ACKNOWLEDGED
                    self._complain(promise, f"{ask}, {ask.outcome}: {name} {self._record.named[name]} times")

    def _check_patience(self, ask: Ask) -> None:
        # An answer is given after what the agent is being given just now, and an agent can hang at that.
        patience = PATIENCE + SILENCE if isinstance(ask.command, c.ReplyPermission) else PATIENCE
        if (waited := self._quiet_for(ask.since)) > patience:
            self._complain("nobody waits for long", f"{ask} waited for {waited:.1f} s")

    def _settled(self, ask: Ask, done: "asyncio.Task[Any]") -> None:
        self._open.pop(ask.number, None)
        if ask.machine.over or done.cancelled():
            ask.outcome = "unknown"
            return
        self._check_patience(ask)
        error = done.exception()
        if error is None:
            self._acknowledged(ask, done.result())
        elif isinstance(error, LedgerError):
            ask.outcome = "unknown" if isinstance(error, ActorStopped) else "refused"
        else:
            self._complain("nothing unforeseen happens", f"{ask}: {error!r}")
        self._note(f"{ask} {ask.outcome} {error or ''}")

    def _acknowledged(self, ask: Ask, answer: Any) -> None:
        ask.outcome = "acknowledged"
        for name in ask.names:
            if self._record.named[name] != 1:
                self._complain(ACKNOWLEDGED, f"{ask}: {name} {self._record.named[name]} times as it was answered")
        if isinstance(ask.command, c.Interrupt | c.Stop) and answer.phase in SETTLING:
            self._complain("a halt is answered when it is over", f"{ask} in {answer.phase}")
