"""How often what an agent asked of the service becomes an event: by the clock."""

from typing import Any, cast

from opencode_ledger.actors.supervisor import Supervisor
from opencode_ledger.actors.twins.virtual_clock import VirtualClock, settle
from opencode_ledger.domain.callers import OwnAgent
from opencode_ledger.domain.codebase.commands import NoteRefusedAccess
from opencode_ledger.domain.errors import ActorStopped, StoreError
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.web.refused_access import PAUSE, RefusedAccess

MINE, OTHER = OwnAgent(CodebaseId("cb_1"), "curl"), OwnAgent(CodebaseId("cb_2"), "node")


class Noting:
    """Takes what a supervisor is asked. `failing`: what it refuses with."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, int, tuple[str, ...]]] = []
        self.failing: Exception | None = None

    async def ask(self, codebase: CodebaseId, command: NoteRefusedAccess, request: Any = None) -> None:
        del request
        if self.failing:
            raise self.failing
        self.noted.append((codebase, command.times, command.calls))


async def test_one_event_a_minute() -> None:
    """The first request is recorded at once, those of the next minute together at its end, each codebase's apart; then it begins again."""
    noting, clock = Noting(), VirtualClock()
    refused = RefusedAccess(cast(Supervisor, noting), clock)
    for number in range(1000):
        await refused.note(MINE, f"GET /{number % 2}", "c")
    await refused.note(OTHER, "GET /", "c")
    assert noting.noted == [("cb_1", 1, ("GET /0",)), ("cb_2", 1, ("GET /",))]
    await clock.advance(PAUSE - 1)
    assert len(noting.noted) == 2
    await clock.advance(1)
    assert noting.noted[2:] == [("cb_1", 999, ("GET /1", "GET /0"))]
    await refused.note(MINE, "GET /a", "c")
    await refused.note(OTHER, "GET /b", "c")
    assert noting.noted[3:] == [("cb_2", 1, ("GET /b",))]
    await clock.advance(PAUSE)
    assert noting.noted[4:] == [("cb_1", 1, ("GET /a",))]
    await clock.advance(10 * PAUSE)
    assert len(noting.noted) == 5
    await refused.note(MINE, "GET /c", "c")
    await refused.note(MINE, "GET /d", "c")
    await refused.close()
    assert noting.noted[5:] == [("cb_1", 1, ("GET /c",)), ("cb_1", 1, ("GET /d",))]
    await settle()


async def test_what_can_not_be_recorded() -> None:
    """A log that can't be written, or an actor that has ended, keeps nobody from being refused."""
    noting, clock = Noting(), VirtualClock()
    refused = RefusedAccess(cast(Supervisor, noting), clock)
    for failing in (StoreError(), ActorStopped()):
        noting.failing = failing
        await refused.note(MINE, "GET /", "c")
    noting.failing = None
    await clock.advance(PAUSE)
    assert noting.noted == [("cb_1", 1, ("GET /",))]
    await refused.close()
