"""Upcasters: an event in an old shape is read in the newest, step by step; its bytes stay."""

import json

import pytest

from opencode_ledger.domain import events as e
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.events.upcasting import UPCASTERS, Members
from opencode_ledger.domain.events.wire import UnknownEvent, decode, encode
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence, Timestamp

AT = Timestamp("2026-01-01T00:00:00.000Z")


def renamed(members: Members) -> Members:
    """From 1 to 2: the member `state` is called `status`."""
    return {"status" if name == "state" else name: value for name, value in members.items()}


def parted(members: Members) -> Members:
    """From 2 to 3: `status` and `message` were one."""
    status, message = str(members["status"]).split(": ")
    return {**members, "status": status, "message": message}


@pytest.fixture(autouse=True)
def upcasters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status has changed its shape twice, and so has a kind with an action."""
    monkeypatch.setitem(UPCASTERS, ("status", None), (renamed, parted))
    monkeypatch.setitem(UPCASTERS, ("session", "resumed"), (lambda members: {**members, "waiting": True},))


def read(topic: str, **members: e.Json) -> e.Event:
    data = json.dumps({**members, "timestamp": AT}).encode()
    return decode(RecordedEvent(Position(1), CodebaseId("cb_1"), Sequence(1), topic, data))


@pytest.mark.parametrize(
    "members",
    [
        {"state": "idle: at rest"},
        {"state": "idle: at rest", "schema_version": 1},
        {"status": "idle: at rest", "schema_version": 2},
        {"status": "idle", "message": "at rest", "schema_version": 3},
    ],
)
def test_every_shape_is_read_in_the_newest(members: dict[str, e.Json]) -> None:
    """From whichever version an event is, the steps that it lacks are gone, in their order; without one it is of the first."""
    assert read("status", **members) == e.Status(status="idle", message="at rest", timestamp=AT)


def test_the_version_that_is_written() -> None:
    """A kind that has changed is written with its version, and is read back without another step; others carry none."""
    status = e.Status(status="idle", message="at rest", timestamp=AT)
    new = encode(status)
    assert json.loads(new.data)["schema_version"] == 3
    assert decode(RecordedEvent(Position(1), CodebaseId("cb_1"), Sequence(1), *_parts(new))) == status
    assert "schema_version" not in json.loads(encode(e.SessionAdmitted(timestamp=AT)).data)


def test_a_kind_is_known_by_its_action() -> None:
    """Of kinds that share a topic only the one that changed is brought up to date."""
    assert read("session", action="resumed") == e.SessionResumed(waiting=True, timestamp=AT)
    assert read("session", action="admitted") == e.SessionAdmitted(timestamp=AT)


@pytest.mark.parametrize("version", [4, 2**70, 0, -1, "2", 1.5, None, [1]])
def test_a_version_that_there_is_not(version: e.Json) -> None:
    """A later shape, or what is no version, is kept as an unknown event with all its members, never guessed at."""
    event = read("status", status="idle", message="at rest", schema_version=version)
    assert isinstance(event, UnknownEvent)
    assert event.members == {"status": "idle", "message": "at rest", "schema_version": version, "timestamp": AT}


def test_what_no_version_wrote() -> None:
    """Members that an upcaster can't take are kept as an unknown event, as they are, never an error."""
    event = read("status", state="at rest")
    assert isinstance(event, UnknownEvent) and event.members == {"state": "at rest", "timestamp": AT}


def test_a_later_shape_of_a_kind_that_never_changed_here() -> None:
    """A version is heeded also where this program knows no step at all."""
    assert isinstance(read("complete", status="completed", summary="", schema_version=2), UnknownEvent)
    assert isinstance(read("complete", status="completed", summary="", schema_version=1), e.Complete)


def _parts(new: NewEvent) -> tuple[str, bytes]:
    return new.topic, new.data
