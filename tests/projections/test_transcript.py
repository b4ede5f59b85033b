"""Transcripts: what a session's messages hold, however its events were cut."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.projections.histories import STREAMS, History, finish, message, register, report, said, trigger

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.events.imported import MessageImported
from opencode_ledger.domain.events.wire import decode
from opencode_ledger.domain.ids import AgentSessionId, MessageId, Sequence, SessionId, Timestamp
from opencode_ledger.projections.story.transcript import Message, ToolCall, Transcript

A = STREAMS[0]
NOW = Timestamp("2026-01-01T00:00:00.000Z")


def read(events: Iterable[e.Event]) -> list[Message]:
    """The messages that these events make."""
    transcript = Transcript()
    transcript.take(events)
    return transcript.messages


async def messages_of(history: History) -> list[Message]:
    """The messages of all that was recorded."""
    return read([decode(recorded) for recorded in await (await history.store()).read_stream(A, Sequence(0), 10_000)])


def piece(content: str, *, part: str = "p", replaces: bool | None = None, thought: bool = False) -> e.Output:
    """A piece of the agent's text."""
    return e.Output(
        type="reasoning" if thought else "text",
        content=content,
        message_id="say_1",
        part_id=part,
        replaces=replaces,
        timestamp=NOW,
    )


@st.composite
def cuttings(draw: st.DrawFn) -> tuple[list[str], list[e.Event]]:
    """The final texts of some parts, and pieces of them in any interleaving, now and then taken back."""
    texts = draw(st.lists(st.text(max_size=30), min_size=1, max_size=4))
    streams: list[list[e.Event]] = []
    for number, text in enumerate(texts):
        part, pieces = f"part_{number}", list[e.Event]()
        if draw(st.booleans()):
            pieces += [piece(wrong, part=part) for wrong in draw(st.lists(st.text(max_size=5), min_size=1, max_size=3))]
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=5)))
        bounds = list(zip([0, *cuts], [*cuts, len(text)], strict=True))
        pieces += [
            piece(text[start:end], part=part, replaces=(i == 0) or None) for i, (start, end) in enumerate(bounds)
        ]
        streams.append(pieces)
    begun: list[e.Event] = [piece("", part=f"part_{number}") for number in range(len(texts))]
    while any(streams):
        begun.append(draw(st.sampled_from([stream for stream in streams if stream])).pop(0))
    return texts, begun


@given(cuttings())
def test_text_is_whole_however_it_was_cut(cutting: tuple[list[str], list[e.Event]]) -> None:
    """However an agent's text comes in pieces, and whatever it takes back, the content is the final text, part by part."""
    texts, events = cutting
    (said_at_last,) = read(events)
    assert said_at_last.content == "".join(texts)
    assert said_at_last.reasoning == ""


@given(cuttings(), st.integers(0, 100))
def test_a_transcript_is_read_in_any_portions(cutting: tuple[list[str], list[e.Event]], at: int) -> None:
    """Read in portions or at once, a transcript is the same."""
    _, events = cutting
    transcript = Transcript()
    transcript.take(events[:at])
    transcript.take(events[at:])
    assert [m.content for m in transcript.messages] == [m.content for m in read(events)]


def test_thoughts_are_kept_apart() -> None:
    """What the agent thought aloud is not what it said."""
    (message_,) = read([piece("Hm", thought=True), piece("Yes"), piece(", so", thought=True), piece(".")])
    assert (message_.content, message_.reasoning) == ("Yes.", "Hm, so")


def sent(name: str, model: str | None) -> list[e.Event]:
    """A message that was given to the agent."""
    return [
        e.MessageSent(message_id=MessageId(name), content=name, agent="build", model=model, timestamp=NOW),
        e.MessageDelivered(message_id=MessageId(name), timestamp=NOW),
    ]


def answered(name: str) -> e.Event:
    """A step of the agent's."""
    return e.Output(type="text", content="Yes", message_id=name, part_id="p", timestamp=NOW)


def test_each_message_names_its_model() -> None:
    """A message names the model that it was sent to, or the session's; a step names that of the last message before it."""
    started = e.SessionStarted(prompt="one", agent="build", timestamp=NOW)
    linked = e.SessionLinked(agent_session_id=AgentSessionId("ses_1"), model="a/default", timestamp=NOW)
    waiting, delivered = sent("three", None)
    events = [
        *(started, *sent("one", None), linked, answered("first")),
        *(*sent("two", "b/other"), answered("second"), waiting, answered("third"), delivered, answered("fourth")),
    ]
    assert [(message_.id, message_.model) for message_ in read(events)] == [
        *(("one", "a/default"), ("first", "a/default"), ("two", "b/other"), ("second", "b/other")),
        *(("three", "a/default"), ("third", "b/other"), ("fourth", "a/default")),
    ]


