"""Events as bytes: what the log holds, the stream sends and the hash covers."""

import json
from dataclasses import MISSING, fields
from itertools import product
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.given import AT, IDS

from opencode_ledger.domain import events as e
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.events.wire import MAX_DEPTH, UnknownEvent, decode, encode
from opencode_ledger.domain.ids import (
    AgentPermissionId,
    CodebaseId,
    PermissionId,
    Position,
    Sequence,
    Timestamp,
)

GOLDEN = Path(__file__).with_name("golden_events.jsonl")

CLEAN = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | CLEAN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CLEAN, inner, max_size=3),
    max_leaves=10,
)
BY_FIELD: dict[str, st.SearchStrategy[Any]] = {
    "priority": st.integers(-(2**31), 2**31),
    "attempt": st.none() | st.integers(1, 1000),
    "waiting": st.booleans(),
    "replaces": st.none() | st.booleans(),
    "cost": st.floats(0, 1e6),
    "answers": st.none() | st.lists(st.lists(CLEAN, max_size=3).map(tuple), max_size=3).map(tuple),
    "files": st.lists(CLEAN, max_size=3).map(tuple),
    "always": st.none() | st.lists(CLEAN, max_size=3).map(tuple),
    "patterns": st.lists(CLEAN, max_size=3).map(tuple),
    "calls": st.lists(CLEAN, max_size=3).map(tuple),
    "times": st.integers(1, 10**9),
    "tokens": st.dictionaries(CLEAN, st.integers(0, 2**53), max_size=3),
    "args": st.dictionaries(CLEAN, JSON, max_size=3),
    "metadata": st.dictionaries(CLEAN, JSON, max_size=3),
    "digests": st.dictionaries(CLEAN, CLEAN, max_size=3),
    "tools": st.none() | st.lists(st.dictionaries(CLEAN, JSON, max_size=3), max_size=2).map(tuple),
    "imported": st.booleans(),
    "agent_config": st.dictionaries(CLEAN, JSON, max_size=3),
    "tombstones": st.dictionaries(CLEAN, CLEAN, max_size=3),
    "answer": st.dictionaries(CLEAN, JSON, max_size=3),
}


def events_of(cls: type[e.Event]) -> st.SearchStrategy[e.Event]:
    """Events of one kind with any content that JSON can hold."""
    members = {
        field.name: BY_FIELD.get(field.name, CLEAN if field.default is not None else st.none() | CLEAN)
        for field in fields(cls)
    }
    return st.builds(cls, **members)


ANY_EVENT = st.one_of([events_of(cls) for cls in e.REGISTRY.values()])


def as_recorded(new: NewEvent) -> RecordedEvent:
    """A new event as it comes out of the log."""
    return RecordedEvent(Position(1), CodebaseId("cb_1"), Sequence(1), new.topic, new.data)


def foreign(topic: str, data: bytes) -> e.Event:
    """What becomes of bytes that this version has not written."""
    return decode(as_recorded(NewEvent(topic, data)))


@settings(deadline=None, max_examples=500)
@given(ANY_EVENT)
def test_what_goes_in_comes_out(event: e.Event) -> None:
    """Every kind of event, whatever it holds, comes out of the log as it went in."""
    assert decode(as_recorded(encode(event))) == event


@settings(deadline=None, max_examples=300)
@given(ANY_EVENT)
def test_bytes_are_one_line_of_json(event: e.Event) -> None:
    """The bytes are one line of UTF-8 JSON, so that they can be the data of an SSE frame as they are."""
    data = encode(event).data
    assert b"\n" not in data and b"\r" not in data
    assert isinstance(json.loads(data.decode()), dict)
    assert encode(event).data == data


def nested(depth: int) -> e.Json:
    """Lists within lists."""
    value: e.Json = "bottom"
    for _ in range(depth):
        value = [value]
    return value


AWKWARD: st.SearchStrategy[e.Json] = st.one_of(
    st.text(st.characters(), max_size=20),
    st.integers(),
    st.integers(2**64, 2**80),
    st.floats(),
    st.integers(0, 1200).map(nested),
    st.lists(st.text(st.characters(categories=["Cs"]), min_size=1, max_size=3), max_size=3).map(list[e.Json]),
    st.dictionaries(st.text(st.characters(categories=["Cs", "Ll"])), st.integers(2**64), max_size=3).map(
        dict[str, e.Json]
    ),
)


@settings(deadline=None, max_examples=300)
@given(AWKWARD, st.text(st.characters(), max_size=50))
def test_what_an_agent_prints_is_always_storable(value: e.Json, text: str) -> None:
    """Lone surrogates, huge integers, endless nesting and what is not a number are stored and read back once stored."""
    use = e.ToolUse(tool=text, args={"value": value, "a": "\x00\u2028"}, call_id="call", **IDS)
    for event in (use, e.ToolResult(tool="bash", call_id="call", status="error", output=text, **IDS)):
        new = encode(event)
        assert b"\n" not in new.data
        stored = decode(as_recorded(new))
        assert type(stored) is type(event)
        assert encode(stored) == new, "what was stored once is stored the same ever after"


def test_nesting_is_kept_as_deep_as_it_is_promised() -> None:
    """Nesting is kept to its documented depth, and cut with a mark below it."""
    shallow = e.ToolUse(tool="t", args={"v": nested(MAX_DEPTH - 5)}, call_id="c", **IDS)
    assert decode(as_recorded(encode(shallow))) == shallow
    deep = encode(e.ToolUse(tool="t", args={"v": nested(1000)}, call_id="c", **IDS))
    assert "…".encode() in deep.data


