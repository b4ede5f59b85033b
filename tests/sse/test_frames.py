"""Frames: what parsers that others wrote make of our bytes."""

import codecs
import itertools

import pytest
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.domain.events import REGISTRY, Output
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.events.wire import encode
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence, SessionId, Timestamp
from opencode_ledger.http.streams.shared_frames import batch_of
from opencode_ledger.http.streams.sse import HEARTBEAT, PREAMBLE, frame, frames

TOPICS = sorted({topic for topic, _ in REGISTRY})
AT = Timestamp("2026-01-01T00:00:00.000Z")


def recorded(sequence: int, topic: str, data: bytes) -> RecordedEvent:
    """An event as it comes out of a log."""
    return RecordedEvent(Position(sequence), CodebaseId("cb_a"), Sequence(sequence), topic, data)


def output_of(sequence: int, content: str) -> RecordedEvent:
    """A piece of text as the service itself would record it."""
    new = encode(Output(type="text", content=content, message_id="m", part_id="p", timestamp=AT))
    return recorded(sequence, new.topic, new.data)


def parsed(chunks: list[bytes]) -> list[tuple[str, str, str]]:
    """What httpx-sse makes of a body that arrives in these pieces: id, name, data."""
    text, lines, events = codecs.getincrementaldecoder("utf-8")(), SSELineDecoder(), SSEDecoder()
    found = (events.decode(line) for chunk in chunks if (t := text.decode(chunk)) for line in lines.decode(t))
    return [(event.id, event.event, event.data) for event in found if event is not None]


def cut(body: bytes, places: list[int]) -> list[bytes]:
    """The body in pieces, cut at these places."""
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[a:b] for a, b in itertools.pairwise(edges)]


texts = st.text(st.characters(exclude_categories=["Cs"])) | st.text('\r\n\0\u2028\u0085\ufeff:i d"\\é😀')


@given(st.lists(st.tuples(st.sampled_from(TOPICS), texts), max_size=8), st.lists(st.integers(0), max_size=12))
def test_any_events_arrive_as_they_were_however_the_bytes_are_cut(
    contents: list[tuple[str, str]], places: list[int]
) -> None:
    """Whatever the events say and wherever the network cuts the bytes, a reader gets exactly those events."""
    events = [recorded(n, topic, output_of(n, text).data) for n, (topic, text) in enumerate(contents, 1)]
    body = PREAMBLE + HEARTBEAT.join([b"", *map(frame, events), b""])

    assert parsed(cut(body, places)) == [(str(e.sequence), e.topic, e.data.decode()) for e in events]


@given(texts)
def test_a_frame_is_three_lines_and_a_blank_one(content: str) -> None:
    """No text, however odd, can add a line to a frame or a raw NUL to its data."""
    event = output_of(7, content)
    lines = frame(event).split(b"\n")

    assert lines == [b"id: 7", b"event: output", b"data: " + event.data, b"", b""]
    assert b"\r" not in frame(event)
    assert b"\0" not in frame(event)


@pytest.mark.parametrize("data", [b'{\n"a":1}', b'{"a":1}\r', b'{"a":"\0"}'])
def test_data_that_would_break_the_frame_are_refused(data: bytes) -> None:
    """Data that aren't one line are an error of the log, and never reach a reader in another shape."""
    with pytest.raises(ValueError, match="not one line"):
        frame(recorded(1, "output", data))


@pytest.mark.parametrize("topic", ["", "a\nb", "a\rb"])
def test_a_name_that_would_break_the_frame_is_refused(topic: str) -> None:
    """An event's name is one line and not empty, as an empty one would arrive under another name."""
    with pytest.raises(ValueError, match="name of an event"):
        frame(recorded(1, topic, b"{}"))


def test_no_event_has_a_name_that_browsers_use_themselves() -> None:
    """`open` and `message` mean something else to a browser's EventSource, so nothing of ours is called that."""
    assert not {"open", "message"} & set(TOPICS)


def test_what_is_no_event_is_not_taken_for_one() -> None:
    """The reconnection time and heartbeats give no event, not even in clients that count every blank line."""
    assert parsed([PREAMBLE, HEARTBEAT, frames([output_of(1, "a")]), HEARTBEAT, HEARTBEAT]) == [
        ("1", "output", output_of(1, "a").data.decode())
    ]


@pytest.mark.parametrize(
    ("data", "session", "wanted"),
    [
        (b'{"session_id":"sess_1","content":"x"}', "sess_1", True),
        (b'{"content":"of sess_1","session_id":"sess_2"}', "sess_1", False),
        (b'{"content":"x","session_id":"sess_2"}', "sess_1", False),
        (b'{"content":"x"}', "sess_1", False),
        (b'{"session_id":"\\u0073ess_1"}', "sess_1", True),
        (b'{"session_id":"a\\"b"}', 'a"b', True),
        (b'{"session_id":"a\\/b"}', "a/b", True),
        ('{"session_id":"séance"}'.encode(), "séance", True),
    ],
)
def test_whose_an_event_is(data: bytes, session: str, wanted: bool) -> None:
    """A follower of a session gets its events in any spelling of its name, and no event that only mentions it."""
    body = batch_of([recorded(1, "output", data)], SessionId(session)).body
    assert bool(body) is wanted
