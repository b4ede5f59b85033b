"""Every operation of the description can be reached by a method of each client."""

import inspect
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, cast

import pytest

from opencode_ledger.client import Codebase, EventStream, Ledger
from opencode_ledger.client.transport import Request, Response, Transport
from opencode_ledger.http.description import description

from ..programs import output_of
from ..rules.three import CLIENT

LEFT_OUT: Final = {
    "get /v1/opencode/log/tile/entries/{tile}": "verifiers read tiles; they have clients of their own",
    "get /v1/opencode/log/tile/{level}/{tile}": "verifiers read tiles; they have clients of their own",
    "get /healthz": "for a supervisor",
    "get /readyz": "for a supervisor",
    "get /metrics": "for Prometheus",
    "get /openapi.json": "for generators",
    "post /v1/opencode/login": "for the page, which keeps a cookie",
    "post /v1/opencode/logout": "for the page, which keeps a cookie",
}
"""Operations that no method is for, each with the reason."""

ANSWER: Final = '{"codebase": {"id": "x"}, "task": {}}'

IN_NODE: Final = """
const { Ledger } = await import(process.argv[1]);
const asked = [];
const fetch = async (url, { method = "GET" }) => {
  asked.push([method, url.replace("http://x", "")]);
  return url.includes("/events") ? new Response(null, { status: 204 }) : new Response(ANSWER);
};
const ledger = new Ledger({ url: "http://x", fetch });
for (const one of [ledger, ledger.codebase("x")]) {
  for (const name of Object.getOwnPropertyNames(one).concat(Object.getOwnPropertyNames(Object.getPrototypeOf(one)))) {
    if (typeof one[name] !== "function" || ["constructor", "request", "text", "get", "post"].includes(name)) continue;
    const made = one[name].length || !["events", "overview"].includes(name) ? one[name]("x", "x", {}) : one[name]({});
    await (made?.next ? made.next() : made);
  }
}
console.log(JSON.stringify(asked));
"""


class Recorder:
    """A transport that only remembers what was asked."""

    def __init__(self) -> None:
        self.asked = list[tuple[str, str]]()

    async def send(self, request: Request) -> Response:
        self.asked.append((request.method, request.target))
        return Response(200, {}, ANSWER.encode())

    async def open(self, request: Request, silence: float | None) -> Any:
        self.asked.append((request.method, request.target))
        return Ended()

    async def pause(self, seconds: float) -> None:
        raise AssertionError("nothing is repeated here")

    async def aside(self, work: Callable[[], Any]) -> Any:
        return work()

    async def close(self) -> None:
        return


class Ended:
    """A stream that has ended."""

    status = 204
    headers: Mapping[str, str] = {}

    async def close(self) -> None:
        return


async def in_python() -> list[tuple[str, str]]:
    """What all methods of the Python client ask for."""
    recorder = Recorder()

    class Recorded(Ledger):
        def _transport(self) -> Transport:
            return recorder

    async with Recorded("http://x") as ledger:
        for one in (ledger, ledger.codebase("x")):
            for name, method in inspect.getmembers(one, inspect.ismethod):
                if not name.startswith("_") and name not in ("close", "request", "codebase"):
                    await called(method)
    return recorder.asked


async def called(method: Callable[..., Any]) -> None:
    required = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty]
    made: object = method(*(1 if "int" in str(parameter.annotation) else "x" for parameter in required))
    if isinstance(made, EventStream):
        assert [event async for event in cast("AsyncIterator[object]", made)] == []
    elif not isinstance(made, Codebase):
        await cast("Awaitable[object]", made)


@pytest.fixture(scope="module")
def described() -> set[str]:
    """The method and path of every operation."""
    return {f"{method} {path}" for path, methods in json.loads(description())["paths"].items() for method in methods}


def operations_of(asked: list[tuple[str, str]], described: set[str]) -> set[str]:
    """The described operations that these requests are."""
    patterns = {name: re.compile(re.sub(r"\\?\{\w+\\?\}", "[^/]+", re.escape(name))) for name in described}
    wanted = {f"{method.lower()} {target.partition('?')[0]}" for method, target in asked}
    found = {request: [name for name, pattern in patterns.items() if pattern.fullmatch(request)] for request in wanted}
    assert [request for request, names in found.items() if not names] == []
    return {name for names in found.values() for name in names}


@pytest.mark.xdist_group("node")
@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_every_operation_has_a_method(language: str, node: str, described: set[str]) -> None:
    """A route that is added gets a method in both clients, or a reason; and no method asks for what isn't there."""
    if language == "python":
        asked = await in_python()
    else:
        script = f"const ANSWER = {ANSWER!r};{IN_NODE}"
        asked = json.loads(await output_of(node, "--input-type=module", "-e", script, str(CLIENT)))
    assert described - operations_of(asked, described) == set(LEFT_OUT)
