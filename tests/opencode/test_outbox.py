"""The way of facts to the actor: text is gathered where it comes fast, and never held back where it does not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from opencode_ledger.actors.opencode.outbox import Outbox
from opencode_ledger.domain.codebase.facts import AgentDied, TextStreamed
from opencode_ledger.domain.ids import SessionId

from .live import Recorder

FOR_EVER = 3600.0


def piece(content: str) -> TextStreamed:
    return TextStreamed(
        session_id=SessionId("sess_1"), kind="text", content=content, message_id="msg_1", part_id="prt_1"
    )


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def outbox(recorder: Recorder) -> AsyncIterator[Outbox]:
    """An outbox that gathers for ever."""
    outbox = Outbox(recorder.deliver, FOR_EVER, backlog=10**6)
    running = asyncio.create_task(outbox.run())
    yield outbox
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_first_piece_of_text_is_not_held_back(outbox: Outbox, recorder: Recorder) -> None:
    """Text that comes after a pause leaves at once, however long text may be gathered."""
    outbox.put([piece("one")])
    await recorder.until(lambda: recorder.facts == [piece("one")])


async def test_text_that_follows_closely_is_gathered(outbox: Outbox, recorder: Recorder) -> None:
    """Pieces that come soon after the last delivery become one, and go with the next fact that can't wait."""
    outbox.put([piece("one")])
    await recorder.until(lambda: recorder.text == "one")
    outbox.put([piece(" two")])
    outbox.put([piece(" three")])
    outbox.put([AgentDied(reason="x")])
    await recorder.has(AgentDied)
    assert recorder.batches[1:] == [(piece(" two three"), AgentDied(reason="x"))]
