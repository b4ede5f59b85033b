"""One isolated opencode on a fresh git repository, its events and HTTP answers written down. Used by the recorder.

Paths, the home and ports are replaced (`/project`, `/home/agent`, 0): a trace says nothing of where it was made.
"""

import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import aiohttp
from scripts.scripted_model import Permissions, ScriptedModel, opencode_config

Json = dict[str, object]
LISTENING = re.compile(rb"listening on (http://\S+)")
MODEL = {"providerID": "stub", "modelID": "stub-1"}
SEEDED_DEPENDENCY = {"dependencies": {"@opencode-ai/plugin": "*"}}


@dataclass
class Bench:
    """What a scenario works with: the model, the agent's HTTP API, and everything that was seen so far."""

    model: ScriptedModel
    http: aiohttp.ClientSession
    server: asyncio.subprocess.Process
    project: Path
    home: Path
    events: list[Json] = field(default_factory=list[Json])
    answers: list[Json] = field(default_factory=list[Json])
    recording: bool = False
    listener: asyncio.Task[None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, method: str, path: str, body: object = None) -> object:
        """A request to the agent; the answer is part of the trace."""
        async with self.http.request(method, path, json=body) as response:
            text = await response.text()
            answer: object = json.loads(text) if text else None
        if self.recording:
            entry: Json = {"after_events": len(self.events), "method": method, "path": path}
            self.answers.append({**entry, "body": body, "status": response.status, "answer": answer})
        return answer

    async def get(self, path: str) -> object:
        """A GET that is part of the trace."""
        return await self.call("GET", path)

    async def session(self, **fields: object) -> str:
        """A new session with a title, so that no title is asked of the model."""
        made = cast("Json", await self.call("POST", "/session", {"title": "traced", **fields}))
        return str(made["id"])

    async def prompt(self, session: str, text: str, **fields: object) -> str:
        """Hand over a prompt; returns its message id."""
        message = message_id()
        parts = [{"type": "text", "text": text}]
        body = {"messageID": message, "model": MODEL, "agent": "build", "parts": parts, **fields}
        await self.call("POST", f"/session/{session}/prompt_async", body)
        return message

    async def event(self, wanted: Callable[[Json], bool], start: int = 0, deadline: float = 15) -> Json:
        """The first event from number `start` that is wanted."""
        async with asyncio.timeout(deadline):
            while True:
                self._news.clear()
                for event in self.events[start:]:
                    if wanted(event):
                        return event
                await self._news.wait()

    async def settled(self, deadline: float = 30, quiet: float = 0.6) -> None:
        """Wait until no session is busy and no event but heartbeats has come for `quiet` seconds."""
        async with asyncio.timeout(deadline):
            while True:
                seen = len(self.events)
                await asyncio.sleep(quiet)
                async with self.http.get("/session/status") as response:
                    busy = await response.json()
                if not busy and len(self.events) == seen:
                    return

    async def listen(self, ready: asyncio.Event) -> None:
        """Write events down until the stream ends; how it ends is part of the trace."""
        try:
            async with self.http.get("/event", timeout=aiohttp.ClientTimeout(total=None)) as response:
                async for line in response.content:
                    if line.startswith(b"data: "):
                        self.note(cast("Json", json.loads(line[6:])))
                        ready.set()
            self.answers.append({"after_events": len(self.events), "event_stream": "ended"})
        except aiohttp.ClientError as error:
            self.answers.append({"after_events": len(self.events), "event_stream": type(error).__name__})

    def note(self, event: Json) -> None:
        """One event has come."""
        if self.recording and event["type"] != "server.heartbeat":
            self.events.append(event)
        self._news.set()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator[None, None]:
        """Write events down for as long as the block lasts."""
        ready = asyncio.Event()
        task = asyncio.create_task(self.listen(ready))
        async with asyncio.timeout(15):
            await ready.wait()
        self.listener = task
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def scrubbed(self, entry: Mapping[str, object]) -> str:
        """One line of the trace, without a trace of this machine."""
        line = json.dumps(entry, ensure_ascii=False)
        for path, name in ((self.project, "/project"), (self.home, "/home/agent")):
            line = line.replace(str(path), name).replace(str(path).lstrip("/"), name.lstrip("/"))
        return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", line)


_ids = [0]


def message_id() -> str:
    """A message id as opencode makes them: 12 hex digits of time, then 14 at random."""
    _ids.append(max(_ids.pop() + 1, _now_ms() * 4096))
    return f"msg_{_ids[0] % 2**48:012x}{secrets.token_hex(7)}"


