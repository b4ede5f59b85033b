"""How event streams are followed over every kind of loss: the same table for all three clients."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import cast

import pytest

from .scripted import TICK, Drop, Reply, Scripted, Step, Stream, problem, scripted
from .three import Seen, in_node, with_a_loop, without_a_loop

pytestmark = pytest.mark.xdist_group("node")

GONE = problem(404, "codebase_not_found")
START = b"retry: 2000\n:\n"
BEAT = b":\n"


def frame(number: int, event: str = "output", **data: object) -> bytes:
    """An event as the service sends it."""
    return f"id: {number}\nevent: {event}\ndata: {json.dumps(data)}\n\n".encode()


ONE, TWO, THREE, FOUR = map(frame, range(1, 5))
COMPLETE = frame(2, "complete")
DELETED = frame(2, "codebase", action="deleted")


@dataclass(frozen=True)
class Row:
    """A stream and what it should bring. `cursors`: the `Last-Event-ID` of each request."""

    name: str
    steps: tuple[Step, ...]
    ids: list[int]
    cursors: list[str | None]
    error: str | None = None
    after: int | None = 0
    session: str | None = None
    troubles: list[str | None] = field(default_factory=list[str | None])
    patience: float | None = None
    silence: float = 30.0


LOST = ["lost", None]
ROWS = [
    Row("it ends properly", (Stream((START, ONE, TWO)),), [1, 2], ["0", "2"]),
    Row("it breaks", (Stream((ONE, TWO), "broken"), Stream((THREE,))), [1, 2, 3], ["0", "2", "3"], troubles=LOST),
    Row(
        "it breaks within a frame",
        (Stream((ONE, TWO[:9]), "broken"), Stream((TWO,))),
        [1, 2],
        ["0", "1", "2"],
        troubles=LOST,
    ),
    Row("a frame in pieces", (Stream(tuple(bytes([byte]) for byte in ONE + TWO)),), [1, 2], ["0", "2"]),
    Row("no answer", (Drop(), Stream((ONE,))), [1], ["0", "0", "1"], troubles=LOST),
    Row(
        "a proxy's refusals",
        (Reply(502, b"<html>"), problem(503, "overloaded"), Stream((ONE,))),
        [1],
        ["0", "0", "0", "1"],
        troubles=["502 not_of_the_service", "503 overloaded", None],
    ),
    Row("an empty stream", (Stream((START,)), Stream((ONE,))), [1], ["0", "0", "1"], troubles=LOST),
    Row(
        "too many streams",
        (problem(429, "too_many_requests", "Retry-After: 1"), Stream((ONE,))),
        [1],
        ["0", "0", "1"],
        troubles=["429 too_many_requests", None],
    ),
    Row("events once more", (Stream((ONE, TWO), "broken"), Stream((ONE, TWO, THREE))), [1, 2, 3], ["0", "2", "3"], troubles=LOST),
    Row("a hole", (Stream((ONE, THREE)),), [1], ["0"], "hole 1 3"),
    Row("a hole at the start", (Stream((TWO,)),), [], ["0"], "hole 0 2"),
    Row("a hole after a loss", (Stream((ONE,), "broken"), Stream((THREE,))), [1], ["0", "1"], "hole 1 3", troubles=LOST),
    Row("a session has gaps", (Stream((ONE, THREE)),), [1, 3], ["0", "3"], session="sess_1"),
    Row("no cursor", (Stream((FOUR,)),), [4], [None, "4"], after=None),
    Row(
        "no cursor and a loss before the first event",
        (Stream((START,), "broken", ("X-Ledger-After: 3",)), Stream((FOUR,))),
        [4],
        [None, "3", "4"],
        after=None,
        troubles=LOST,
    ),
    Row("a hole before the first event", (Stream((FOUR,), headers=("X-Ledger-After: 2",)),), [], [None], "hole 2 4", after=None),
    Row("silence", (Stream((ONE,), "silent"), Stream((TWO,))), [1, 2], ["0", "1", "2"], troubles=LOST, silence=0.5),
    Row("heartbeats", (Stream((START, *(BEAT,) * 16, ONE), tick=TICK),), [1], ["0", "1"], silence=0.5),
    Row("no token", (problem(401, "unauthorized"),), [], ["0"], "401 unauthorized"),
    Row("no such codebase", (GONE,), [], ["0"], "404 codebase_not_found"),
    Row("a cursor of another log", (problem(409, "cursor_ahead"),), [], ["9"], "409 cursor_ahead", after=9),
    Row("the codebase is deleted", (Stream((ONE, DELETED)), GONE), [1, 2], ["0", "2"]),
    Row("it was gone meanwhile", (Stream((ONE,)), GONE), [1], ["0", "1"], "404 codebase_not_found"),
    Row("the session ends, and all of it", (Stream((ONE, COMPLETE)), GONE), [1, 2], ["0", "2"], session="sess_1"),
    Row("no number", (Stream((b"event: output\ndata: {}\n\n",)),), [], ["0"], "BadStream"),
    Row("no JSON", (Stream((ONE, b"id: 2\nevent: output\ndata: {\n\n")),), [1], ["0"], "BadStream"),
    Row("no object", (Stream((b"id: 1\ndata: [1]\n\n",)),), [], ["0"], "BadStream"),
    Row("an event of a later service", (Stream((frame(1, "comet"), TWO)),), [1, 2], ["0", "2"]),
    Row("other line ends", (Stream((b"\xef\xbb\xbfid:1\r\ndata:{}\r", b"\n\r\n" + TWO.replace(b"\n", b"\r"))),), [1, 2], ["0", "2"]),
    Row("in vain", (Drop(),) * 9, [], [], "lost", patience=0.4),
]  # fmt: skip


def check(row: Row, server: Scripted, seen: Seen) -> None:
    """Whether a client saw what it should, and asked for what it should."""
    assert [number for number, _ in seen.events] == row.ids, row.name
    assert seen.error == row.error, row.name
    if row.patience is not None:
        return
    assert [asked.headers.get("last-event-id") for asked in server.asked] == row.cursors, row.name
    assert seen.troubles == row.troubles, row.name
    # What the caller has taken is on record, but for the last event, which is followed by an error.
    assert seen.taken == row.ids, row.name
    assert seen.position == (row.ids[-1] if row.ids else int(server.asked[-1].headers.get("last-event-id", 2))), (
        row.name
    )


async def test_each_client_follows_a_stream_over_every_loss() -> None:
    """Nothing is missed and nothing comes twice; what can't be mended is an error that says what it is."""
    async with AsyncExitStack() as stack:
        servers = [[await stack.enter_async_context(scripted(*row.steps)) for row in ROWS] for _ in range(3)]
        wanted = [
            [
                {
                    "url": server.url,
                    "after": row.after,
                    "session": row.session,
                    "patience": row.patience,
                    "silence": row.silence,
                }
                for row, server in zip(ROWS, row_servers, strict=True)
            ]
            for row_servers in servers
        ]
        all_seen = await asyncio.gather(
            asyncio.gather(*map(with_a_loop, wanted[0])),
            asyncio.gather(*map(without_a_loop, wanted[1])),
            in_node(wanted[2]),
        )
        for row_servers, rows_seen in zip(servers, all_seen, strict=True):
            for row, server, seen in zip(ROWS, row_servers, rows_seen, strict=True):
                check(row, server, cast("Seen", seen))
