"""The stream of all codebases."""

import orjson
import pytest

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.http.streams.all_codebases import in_whole_log

from .events import CODEBASE, OTHER, append, deleted, output, registered, started, whole_log_of
from .reader import Reader
from .serving import running


async def two_codebases() -> MemoryEventStore:
    """A log that two codebases share, one of which is deleted."""
    store = MemoryEventStore()
    for codebase in (CODEBASE, OTHER):
        await append(store, registered(), started(f"sess_{codebase}"), codebase=codebase)
    await append(store, output("a", "sess_cb_a"))
    await append(store, deleted(), codebase=OTHER)
    await append(store, output("b", "sess_cb_a"))
    return store


@pytest.mark.parametrize("cursor", range(8))
async def test_all_events_in_their_order_from_any_cursor(cursor: int) -> None:
    """Everyone's events come once and in the log's order, after any cursor; then live, with no seam."""
    store = await two_codebases()
    async with running(store, tuning={"page": 2}) as serving:
        reader = await Reader.connect(serving.port, f"/events?last_event_id={cursor}")
        await reader.until(lambda r: len(r.events) == 7 - cursor)
        await append(store, output("live"), output("and more"), codebase=OTHER)
        await append(store, output("live"))
        await reader.until(lambda r: len(r.events) == 10 - cursor)
        assert reader.events == (await whole_log_of(store))[cursor:]
        assert [number for number, _, _ in reader.events] == list(range(cursor + 1, 11))
        reader.close()


async def test_a_deletion_is_no_end() -> None:
    """What codebases had that were deleted is there, and the stream goes on after a deletion, replayed or live."""
    store = await two_codebases()
    async with running(store) as serving:
        reader = await Reader.connect(serving.port, "/events", cursor=0)
        await reader.until(lambda r: len(r.events) == 7)
        await append(store, deleted())
        await append(store, registered(), codebase=CodebaseId("cb_c"))
        await reader.until(lambda r: len(r.events) == 9)
        assert reader.events[-1][2] == '{"codebase_id":"cb_c","action":"registered"}'
        assert not reader.ended
        reader.close()


async def test_without_a_cursor_it_begins_now() -> None:
    """Who says nothing gets what comes from now on."""
    store = await two_codebases()
    async with running(store) as serving:
        reader = await Reader.connect(serving.port, "/events")
        await reader.until(lambda r: r.body)
        await append(store, output("now"))
        await reader.until(lambda r: r.events)
        assert [number for number, _, _ in reader.events] == [8]
        reader.close()


async def test_the_header_wins() -> None:
    """A browser that comes back says in the header what it has, beside the query of its first request."""
    store = await two_codebases()
    async with running(store) as serving:
        reader = await Reader.connect(serving.port, "/events?last_event_id=0", cursor=5)
        await reader.until(lambda r: len(r.events) == 2)
        assert [number for number, _, _ in reader.events] == [6, 7]
        reader.close()


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("last_event_id=8", 409, "cursor_ahead"),
        ("last_event_id=x", 400, "bad_cursor"),
        ("last_event_id=1&last_event_id=1", 400, "bad_cursor"),
    ],
)
async def test_what_is_refused(query: str, status: int, code: str) -> None:
    """A cursor beyond the log, one that is none, and a session are refused before the first byte."""
    async with running(await two_codebases()) as serving:
        reader = await Reader.connect(serving.port, f"/events?{query}")
        await reader.answer()
        assert (reader.status, orjson.loads(reader.body)["code"]) == (status, code)
        reader.close()


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (b"{}", b'{"codebase_id":"cb_a"}'),
        (b'{"a":1}', b'{"codebase_id":"cb_a","a":1}'),
        (b'{ "a" : 1.0 }', b'{"codebase_id":"cb_a", "a" : 1.0 }'),
        (b'{"codebase_id":"cb_a","a":1}', b'{"codebase_id":"cb_a","a":1}'),
        (b'{"args":{"codebase_id":"cb_x"}}', b'{"codebase_id":"cb_a","args":{"codebase_id":"cb_x"}}'),
        (b'{"content":"\\"codebase_id\\""}', b'{"codebase_id":"cb_a","content":"\\"codebase_id\\""}'),
        (b"[1]", b"[1]"),
    ],
)
def test_the_codebase_is_named_in_front(data: bytes, sent: bytes) -> None:
    """The codebase's id is put in front of the log's bytes unless they name it; the rest stays byte for byte."""
    event = RecordedEvent(Position(7), CODEBASE, Sequence(3), "output", data)
    assert in_whole_log(event).data == sent
    assert in_whole_log(event).sequence == 7


async def test_a_slow_reader_is_fed_from_the_log() -> None:
    """A reader of all codebases that falls behind loses nothing either."""
    store = await two_codebases()
    async with running(store, send_buffer=4096, tuning={"backlog": 4096, "page": 20}) as serving:
        reader = await Reader.connect(serving.port, "/events", cursor=0, receive_buffer=4096)
        await reader.until(lambda r: len(r.events) == 7)
        for number in range(200):
            await append(store, *[output("x" * 500)] * 5, codebase=OTHER if number % 2 else CODEBASE)
        assert serving.streams.recalls > 0
        await reader.until(lambda r: len(r.events) == 1007)
        assert reader.events == await whole_log_of(store)
        reader.close()
