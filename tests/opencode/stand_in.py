#!/usr/bin/env python3
"""A stand-in for opencode: `stand_in.py serve` speaks the part of its HTTP interface that is used, without a model.

For load tests and faults that the real one can't be made to show. It starts in a tenth of a second, needs only the
standard library, and does what the lines of a prompt say:

    stream 500 50       500 deltas, 50 a second (0: as fast as it can); each is `@<nanoseconds since the epoch> `
    text Some words     one part of text
    write a.txt         a call of the write tool that makes the file
    sleep 1.5           nothing for a time
    ask                 asks leave to edit, and goes on when it is given
    question            asks a question, and goes on when it is rejected
    drop                cuts the event stream, and says the next part while nobody listens
    garbage             lines that are no events, kinds that nobody knows, events without sense
    mute                no more events and no heartbeat on this connection
    late 0.3            as the first line: the run begins so late, and an abort before that doesn't reach it
    hang                busy for ever; `deaf`: busy for ever and abort is never answered
    error 429 words     the provider's error, without an idle
    crash 3             ends with this exit code
Without any such line it says the prompt. Then it rests.
"""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

Json = dict[str, object]
VERSION = "1.18.33"
MODELS = {"in-1": {"id": "in-1", "name": "Stand-In One", "release_date": "2026-01-01"}}
PROVIDERS = {"providers": [{"id": "stand", "name": "Stand", "models": MODELS}], "default": {"stand": "in-1"}}
AGENTS = [{"name": name} for name in ("build", "plan", "explore", "general")]
HEARTBEAT = 10.0


