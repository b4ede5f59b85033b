"""Tombstones: an event without its words, at the same leaf of the tree."""

import json
from collections.abc import Callable
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.domain.given import IDS
from tests.domain.test_wire import ANY_EVENT
from tests.projections.histories import mangled, rubbish

from opencode_ledger.domain import events as e
from opencode_ledger.domain.erasure.tombstones import eraser_of, is_blank, is_tombstone, tombstone_of
from opencode_ledger.domain.events import imported as o
from opencode_ledger.domain.events.members import CONTENT, FREE, IDENTITY, LABEL, NESTED
from opencode_ledger.domain.events.members import ON_THE_WIRE as STRUCTURE
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.events.requests import RequestAnswered
from opencode_ledger.domain.events.wire import UnknownEvent, decode, encode, members_of
from opencode_ledger.domain.ids import CodebaseId, OutputId, Position, Sequence
from opencode_ledger.domain.proofs.leaves import leaf_of, leaves_of

GOLDEN = (Path(__file__).parent / "golden_events.jsonl").read_text().splitlines()
BY = Position(1000)

assert o.CONTENT_TOPICS


def as_recorded(new: NewEvent) -> RecordedEvent:
    return RecordedEvent(Position(1), CodebaseId("cb_1"), Sequence(1), new.topic, new.data)


def erased(event: RecordedEvent) -> RecordedEvent:
    """The event with its content erased, if it has any."""
    return event._replace(data=tombstone_of(event, BY) or event.data)


@pytest.mark.parametrize("kind", [*e.REGISTRY.values()], ids=lambda kind: kind.__name__)
def test_of_every_member_it_was_decided_what_it_is(kind: type[e.Event]) -> None:
    """No kind of event gets a member of which nobody said whether it stays when the content is erased."""
    names = {member for _attribute, member in members_of(kind)}
    assert names <= STRUCTURE | CONTENT | NESTED | FREE
    assert {field.name for field in fields(kind)} <= IDENTITY | LABEL | CONTENT | NESTED | FREE


def test_no_member_is_two_things() -> None:
    """Each name is declared once, so that masking and erasure can't disagree about it."""
    declared = (IDENTITY, LABEL, CONTENT, NESTED, FREE)
    assert len(frozenset[str]().union(*declared)) == sum(map(len, declared))


@pytest.mark.parametrize("line", GOLDEN)
def test_every_kind_keeps_its_structure(line: str) -> None:
    """What is left of an event is read as the same kind, with the same identities, states and amounts, and no words."""
    recorded = as_recorded(NewEvent(json.loads(line)["topic"], json.loads(line)["data"].encode()))
    before, after = decode(recorded), decode(erased(recorded))
    assert type(before) is type(after)
    members = () if isinstance(before, UnknownEvent) else members_of(type(before))
    for attribute, member in members:
        was, now = getattr(before, attribute), getattr(after, attribute)
        assert (
            now == was
            if member in STRUCTURE
            else now in (was, "[erased]", "", {}, [], (), None)
            or member
            in (
                "answer",
                "tools",
            )
        )


@given(ANY_EVENT)
def test_the_leaf_stays(event: e.Event) -> None:
    """The leaf of an event is the same before and after its content was erased; erased again it stays as it is."""
    recorded = as_recorded(encode(event))
    left = erased(recorded)
    assert leaf_of(left) == leaf_of(recorded)
    assert leaves_of([recorded, left]) == [leaf_of(recorded)] * 2
    assert tombstone_of(left, BY) is None
    if left != recorded:
        assert eraser_of(left.data) == BY
        assert json.loads(left.data)["erased"] == {"by": BY, "sha256": sha256(recorded.data).hexdigest()}
        assert b"\n" not in left.data
        assert is_blank(left)