def test_nesting_is_cut_exactly_below_its_depth() -> None:
    """What lies deeper than promised is cut at that depth, in objects as in lists, and nothing beside it."""
    bad = "\ud800"  # so that it can't be written as it is
    for deeper, listed in product((False, True), (False, True)):
        value: e.Json = {"kept": 2**80, "cut": bad}
        for _ in range(MAX_DEPTH - 3 + deeper):
            value = [value] if listed else {"in": value}
        written = encode(e.ToolUse(tool="t", args={"v": value}, call_id="c", **IDS)).data.decode()
        assert (str(2**80) in written, "…" in written) == (not deeper, deeper)


def test_what_json_cannot_hold_is_written_as_near_as_can_be() -> None:
    """Half a character becomes a question mark, and a number too large for others its digits; what fits stays a number."""
    args: dict[str, e.Json] = {"\ud800": ["a\ud800b"], "n": [2**64, 2**64 - 1, -(2**63), -(2**63) - 1]}
    written = json.loads(encode(e.ToolUse(tool="t", args=args, call_id="c", **IDS)).data)["args"]
    assert written == {"?": ["a?b"], "n": [str(2**64), 2**64 - 1, -(2**63), str(-(2**63) - 1)]}


def test_an_unknown_event_keeps_whose_it_is() -> None:
    """An event of a kind that isn't known keeps its session, its task and its moment, where they are such."""
    known = foreign("x-new", b'{"session_id":"sess_1","task_id":"task_1","timestamp":"t"}')
    assert (known.session_id, known.task_id, known.timestamp) == ("sess_1", "task_1", "t")
    odd = foreign("x-new", b'{"session_id":5,"task_id":[]}')
    assert (odd.session_id, odd.task_id, odd.timestamp) == (None, None, "")


def test_the_documents_own_members_are_kept_to_the_letter() -> None:
    """A file's change is called action on the wire, and absent members are left out."""
    new = encode(e.FileChange(change="create", path="a.py", **IDS))
    assert new.topic == "file_change"
    assert json.loads(new.data) == {
        "action": "create",
        "path": "a.py",
        "session_id": "sess_1",
        "task_id": "task_1",
        "timestamp": AT,
    }


@given(CLEAN, st.dictionaries(CLEAN, JSON, max_size=4))
def test_kinds_of_another_version_are_kept(name: str, members: dict[str, Any]) -> None:
    """A kind that this version doesn't know is kept with all its members, and is no error."""
    event = foreign("x-" + name, json.dumps(members).encode())
    assert isinstance(event, UnknownEvent)
    assert (event.name, event.members) == ("x-" + name, members)


@pytest.mark.parametrize(
    ("topic", "data"),
    [
        ("codebase", b'{"action":"renamed","timestamp":"t"}'),
        ("codebase", b'{"action":["registered"]}'),
        ("codebase", b"{}"),
        ("session", b'{"action":{},"timestamp":null}'),
        ("output", b'{"timestamp":"t"}'),
        ("usage", b'{"tokens":{},"cost":null,"timestamp":"t"}'),
        ("output", b"[1,2]"),
        ("status", b'"idle"'),
        ("complete", b"null"),
    ],
)
def test_bytes_that_make_no_event_are_kept_as_unknown(topic: str, data: bytes) -> None:
    """Known names with members missing or of another shape are kept as unknown events, never an error."""
    event = foreign(topic, data)
    assert isinstance(event, UnknownEvent) and event.name == topic


def test_members_of_another_version_are_passed_over() -> None:
    """A member that this version doesn't know doesn't keep an event from being read."""
    event = foreign("status", b'{"status":"idle","message":"m","mood":"good","timestamp":"t"}')
    assert event == e.Status(status="idle", message="m", timestamp=Timestamp("t"))


def golden() -> list[RecordedEvent]:
    """Events as earlier versions have written them."""
    lines = (json.loads(line) for line in GOLDEN.read_text().splitlines())
    return [as_recorded(NewEvent(line["topic"], line["data"].encode())) for line in lines]


@pytest.mark.parametrize("event", golden(), ids=lambda event: f"{event.topic} {event.data[:24].decode()}")
def test_what_was_once_written_is_read_for_ever(event: RecordedEvent) -> None:
    """Every event in the collection of written ones still has its class, and is written with the same bytes today."""
    decoded = decode(event)
    assert not isinstance(decoded, UnknownEvent)
    assert encode(decoded) == NewEvent(event.topic, event.data)


def test_every_kind_has_been_collected() -> None:
    """The collection of written events has every kind, so that none can change its shape unnoticed."""
    assert {type(decode(event)) for event in golden()} == set(e.REGISTRY.values())


def test_optional_members_have_a_default() -> None:
    """A member added to a kind later needs a default, or what was written before could not be read."""
    for event in golden():
        cls = type(decode(event))
        members = cast(dict[str, Any], json.loads(event.data))
        renamed = {"change": "action"} if cls in (e.FileChange, e.FileDiff) else {}
        for field in fields(cls):
            if field.default is MISSING and field.default_factory is MISSING:
                assert renamed.get(field.name, field.name) in members


def test_ids_of_permissions_stay_distinct() -> None:
    """A permission keeps our id and the agent's, so that a reply finds its way back."""
    asked = e.PermissionAsked(
        permission_id=PermissionId("perm_1"), agent_permission_id=AgentPermissionId("per_1"), tool="t", args={}, **IDS
    )
    assert decode(as_recorded(encode(asked))) == asked