class Agent:
    """All that the stand-in knows: sessions, messages, who listens, what it asks."""

    def __init__(self) -> None:
        self.sessions: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {}
        self.status: dict[str, Json] = {}
        self.runs: dict[str, asyncio.Task[None]] = {}
        self.asked: dict[str, tuple[Json, asyncio.Future[str]]] = {}
        self.questions: dict[str, tuple[Json, asyncio.Future[str]]] = {}
        self.listeners: set[asyncio.Queue[bytes | None]] = set()
        self.deaf = self.mute = False
        self._count = 0

    def new_id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{time.time_ns() // 1_000_000 * 4096 & (2**48 - 1):012x}{self._count:014d}"

    def say(self, kind: str, **properties: object) -> None:
        event = {"id": self.new_id("evt"), "type": kind, "properties": properties}
        self.send(b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n")

    def send(self, line: bytes | None) -> None:
        for listener in self.listeners if not self.mute else ():
            listener.put_nowait(line)

    def set_status(self, session: str, kind: str) -> None:
        if kind == "idle":
            self.status.pop(session, None)
        else:
            self.status[session] = {"type": kind}
        self.say("session.status", sessionID=session, status={"type": kind})
        if kind == "idle":
            self.say("session.idle", sessionID=session)

    def prompt(self, session: str, body: Json) -> None:
        parts: Any = body["parts"]
        text = str(parts[0]["text"])
        user = {"id": body["messageID"], "sessionID": session, "role": "user", "time": {"created": now()}}
        self.messages[session].append({"info": user, "parts": []})
        self.say("message.updated", sessionID=session, info=user)
        word, _, seconds = text.partition("\n")[0].partition(" ")
        if word == "late":
            asyncio.get_running_loop().call_later(float(seconds), self.begin, session, str(user["id"]), text)
        else:
            self.begin(session, str(user["id"]), text)

    def begin(self, session: str, message: str, text: str) -> None:
        before = self.runs.get(session)
        self.runs[session] = asyncio.create_task(Run(self, session, message, text).run(before))

    async def abort(self, session: str) -> None:
        if self.deaf:
            await asyncio.Event().wait()
        run = self.runs.pop(session, None)
        if run is not None and not run.done():
            run.cancel()
            await asyncio.wait({run})


class Run:
    """One prompt carried out: an assistant message with its parts."""

    def __init__(self, agent: Agent, session: str, prompt: str, text: str) -> None:
        self.agent, self.session, self.text = agent, session, text
        self.info: Json = {"id": agent.new_id("msg"), "sessionID": session, "role": "assistant", "parentID": prompt}
        self.info |= {"time": {"created": now()}, "path": {"cwd": str(Path.cwd()), "root": str(Path.cwd())}}
        self.parts: list[Json] = []

    async def run(self, before: "asyncio.Task[None] | None") -> None:
        agent = self.agent
        if before is not None and not before.done():
            await asyncio.wait({before})
        agent.set_status(self.session, "busy")
        agent.messages[self.session].append({"info": self.info, "parts": self.parts})
        self.update()
        try:
            lines = [line.split(" ", 1) for line in self.text.splitlines() if line.split(" ", 1)[0] in WORDS]
            for word, *rest in lines or [["text", self.text]]:
                await WORDS[word](self, *rest)
            self.info["finish"] = "stop"
        except asyncio.CancelledError:
            self.info["error"] = {"name": "MessageAbortedError", "data": {"message": "Aborted"}}
            agent.say("session.error", sessionID=self.session, error=self.info["error"])
        except Refused:
            self.info["finish"] = "tool-calls"
        except ProviderError as error:
            self.info["error"] = error.args[0]
            agent.status.pop(self.session, None)
            agent.say("session.error", sessionID=self.session, error=self.info["error"])
            self.complete()
            return
        self.complete()
        agent.set_status(self.session, "idle")

    def complete(self) -> None:
        self.info["time"] = {**self.info["time"], "completed": now()}  # type: ignore[dict-item]
        self.update()

    def update(self) -> None:
        self.agent.say("message.updated", sessionID=self.session, info=self.info)

    def part(self, **members: object) -> Json:
        """A new part, or the next state of one whose id is among the members."""
        part: Json = {"id": self.agent.new_id("prt"), "messageID": self.info["id"], "sessionID": self.session}
        part |= members
        self.parts[:] = [*(known for known in self.parts if known["id"] != part["id"]), part]
        self.agent.say("message.part.updated", sessionID=self.session, part=part, time=now())
        return part

    def delta(self, part: Json, text: str) -> None:
        ids = {"sessionID": self.session, "messageID": self.info["id"], "partID": part["id"]}
        self.agent.say("message.part.delta", **ids, field="text", delta=text)

    async def stream(self, numbers: str) -> None:
        count, rate = (float(number) for number in numbers.split())
        began = now()
        part = self.part(type="text", text="", time={"start": began})
        said: list[str] = []
        start = time.monotonic()
        for number in range(int(count)):
            if rate and (ahead := start + number / rate - time.monotonic()) > 0:
                await asyncio.sleep(ahead)
            elif number % 100 == 0:
                await asyncio.sleep(0)
            said.append(f"@{time.time_ns()} ")
            self.delta(part, said[-1])
        self.part(id=part["id"], type="text", text="".join(said), time={"start": began, "end": now()})

    async def words(self, words: str = "") -> None:
        part = self.part(type="text", text="", time={"start": now()})
        for word in words.split(" "):
            self.delta(part, word if word == words.split(" ", maxsplit=1)[0] else f" {word}")
        self.part(id=part["id"], type="text", text=words, time={"start": now(), "end": now()})

    async def write(self, path: str) -> None:
        call = {"type": "tool", "tool": "write", "callID": self.agent.new_id("call")}
        given = {"filePath": path, "content": "x"}
        part = self.part(**call, state={"status": "running", "input": given})
        there = Path(path).exists()
        Path(path).write_text("x")
        metadata = {"filepath": str(Path(path).absolute()), "exists": there}
        state = {"status": "completed", "input": given, "output": "Wrote.", "title": path, "metadata": metadata}
        self.part(id=part["id"], **call, state=state)

    async def sleep(self, seconds: str) -> None:
        await asyncio.sleep(float(seconds))

    async def ask(self, *_: str) -> None:
        paths = {"patterns": ["a.txt"], "metadata": {"filepath": str(Path("a.txt").absolute())}}
        reply = await self.request(self.agent.asked, "permission", {"permission": "edit", **paths})
        if reply == "reject":
            raise Refused

    async def question(self, *_: str) -> None:
        about = {"question": "Which?", "header": "Which", "options": [{"label": "this"}, {"label": "that"}]}
        await self.words(await self.request(self.agent.questions, "question", {"questions": [about]}))

    async def request(self, waiting: "dict[str, tuple[Json, asyncio.Future[str]]]", kind: str, about: Json) -> str:
        asked = {"id": self.agent.new_id(kind[:3]), "sessionID": self.session, **about}
        waiting[str(asked["id"])] = (asked, answer := asyncio.get_running_loop().create_future())
        self.agent.say(f"{kind}.asked", **asked)
        reply = str(await answer)
        ending = "rejected" if (kind, reply) == ("question", "reject") else "replied"
        self.agent.say(f"{kind}.{ending}", sessionID=self.session, requestID=asked["id"], reply=reply)
        return reply

    async def drop(self, *_: str) -> None:
        self.agent.send(None)
        self.agent.listeners.clear()
        await self.words("unheard words")

    async def garbage(self, *_: str) -> None:
        for line in (b"data: {half", b"data: 5", b'data: {"type":7}', b"nonsense", b"data: \xff\xfe", b"", b"data: []"):
            self.agent.send(line + b"\n\n")
        self.agent.say("kind.that.nobody.knows", sessionID=self.session)
        self.agent.say("message.part.delta", sessionID=self.session, partID=None, delta={"a": 1}, field="text")
        self.agent.say("session.status", sessionID="ses_of_another", status={"type": "idle"})

    async def silence(self, *_: str) -> None:
        self.agent.mute = True

    async def hang(self, *_: str) -> None:
        await asyncio.Event().wait()

    async def deaf(self, *_: str) -> None:
        self.agent.deaf = True
        await asyncio.Event().wait()

    async def error(self, what: str) -> None:
        status, _, message = what.partition(" ")
        raise ProviderError({"name": "APIError", "data": {"message": message, "statusCode": int(status)}})

    async def crash(self, code: str) -> None:
        sys.stderr.write("the stand-in was asked to crash\n")
        sys.stderr.flush()
        os._exit(int(code))


class Refused(Exception):
    """Leave was refused."""


class ProviderError(Exception):
    """The provider's error, as opencode would report it."""


NAMED = "stream write sleep ask question drop garbage hang deaf error crash".split()
WORDS: dict[str, Callable[..., Awaitable[None]]] = {
    **{word: getattr(Run, word) for word in NAMED},
    "text": Run.words,
    "mute": Run.silence,
}


def now() -> int:
    return time.time_ns() // 1_000_000


class Server:
    """Just enough HTTP/1.1 for one client on loopback."""

    def __init__(self) -> None:
        self.agent = Agent()
        secret = f"opencode:{os.environ.get('OPENCODE_SERVER_PASSWORD', '')}"
        self.authorization = "Basic " + base64.b64encode(secret.encode()).decode()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readline():
                method, path, _ = request.decode().split(" ", 2)
                headers = await self.headers(reader)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                if headers.get("authorization") != self.authorization:
                    await self.answer(writer, 401, None)
                elif path == "/event":
                    await self.events(writer)
                    return
                else:
                    await self.answer(writer, *await self.handle(method, unquote(path.split("?")[0]), body))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def headers(self, reader: asyncio.StreamReader) -> dict[str, str]:
        found: dict[str, str] = {}
        while (line := (await reader.readline()).decode().strip()) != "":
            name, _, value = line.partition(":")
            found[name.lower()] = value.strip()
        return found

    async def answer(self, writer: asyncio.StreamWriter, status: int, content: object) -> None:
        body = b"" if status == 204 else json.dumps(content).encode()
        head = f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    async def events(self, writer: asyncio.StreamWriter) -> None:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.agent.mute = False
        writer.write(b"HTTP/1.1 200 .\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        writer.write(b'data: {"id":"evt_0","type":"server.connected","properties":{}}\n\n')
        self.agent.listeners.add(queue)
        try:
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        line = await queue.get()
                except TimeoutError:
                    line = b"" if self.agent.mute else b'data: {"type":"server.heartbeat","properties":{}}\n\n'
                lines = [line]
                while lines[-1] is not None and not queue.empty():
                    lines.append(queue.get_nowait())
                writer.write(b"".join(line for line in lines if line))
                await writer.drain()
                if lines[-1] is None:
                    return
        finally:
            self.agent.listeners.discard(queue)

    async def handle(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        given: Json = json.loads(body) if body else {}
        match method, path.strip("/").split("/"):
            case "GET", ["global", "health"]:
                return 200, {"healthy": True, "version": VERSION}
            case "GET", ["config", "providers"]:
                return 200, PROVIDERS
            case "GET", ["config"]:
                return 200, {"model": "stand/in-1"}
            case "GET", ["agent"]:
                return 200, AGENTS
            case "GET", ["path"]:
                return 200, {"directory": str(Path.cwd()), "worktree": "/"}
            case "GET", ["vcs", "status"]:
                return 200, []
            case "POST", ["instance", "dispose"]:
                self.agent.send(None)
                return 200, True
            case _, ["session", *rest]:
                return await self.session(method, rest, given)
            case _, [("permission" | "question") as kind, *rest]:
                return self.asked(kind, rest, given)
            case _:
                return 404, {"name": "NotFoundError", "data": {"message": path}}

    async def session(self, method: str, path: list[str], given: Json) -> tuple[int, object]:
        agent = self.agent
        match method, path:
            case "POST", []:
                session: Json = {"id": agent.new_id("ses"), "title": given.get("title"), "directory": str(Path.cwd())}
                agent.sessions[str(session["id"])] = session
                agent.messages[str(session["id"])] = []
                return 200, session
            case "GET", ["status"]:
                return 200, agent.status
            case _, [session_id, *_] if session_id not in agent.sessions:
                return 404, {"name": "NotFoundError", "data": {"message": "Session not found"}}
            case "GET", [session_id]:
                return 200, agent.sessions[session_id]
            case "GET", [session_id, "message"]:
                return 200, agent.messages[session_id]
            case "GET", [_, "children"]:
                return 200, []
            case "POST", [session_id, "prompt_async"]:
                agent.prompt(session_id, given)
                return 204, None
            case "POST", [session_id, "abort"]:
                await agent.abort(session_id)
                return 200, True
            case _:
                return 404, {"name": "NotFoundError", "data": {"message": "/".join(path)}}

    def asked(self, kind: str, path: list[str], given: Json) -> tuple[int, object]:
        waiting = self.agent.asked if kind == "permission" else self.agent.questions
        if not path:
            return 200, [request for request, _ in waiting.values()]
        if path[0] not in waiting:
            return 404, {"name": "NotFoundError", "data": {"message": path[0]}}
        _, answer = waiting.pop(path[0])
        if not answer.done():
            answer.set_result(str(given.get("answers") or given.get("reply", "reject")))
        return 200, True


async def main(arguments: list[str]) -> None:
    named = [argument.removeprefix("--").partition("=") for argument in arguments[1:]]
    options = {name: value for name, _, value in named}
    server = await asyncio.start_server(Server().connected, "127.0.0.1", int(options.get("port", "0")))
    port = server.sockets[0].getsockname()[1]
    print(f"opencode server listening on http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if "--version" in sys.argv:
        print(VERSION)
    else:
        asyncio.run(main(sys.argv[1:]))
