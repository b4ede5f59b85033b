"""`X-Ledger-Position`: up to which event of the log an answer shows everything."""

import asyncio

from tests.support.service import API, Answer, Running

from opencode_ledger.domain.ids import Position

HEADER = "X-Ledger-Position"


def position(answer: Answer) -> int:
    assert answer.status == 200, answer
    return int(answer.headers[HEADER])


async def test_an_answer_names_its_position(api: Running) -> None:
    """A command names a position that its events do not exceed, and every view asked for after it names none before that."""
    codebase = await api.register()
    trigger = await api.ask("POST", f"/codebases/{codebase}/trigger", {"prompt": "x"})
    session, task = trigger.body["session_id"], trigger.body["task_id"]
    recorded = await api.service.store.read_all(Position(0), 100)
    assert position(trigger) >= next(event.position for event in recorded if task.encode() in event.data) > 1
    top = f"/codebases/{codebase}"
    views = [
        "/codebases",
        "/tasks",
        f"/tasks/{task}",
        top,
        f"{top}/status?at=1",
        f"{top}/messages?session_id={session}",
    ]
    views += [f"{top}/{part}" for part in ("status", "sessions", "tasks", "permissions")]
    for path in (*views, *views):  # the second time from memory
        assert position(trigger) <= position(await api.ask("GET", path)) <= api.service.store.head, path


async def test_a_stream_from_an_answer_s_position_has_no_gap(api: Running) -> None:
    """What a view doesn't show yet is what the stream of all codebases begins with after the view's position."""
    codebase = await api.register()
    path = f"/codebases/{codebase}/sessions"
    shown = position(await api.ask("GET", path))
    session = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"}))["session_id"]
    async with asyncio.timeout(20), api.client.get(f"{API}/events?last_event_id={shown}") as stream:
        while not (line := await stream.content.readline()).startswith(b"id:"):
            assert not stream.content.at_eof()
        assert line == b"id: %d\n" % (shown + 1)
        assert await stream.content.readline() == b"event: session\n"
        assert session.encode() in await stream.content.readline()
