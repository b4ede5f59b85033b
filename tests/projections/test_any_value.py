"""Whatever value a foreign event has in whatever member, the views pass it over or show it, and go on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs
from tests.golden.release import THIS_VERSION, events_of

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.projections.runner import Projections

VALUES: list[Any] = [[], ["x"], {}, {"x": [1]}, 1.5, True, 2**63, "x" * 20_000]


def one_of_each_kind() -> Iterator[RecordedEvent]:
    """The first event of every kind in a log that has all of them."""
    found = set[tuple[str, str]]()
    for event in events_of(THIS_VERSION):
        members = orjson.loads(event.data)
        kind = event.topic, str(members.get("action") or members.get("type") or members.get("status"))
        if kind not in found:
            found.add(kind)
            yield event


@pytest.mark.parametrize("value", VALUES, ids=lambda value: str(value)[:12])
async def test_any_value_in_any_member(value: Any, tmp_path: Path) -> None:
    """The views are made of a log in which each member of each kind has this value once."""
    store = MemoryEventStore()
    for event in events_of(THIS_VERSION):
        await store.append(event.stream, await store.stream_head(event.stream), [NewEvent(event.topic, event.data)])
    for event in one_of_each_kind():
        members = orjson.loads(event.data)
        changed = [NewEvent(event.topic, orjson.dumps(members | {name: value})) for name in members]
        await store.append(event.stream, await store.stream_head(event.stream), changed)
    with capture_logs():  # it says of each one that is passed over why
        projections = await Projections.open(tmp_path / "views.db", store)
    assert projections.applied == store.head
    await projections.close()