def _now_ms() -> int:
    return int(time.time() * 1000)


def make_project(root: Path) -> Path:
    """A git repository with one commit, always the same one."""
    project = root / "project"
    project.mkdir()
    (project / "README.md").write_text("# Example\n\nA small project.\n")
    (project / "app.py").write_text('def main():\n    print("hello")\n')
    (project / "old.txt").write_text("to be removed\n")
    date = "2026-01-01T00:00:00Z"
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "agent"), ("EMAIL", "agent@example.com"), ("DATE", date))
    }
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "start"]):
        subprocess.run(
            ["git", *command], cwd=project, check=True, env={"PATH": os.environ["PATH"], "HOME": str(root), **who}
        )
    return project


def make_home(root: Path) -> Path:
    """A private home whose configuration directory needs no package to be installed."""
    home = root / "home"
    config = home / ".config" / "opencode"
    (config / "node_modules").mkdir(parents=True)
    (config / "package.json").write_text(json.dumps(SEEDED_DEPENDENCY))
    (config / "package-lock.json").write_text(json.dumps({"packages": {"": SEEDED_DEPENDENCY}}))
    return home


def environment(home: Path, config: Json, password: str, extra: dict[str, str]) -> dict[str, str]:
    """The agent's environment, made from nothing."""
    off = (
        "MODELS_FETCH",
        "AUTOUPDATE",
        "LSP_DOWNLOAD",
        "DEFAULT_PLUGINS",
        "SHARE",
        "EMBEDDED_WEB_UI",
        "PROJECT_CONFIG",
    )
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        **{
            f"XDG_{kind}_HOME": str(home / path)
            for kind, path in (
                ("DATA", ".local/share"),
                ("CONFIG", ".config"),
                ("CACHE", ".cache"),
                ("STATE", ".local/state"),
            )
        },
        **{f"OPENCODE_DISABLE_{name}": "1" for name in off},
        "OPENCODE_CLIENT": "ledger",
        "OPENCODE_CONFIG_CONTENT": json.dumps(config),
        "OPENCODE_SERVER_PASSWORD": password,
        **extra,
    }


@contextlib.asynccontextmanager
async def bench(
    binary: str,
    *,
    permission: Permissions | None = None,
    chunk_timeout_ms: int = 120_000,
    extra: dict[str, str] | None = None,
) -> AsyncGenerator[Bench, None]:
    """A warmed-up agent, listened to; ended with all that it started when the block ends."""
    root = Path(tempfile.mkdtemp(prefix="trace-"))
    password = secrets.token_urlsafe(16)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        model = await stack.enter_async_context(ScriptedModel())
        project, home = make_project(root), make_home(root)
        config = opencode_config(model.base_url, permission, chunk_timeout_ms=chunk_timeout_ms)
        env = environment(home, config, password, {"TRACE_ROOT": str(root), **(extra or {})})
        server = await asyncio.create_subprocess_exec(
            *(binary, "serve", "--hostname", "127.0.0.1", "--port", "0"),
            cwd=project,
            env=env,
            start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        stack.push_async_callback(end, server, root)
        url = await listening_url(server)
        auth = aiohttp.BasicAuth("opencode", password)
        http = await stack.enter_async_context(aiohttp.ClientSession(url, auth=auth))
        made = Bench(model, http, server, project, home)
        await stack.enter_async_context(made.listening())
        await warm_up(made)
        yield made


async def warm_up(made: Bench) -> None:
    """The first prompt of a server is followed by many events about plugins: have it before the recording."""
    session = await made.session()
    await made.prompt(session, "say: warm")
    await made.model.wait_for(lambda seen: "warm" in seen.prompt, 30)
    await made.settled()
    await made.call("DELETE", f"/session/{session}")
    await asyncio.sleep(0.2)
    made.model.requests.clear()
    made.recording = True


async def listening_url(server: asyncio.subprocess.Process) -> str:
    """Where the server says it listens."""
    assert server.stdout is not None
    async with asyncio.timeout(20):
        async for line in server.stdout:
            if found := LISTENING.search(line):
                return found[1].decode()
    raise RuntimeError("opencode ended before it listened")


async def end(server: asyncio.subprocess.Process, root: Path) -> None:
    """End the server and everything that carries its mark in its environment."""
    if server.returncode is None:
        server.terminate()
    await server.wait()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"TRACE_ROOT={root}".encode() in (entry / "environ").read_bytes():
                os.kill(int(entry.name), 9)