@given(rubbish() | mangled())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_log_holds(event: NewEvent) -> None:
    """Foreign bytes can be erased too, and leave one line of JSON."""
    left = tombstone_of(as_recorded(event), BY)
    assert left is None or (is_tombstone(left) and isinstance(json.loads(left), dict))
    assert left is None or is_blank(as_recorded(event)._replace(data=left))


@pytest.mark.parametrize(
    "kind", [kind for kind in e.REGISTRY.values() if "whole_id" in dict(members_of(kind)).values()]
)
def test_a_whole_output_is_content(kind: type[e.Event]) -> None:
    """An event that names a whole output can be erased, whatever else it has: the output goes with it."""
    required = {
        name: "x" for name, _ in members_of(kind) if name in ("message_id", "tool", "call_id", "output", "status")
    }
    empty = {"output": ""} if "output" in required else {}
    make = cast("Callable[..., e.Event]", kind)
    named = make(**required | empty, whole_id=OutputId(f"out_{'0' * 32}"), timestamp=IDS["timestamp"])
    left = tombstone_of(as_recorded(encode(named)), BY)
    assert left is not None
    assert is_blank(as_recorded(encode(named))._replace(data=left))


REPLIED = b'{"action":"replied","permission_id":"perm_1","reply":"once","decided_by":"user"'
UNBLANK = {
    "an event without content": REPLIED + b',"erased":{"by":9,"sha256":"%b"}}',
    "blanks between members": b'{ "content":"[erased]","erased":{"by":9,"sha256":"%b"}}',
    "a member twice": b'{"content":"[erased]","content":"[erased]","erased":{"by":9,"sha256":"%b"}}',
    "an escape that no event has": b'{"content":"[er\\u0061sed]","erased":{"by":9,"sha256":"%b"}}',
    "words": b'{"content":"a lie","erased":{"by":9,"sha256":"%b"}}',
}


@pytest.mark.parametrize("name", UNBLANK)
def test_what_no_erasure_leaves(name: str) -> None:
    """Bytes that end as a tombstone does, and that no erasure can have written, are known as such."""
    data = UNBLANK[name] % (b"0" * 64)
    assert is_tombstone(data)
    assert not is_blank(as_recorded(NewEvent("permission", data)))


HASH = "0" * 64
FORGED: list[e.Json] = [
    {"erased": {"by": 7, "sha256": HASH}},
    f',"erased":{{"by":7,"sha256":"{HASH}"}}}}',
    [{"erased": {"by": 7, "sha256": HASH}}],
]


@pytest.mark.parametrize("said", FORGED)
def test_what_an_agent_says_is_no_tombstone(said: e.Json) -> None:
    """However an agent puts it, its words are never taken for a tombstone: the leaf covers them as they are."""
    for event in (
        e.ToolUse(tool="x", args={"x": said, "erased": said}, call_id="c", **IDS),
        e.Error(error=str(said), code="X", **IDS),
        e.SessionStarted(prompt=str(said), agent="build", metadata={"erased": said}, **IDS),
    ):
        assert not is_tombstone(encode(event).data)


@given(st.binary(max_size=80))
def test_other_bytes_are_no_tombstone(data: bytes) -> None:
    """Only the last member of an object makes a tombstone."""
    assert not is_tombstone(data)


def test_nested_answers_lose_their_words_and_keep_their_shape() -> None:
    """The recorded answer to a request keeps its identities, states and numbers, so that it can be given again."""
    answer: dict[str, e.Json] = {
        "success": True,
        "task": {"id": "task_1", "title": "the secret", "priority": 3, "metadata": {"the": "secret"}},
        "files": ["secret.py"],
    }
    event = RequestAnswered(key="k", fingerprint="f", answer=answer, timestamp=IDS["timestamp"])
    left = erased(as_recorded(encode(event))).data
    assert b"secret" not in left
    assert json.loads(left)["answer"] == {
        "success": True,
        "task": {"id": "task_1", "title": "[erased]", "priority": 3, "metadata": {}},
        "files": [],
    }
