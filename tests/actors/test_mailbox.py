"""The mailbox: lanes, and an answer for everybody."""

import asyncio

import pytest

from opencode_ledger.actors.mailbox import CONTROL, Answer, Envelope, Mailbox
from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import ActorStopped, StoreError
from opencode_ledger.domain.ids import MessageId, PermissionId, Position


def message(number: int) -> Envelope:
    """A message on its way."""
    return Envelope(c.SendMessage(message_id=MessageId(f"msg_{number}"), content="x"))


async def test_first_come_first_served_within_a_lane() -> None:
    """Commands of one lane are taken in the order in which they came."""
    mailbox = Mailbox()
    envelopes = [message(n) for n in range(5)]
    for envelope in envelopes:
        mailbox.put(envelope)
    assert [await mailbox.get() for _ in envelopes] == envelopes
    assert len(mailbox) == 0


async def test_a_halt_overtakes_the_agents_output() -> None:
    """A person's wish to halt is taken before everything that came earlier in the other lane."""
    mailbox = Mailbox()
    late = [message(1), Envelope(c.Report(())), Envelope(c.Retire())]
    halts = [Envelope(c.Interrupt()), Envelope(c.Stop()), Envelope(c.Delete()), Envelope(c.Shutdown())]
    for envelope in (*late, *halts):
        mailbox.put(envelope)
    assert [await mailbox.get() for _ in range(7)] == [*halts, *late]


def test_a_reply_to_the_agent_does_not_overtake() -> None:
    """Only what halts, grants or recovers overtakes; a reply of permission comes after what was said before it."""
    reply = c.ReplyPermission(permission_id=PermissionId("perm_1"), reply="once")
    assert not isinstance(reply, CONTROL) and not isinstance(c.Report(()), CONTROL)


async def test_the_reader_waits_for_the_next_envelope() -> None:
    """A reader of an empty mailbox gets the next envelope when it comes."""
    mailbox = Mailbox()
    reader = asyncio.create_task(mailbox.get())
    await settle()
    assert not reader.done()
    mailbox.put(envelope := message(1))
    assert await reader is envelope


async def test_closing_answers_everybody() -> None:
    """Once closed, all that waited and all that come later are refused because the actor has stopped."""
    mailbox = Mailbox()
    waiting = [message(1), Envelope(c.Stop())]
    for envelope in waiting:
        mailbox.put(envelope)
    mailbox.close()
    mailbox.put(late := message(2))
    assert len(mailbox) == 0
    for envelope in (*waiting, late):
        with pytest.raises(ActorStopped):
            await envelope.reply


async def test_a_sender_that_left_is_no_trouble() -> None:
    """An answer or a refusal for a sender that has left goes nowhere."""
    answered, refused = message(1), message(2)
    answered.reply.cancel()
    refused.reply.cancel()
    answered.answer(Answer(Position(1), Phase.IDLE))
    refused.fail(StoreError())
    assert answered.reply.cancelled() and refused.reply.cancelled()


async def test_the_first_answer_counts() -> None:
    """An envelope is answered once."""
    envelope = message(1)
    envelope.answer(Answer(Position(1), Phase.IDLE))
    envelope.fail(StoreError())
    assert (await envelope.reply).phase is Phase.IDLE
