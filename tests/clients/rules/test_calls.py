"""Which requests are repeated, and which must not be: the same table for all three clients."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from .scripted import Drop, Reply, Scripted, Step, Stream, problem, scripted
from .three import in_node, with_a_loop, without_a_loop

pytestmark = pytest.mark.xdist_group("node")

OK = Reply(200, {"codebase": {}})
BUSY = problem(503, "overloaded")
HALF = Drop(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
PROXY = Reply(502, b"<html>Bad Gateway</html>")
SILENT = Stream((), "silent")
ELSEWHERE = Reply(302, None, ("Location: http://127.0.0.1:1/",))


@dataclass(frozen=True)
class Row:
    """A request and how it is answered. `requests`: how many of them there are then."""

    method: str
    steps: tuple[Step, ...]
    outcome: str
    requests: int
    patience: float = 10.0
    timeout: float = 10.0


ROWS = [
    # What can be repeated at will.
    Row("GET", (Drop(), OK), "ok", 2),
    Row("GET", (HALF, OK), "ok", 2),
    Row("GET", (PROXY, OK), "ok", 2),
    Row("GET", (Reply(504, None), Reply(503, b"down"), OK), "ok", 3),
    Row("GET", (BUSY, OK), "ok", 2),
    Row("GET", (problem(503, "shutting_down"), OK), "ok", 2),
    Row("GET", (problem(503, "anything", "Retry-After: 1"), OK), "ok", 2),
    Row("GET", (problem(429, "too_many_requests", "Retry-After: 1"), OK), "ok", 2),
    Row("GET", (problem(429, "too_many_requests", "Retry-After: 60"), OK), "429 too_many_requests", 1),
    Row("GET", (Drop(), OK), "lost", 1, patience=0),
    # What stays so until somebody acts.
    Row("GET", (problem(500, "internal_error"), OK), "500 internal_error", 1),
    Row("GET", (problem(503, "agent_unavailable"), OK), "503 agent_unavailable", 1),
    Row("GET", (problem(404, "codebase_not_found"), OK), "404 codebase_not_found", 1),
    Row("GET", (problem(401, "unauthorized"), OK), "401 unauthorized", 1),
    Row("GET", (ELSEWHERE, OK), "302 not_of_the_service", 1),
    # A command that the service recognises.
    Row("POST", (Drop(), HALF, OK), "ok", 3),
    Row("POST", (problem(503, "shutting_down"), PROXY, OK), "ok", 3),
    Row("POST", (problem(409, "agent_already_running"), OK), "409 agent_already_running", 1),
    # A command that it doesn't: only where it can't have begun.
    *(
        Row(method, steps, outcome, requests)
        for method in ("PATCH", "DELETE")
        for steps, outcome, requests in (
            ((Drop(), OK), "lost", 1),
            ((HALF, OK), "lost", 1),
            ((PROXY, OK), "502 not_of_the_service", 1),
            ((problem(503, "shutting_down"), OK), "503 shutting_down", 1),
            ((BUSY, problem(429, "too_many_requests"), OK), "ok", 3),
        )
    ),
]


def check(row: Row, server: Scripted, outcome: object) -> None:
    """Whether a client did what it should, and said who asks."""
    assert (outcome, len(server.asked)) == (row.outcome, row.requests), row
    for asked in server.asked:
        assert asked.method == row.method
        assert asked.headers["authorization"] == "Bearer secret-token"
        assert asked.path == ("/v1/opencode/status" if row.method == "GET" else server.asked[0].path)
    keys = {asked.headers.get("idempotency-key") for asked in server.asked}
    assert len(keys) == 1
    assert (keys == {None}) == (row.method != "POST")
    if row.method == "POST":
        assert {asked.body for asked in server.asked} == {server.asked[0].body}
        assert json.loads(server.asked[0].body) == {"message": "hello"}
        assert server.asked[0].path == "/v1/opencode/codebases/x%20y/message"


async def test_each_client_repeats_what_is_safe_and_nothing_else() -> None:
    """A request is sent again only if nothing can happen twice by it, always with the same key and body."""
    async with AsyncExitStack() as stack:
        servers = [[await stack.enter_async_context(scripted(*row.steps)) for row in ROWS] for _ in range(3)]
        wanted = [
            [
                {"url": server.url, "method": row.method, "patience": row.patience, "timeout": row.timeout}
                for row, server in zip(ROWS, row_servers, strict=True)
            ]
            for row_servers in servers
        ]
        outcomes = await asyncio.gather(
            asyncio.gather(*map(with_a_loop, wanted[0])),
            asyncio.gather(*map(without_a_loop, wanted[1])),
            in_node(wanted[2]),
        )
        for row_servers, row_outcomes in zip(servers, outcomes, strict=True):
            for row, server, outcome in zip(ROWS, row_servers, row_outcomes, strict=True):
                check(row, server, outcome)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
async def test_a_service_that_is_not_there_got_no_request(method: str) -> None:
    """Where no connection can be made, nothing was sent, and the error says so."""
    async with scripted() as gone:
        url = gone.url
    wanted = {"url": url, "method": method, "patience": 0.3, "timeout": 5.0}
    outcomes = await asyncio.gather(with_a_loop(wanted), without_a_loop(wanted), in_node([wanted]))
    assert [*outcomes] == ["unreachable", "unreachable", ["unreachable"]]


async def test_a_silent_service_is_not_waited_for_without_end() -> None:
    """A request whose answer doesn't come counts as lost after the time limit."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(scripted(SILENT)) for _ in range(3)]
        wanted = [{"url": s.url, "method": "GET", "patience": 0.0, "timeout": 0.2} for s in servers]
        outcomes = await asyncio.gather(with_a_loop(wanted[0]), without_a_loop(wanted[1]), in_node(wanted[2:]))
    assert [*outcomes] == ["lost", "lost", ["lost"]]
