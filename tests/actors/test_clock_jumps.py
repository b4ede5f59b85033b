"""The wall clock is set back or forward: only what the log says about the time of day follows it."""

from datetime import datetime, timedelta

import pytest
from tests.actors.town import A, Town, running

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.requests import IdempotencyKey, Request
from opencode_ledger.domain.errors import PermissionExpired
from opencode_ledger.domain.ids import PermissionId, Position


@pytest.mark.parametrize("moved", [timedelta(hours=-1), timedelta(days=-400), timedelta(days=365)])
async def test_order_and_limits_do_not_follow_the_time_of_day(
    moved: timedelta, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events keep their order and numbers, and a limit is neither shorter nor longer, whatever the clock says."""
    await running(town, A)
    await town.agents.of(A).ask("bash")
    now = town.clock.now

    def elsewhen() -> datetime:
        return now() + moved

    monkeypatch.setattr(town.clock, "now", elsewhen)
    await town.clock.advance(599)
    assert "permission.replied" not in await town.names(A)
    await town.clock.advance(1)
    replied = (await town.events(A))[-1]
    assert isinstance(replied, e.PermissionReplied)
    assert (replied.reply, replied.decided_by) == ("reject", "timeout")
    recorded = await town.log.read_all(Position(0), 1000)
    assert [event.sequence for event in recorded] == list(range(1, len(recorded) + 1))
    await town.assert_truthful()


async def test_after_a_sleep_of_the_machine_an_answer_is_too_late(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the timer stood still, who answers after the announced moment is refused, and the rejection is recorded."""
    await running(town, A)
    asked = await town.agents.of(A).ask("bash")
    now = town.clock.now
    monkeypatch.setattr(town.clock, "now", lambda: now() + timedelta(hours=1))
    yes = c.ReplyPermission(permission_id=PermissionId(f"perm_{asked.removeprefix('per_')}"), reply="always")
    named = Request(correlation_id="req_1", respond=lambda _events: {}, key=IdempotencyKey("once", "print"))
    with pytest.raises(PermissionExpired, match=r"until 2025-12-10T15:40.*, so this was rejected"):
        await town.supervisor.ask(A, yes, named)
    await town.clock.advance(600)
    replied = (await town.events(A))[-1]
    assert isinstance(replied, e.PermissionReplied)
    assert (replied.reply, replied.decided_by, replied.correlation_id) == ("reject", "timeout", None)
    assert town.agents.of(A).answers == [(asked, "reject", None)]
    await town.assert_truthful()
