"""The real agent turns to the service that runs it: by whatever program, it is refused and on record."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
import pytest_asyncio
from scripts.demo_session.client import Frame
from scripts.scripted_model import ScriptedModel

from ..opencode.live import opencode_binary
from .service import Codebase, Service, frame_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPLY = '{"reply": "once"}'
PROXY = """
import http.server, urllib.error, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = urllib.request.Request(URL + self.path, body, {"Content-Type": "application/json"})
        try: status = urllib.request.urlopen(request).status
        except urllib.error.HTTPError as error: status = error.code
        self.send_response(status); self.send_header("Content-Length", "0"); self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
open("proxy-port", "w").write(str(server.server_port))
server.serve_forever()
"""
ASK = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), {"Content-Type": "application/json"})
try: status = urllib.request.urlopen(request).status
except urllib.error.HTTPError as error: status = error.code
print(status, file=open(sys.argv[3], "w"))
"""
NODE = """
fetch(process.argv[2], {method: "POST", body: process.argv[3], headers: {"Content-Type": "application/json"}})
  .then((answer) => require("fs").writeFileSync(process.argv[4], `${answer.status}\\n`));
"""
CURL = "curl -s -o /dev/null -w '%{{http_code}}' -H 'Content-Type: application/json' -d '{reply}' {url}"

WAYS = {
    "curl": f"{CURL} > curl.got",
    "python": "'{python}' ask.py {url} '{reply}' python.got",
    "node": "node ask.cjs {url} '{reply}' node.got",
    "detached": f"setsid {CURL} < /dev/null > detached.got 2>&1 &",
    "forked twice": f'(setsid sh -c "{CURL} > twice.got" <&- >&- 2>&- &);',
    "cleared": "(env -i setsid '{python}' ask.py {url} '{reply}' cleared.got <&- >&- 2>&- &);",
    "a proxy": f"until [ -s proxy-port ]; do sleep 0.05; done; {CURL} > proxy.got",
}
"""Commands by which an agent tries to answer its own question; each leaves the status that it got."""

FILES = ("curl.got", "python.got", "node.got", "detached.got", "twice.got", "cleared.got", "proxy.got")


def commands(service_url: str, permission: str) -> str:
    def command(way: str) -> str:
        base = "http://127.0.0.1:$(cat proxy-port)" if way == "a proxy" else service_url
        return WAYS[way].format(url=f"{base}{permission}", reply=REPLY, python=sys.executable)

    return " ".join(f"{command(way)}{'' if command(way).endswith(('&', ';')) else ';'}" for way in WAYS)


async def answers(codebase: Codebase, names: tuple[str, ...]) -> dict[str, str]:
    """The statuses that the agent's programs got."""
    files = {name: codebase.directory / name for name in names}
    async with asyncio.timeout(60):
        while not all(path.exists() and path.read_text().strip() for path in files.values()):
            await asyncio.sleep(0.05)
    return {name: path.read_text().strip() for name, path in files.items()}


def refused(frames: list[Frame]) -> list[dict[str, Any]]:
    return [json.loads(frame.raw) for frame in frames if frame.event == "access"]


async def test_an_agent_that_answers_itself(running: Service) -> None:
    """With curl, Python, Node, from a detached or an orphaned process, or by a proxy of its own: each time 403, and the question stays open."""
    codebase = await running.register()
    for name, text in (("proxy.py", f"URL = {running.url!r}{PROXY}"), ("ask.py", ASK), ("ask.cjs", NODE)):
        (codebase.directory / name).write_text(text)
    guess = f"/v1/opencode{codebase.path}/permissions/perm_guess"
    await codebase.trigger(
        f"bash: '{sys.executable}' proxy.py </dev/null >/dev/null 2>&1 & {commands(running.url, guess)} sleep 0.1",
        "bash: touch never.txt",
    )
    assert await answers(codebase, FILES) == dict.fromkeys(FILES, "403")
    await codebase.until(frame_of("permission", action="asked"))
    waiting: Any = (await running.ask("GET", f"{codebase.path}/permissions")).content
    assert waiting["total"] == 1
    await codebase.post("stop")
    assert not (codebase.directory / "never.txt").exists()
    [first, *_] = refused(await codebase.until(frame_of("complete", status="stopped")))
    assert (first["times"], first["calls"]) == (1, [f"POST {guess}"])
    assert first["session_id"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def by_ipv6(tmp_path_factory: pytest.TempPathFactory, model: ScriptedModel) -> AsyncIterator[Service]:
    """A service that listens on the IPv6 loopback address."""
    binary = opencode_binary()
    if binary is None:
        pytest.skip("opencode is not installed here")
    service = Service(tmp_path_factory.mktemp("ipv6").resolve(), binary, model)
    service.more_options = {"--host": "::1"}
    try:
        await service.start()
        yield service
    finally:
        left = await service.close()
    assert left == {}


async def test_an_agent_that_comes_by_ipv6(by_ipv6: Service) -> None:
    """On `[::1]` an agent is known as well, whatever it asks for; when the service ends all that it asked is on record, with its count."""
    codebase = await by_ipv6.register()
    url = f"{by_ipv6.url}/v1/opencode"
    assert "[::1]" in url
    (codebase.directory / "loop.sh").write_text(
        f"for n in $(seq 10); do curl -s -o /dev/null -w '%{{http_code}} ' -X DELETE '{url}{codebase.path}' ; done > got.draft; mv got.draft got\n"
        f"curl -s -o /dev/null -w '%{{http_code}}' '{by_ipv6.url}/healthz' > health\n"
    )
    await codebase.trigger("bash: bash loop.sh", "hang:")
    got = await answers(codebase, ("got", "health"))
    assert got == {"got": " ".join(["403"] * 10), "health": "200"}
    assert await codebase.status() == "running"
    await by_ipv6.terminate()
    with closing(sqlite3.connect(by_ipv6.data / "ledger.db")) as log:
        events = [json.loads(data) for (data,) in log.execute("SELECT state FROM stored_events WHERE topic = 'access'")]
    assert [event["times"] for event in events] == [1, 9]
    assert {call for event in events for call in event["calls"]} == {f"DELETE /v1/opencode{codebase.path}"}