def test_an_unknown_model_is_not_made_up() -> None:
    """Where no model is on record, a message names none; what was made outside names its own."""
    started = e.SessionStarted(prompt="one", agent="build", model="a/default", timestamp=NOW)
    made: dict[str, Any] = {"message_id": MessageId("m"), "role": "user", "content": "x", "created_at": NOW}
    for model in (None, "b/other"):
        outside = MessageImported(**made, model=model, timestamp=NOW)
        assert [message_.model for message_ in read([started, outside])] == [model]
    assert [message_.model for message_ in read([*sent("one", None), answered("first")])] == [None, None]


def conversation() -> tuple[History, SessionId]:
    """A prompt, an answer with tool calls and a helper's doings, a follow-up and another answer."""
    history = History()
    register(history, A)
    session = trigger(history, A, prompt="Add tests")
    calls: list[f.Fact] = [
        f.ToolStarted(session_id=session, call_id="c1", tool="read", args={"path": "a.py"}, message_id="say_1"),
        f.ToolEnded(session_id=session, call_id="c1", tool="read", status="completed", output="x = 1"),
        f.ToolStarted(session_id=session, call_id="c2", tool="bash", args={}, message_id="say_1"),
        f.ToolEnded(session_id=session, call_id="c2", tool="bash", status="error", output="no"),
        f.ToolStarted(
            session_id=session,
            call_id="c3",
            tool="bash",
            args={},
            message_id="helper",
            subagent=AgentSessionId("ses_2"),
        ),
        f.ToolEnded(
            session_id=session,
            call_id="c3",
            tool="bash",
            status="completed",
            output="",
            subagent=AgentSessionId("ses_2"),
        ),
    ]
    report(history, A, said(session, "say_1", "Look"), said(session, "say_1", "ing"), *calls)
    report(history, A, said(session, "helper", "psst", subagent=AgentSessionId("ses_2")))
    history.command(A, c.SendMessage(message_id=MessageId("msg_more"), content="Also docs"))
    running = f.ToolStarted(session_id=session, call_id="c4", tool="edit", args={}, message_id="say_2")
    report(history, A, said(session, "say_2", "Sure"), running)
    return history, session


async def test_a_conversation() -> None:
    """Messages come in the order in which they began, the user's and the agent's, tool calls and results with them."""
    prompt, first, more, second = await messages_of(conversation()[0])
    assert [(m.role, m.content) for m in (prompt, first, more, second)] == [
        ("user", "Add tests"),
        ("assistant", "Looking"),
        ("user", "Also docs"),
        ("assistant", "Sure"),
    ]
    assert (prompt.tools, more.id) == ([], "msg_more")
    assert prompt.timestamp < first.timestamp < more.timestamp < second.timestamp
    assert first.tools == [
        ToolCall(call_id="c1", tool="read", args={"path": "a.py"}, status="completed", output="x = 1"),
        ToolCall(call_id="c2", tool="bash", args={}, status="error", output="no"),
    ]
    assert second.tools == [ToolCall(call_id="c4", tool="edit", args={})]


async def test_a_call_left_open_ends_with_its_session() -> None:
    """A tool call without a result is shown as failed once the session is over."""
    history, _ = conversation()
    finish(history, A)
    (*_, last) = await messages_of(history)
    assert [(call.call_id, call.status) for call in last.tools] == [("c4", "error")]


async def test_a_call_of_no_message() -> None:
    """A tool call that names no message is the agent's: of its last message, or a message of its own."""
    history = History()
    register(history, A)
    session = trigger(history, A)
    report(history, A, f.ToolStarted(session_id=session, call_id="c1", tool="bash", args={}))
    report(history, A, f.ToolStarted(session_id=session, call_id="c2", tool="bash", args={}))
    history.command(A, c.SendMessage(message_id=message(history), content="And?"))
    report(history, A, f.ToolStarted(session_id=session, call_id="c3", tool="bash", args={}))
    messages = await messages_of(history)
    assert [m.role for m in messages] == ["user", "assistant", "user", "assistant"]
    assert [[call.call_id for call in m.tools] for m in messages] == [[], ["c1", "c2"], [], ["c3"]]
