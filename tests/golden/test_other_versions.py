"""Events of other versions, all the way: older shapes are read as if they were new, what is newer is kept and shown raw."""

import asyncio
import json
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest
from tests.golden.release import (
    THIS_VERSION,
    answers,
    answers_of,
    events_of,
    frames_of,
    same_members,
    streamed,
    write_data,
)
from tests.golden.test_golden_logs import untold
from tests.support.service import API, Running, running

from opencode_ledger.domain.erasure.tombstones import is_tombstone
from opencode_ledger.domain.events import SERVICE
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.events.upcasting import UPCASTERS, Members
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.proofs.export import event_line
from opencode_ledger.http.offline.evidence import evidence_in
from opencode_ledger.http.offline.export import Choice, export_from
from opencode_ledger.http.offline.history import history_of
from opencode_ledger.http.offline.verify import verify_data
from opencode_ledger.http.settings import Settings


def task_from_1(members: Members) -> Members:
    """A task's title was its name, agent and model were one, and its status was not said."""
    kept = {name: value for name, value in members.items() if name not in ("name", "does")}
    agent, _, model = str(members["does"]).partition("@")
    return {**kept, "title": members["name"], "agent_type": agent, "model": model or None, "status": "pending"}


def output_from_1(members: Members) -> Members:
    """The text had another name."""
    return {"content" if name == "text" else name: value for name, value in members.items()}


def as_in_1(event: RecordedEvent) -> RecordedEvent:
    """An event as that invented first version would have written it."""
    members = orjson.loads(event.data)
    if event.topic == "output":
        members["text"] = members.pop("content")
    elif event.topic == "task" and members["action"] == "created" and not is_tombstone(event.data):
        members["name"] = members.pop("title")
        members["does"] = f"{members.pop('agent_type')}@{members.pop('model', '')}"
        del members["status"]
    else:
        return event
    return event._replace(data=orjson.dumps(members))


def codebases(events: list[RecordedEvent]) -> list[CodebaseId]:
    """Those that are still there. The service's own stream is none."""
    gone = {event.stream for event in events if event.topic == "codebase" and b'"action":"deleted"' in event.data}
    return [stream for stream in dict.fromkeys(event.stream for event in events) if stream not in {*gone, SERVICE}]


async def exported(api: Running, codebase: CodebaseId) -> list[bytes]:
    async with api.client.get(f"{API}/codebases/{codebase}/log/export") as answer:
        return (await answer.read()).splitlines(keepends=True)


async def test_old_shapes_all_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a log in an old shape the views say what they would of the new one; stream, export and proofs have the old bytes."""
    events = [as_in_1(event) for event in events_of(THIS_VERSION)]
    assert sum(old != new for old, new in zip(events, events_of(THIS_VERSION), strict=True)) > 100
    monkeypatch.setitem(UPCASTERS, ("task", "created"), (task_from_1,))
    monkeypatch.setitem(UPCASTERS, ("output", None), (output_from_1,))
    data = await asyncio.to_thread(write_data, THIS_VERSION, tmp_path / "data", events)
    async with running(Settings(data=data, max_agents=1, new_proofs=True), tmp_path / "home") as api:
        then = await asyncio.to_thread(answers_of, THIS_VERSION)
        assert same_members(then, await answers(api)) == then
        for codebase in codebases(events):
            own = [event for event in events if event.stream == codebase]
            assert await streamed(api, f"/codebases/{codebase}/events", len(own)) == frames_of(own, codebase)
            assert (await exported(api, codebase))[1:-1] == list(map(event_line, own))
        shop = codebases(events)[0]
        await api.post(f"/codebases/{shop}/tasks", {"title": "New", "prompt": "New"})
        (new,) = await api.service.store.read_all(Position(api.service.store.head - 1), 1)
        assert json.loads(new.data)["schema_version"] == 2
        await api.post(f"/codebases/{shop}/stop")
        assert (await api.agent_at_work(shop)).given[0].text == "When there is time"
    assert (await asyncio.to_thread(verify_data, data, (), None, untold)).sound


FROM_LATER = (
    ("review", {"verdict": "fine", "deep": {"x": [1, None]}}),
    ("session", {"action": "paused", "until": "tomorrow"}),
    ("status", {"state": {"now": "resting"}, "schema_version": 2}),
    ("output", {"runs": ["a", "b"], "schema_version": 7}),
)


@pytest.fixture
def later() -> list[RecordedEvent]:
    """The golden log, and what a later version wrote about a session at its end."""
    events = events_of(THIS_VERSION)
    *_, last = (event for event in events if event.stream == codebases(events)[0] and b'"session_id"' in event.data)
    place = {name: value for name, value in orjson.loads(last.data).items() if name in ("session_id", "timestamp")}
    head = len(events)
    more = (orjson.dumps({**members, **place}) for _, members in FROM_LATER)
    return events + [
        RecordedEvent(Position(head + n), last.stream, Sequence(last.sequence + n), topic, data)
        for n, ((topic, _), data) in enumerate(zip(FROM_LATER, more, strict=True), 1)
    ]


async def test_what_a_later_version_wrote(later: list[RecordedEvent], tmp_path: Path) -> None:
    """Kinds and shapes of a later version stop nothing and change no view; stream, export and audit show them as they are."""
    data = await asyncio.to_thread(write_data, THIS_VERSION, tmp_path / "data", later)
    new, shop = later[-len(FROM_LATER) :], later[-1].stream
    session = orjson.loads(new[0].data)["session_id"]
    async with running(Settings(data=data, max_agents=1, new_proofs=True), tmp_path / "home") as api:
        then = await asyncio.to_thread(answers_of, THIS_VERSION)
        assert same_members(then, await answers(api)) == then
        assert (await streamed(api, "/events", later[-1].position)).count(b'"runs":["a","b"]') == 1
        assert (await streamed(api, f"/codebases/{shop}/events", new[-1].sequence)).endswith(frames_of(new, shop))
        shown = await api.get(f"/codebases/{shop}/log?after={new[0].sequence - 1}")
        assert [(event["type"], event["data"]) for event in shown["events"]] == [
            (event.topic, orjson.loads(event.data)) for event in new
        ]
        await api.post(f"/codebases/{shop}/stop")
        assert (await api.agent_at_work(shop)).given[0].text == "When there is time"
    assert (await asyncio.to_thread(verify_data, data, (), None, untold)).sound
    chosen = Choice(shop, session, new[0].sequence, new[-1].sequence)
    lines = await asyncio.to_thread(list, export_from(data, chosen, untold))
    assert lines[1:-1] == list(map(event_line, new))
    with ExitStack() as stack:
        evidence = await asyncio.to_thread(stack.enter_context, evidence_in(data))
        async with history_of(evidence, shop) as history:
            entries = history.story(session, await history.snapshot(new[-1].sequence)).entries[-len(new) :]
    assert [json.loads(entry.text) for entry in entries] == [orjson.loads(event.data) for event in new]
    assert [entry.title.partition(",")[0] for entry in entries] == [topic for topic, _ in FROM_LATER]
