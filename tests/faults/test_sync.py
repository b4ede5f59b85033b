"""What others do with the real opencode in a codebase's directory comes into the log by a sync, once."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from opencode_ledger.actors.opencode import MARKER

from .person import run
from .processes import commands
from .service import Codebase, Service, count, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

Rows = Sequence[Mapping[str, Any]]


async def sync(codebase: Codebase) -> int:
    """Sync the codebase's sessions; how many brought something."""
    answer = await codebase.post("sessions/sync")
    synced = cast("Mapping[str, Any]", answer.content)
    n = synced["synced"]
    assert synced == {
        "success": True,
        "synced": n,
        "message": f"Synced {n} session{'' if n == 1 else 's'} from OpenCode",
    }
    assert histories(codebase.service) == [], "a sync leaves no process behind"
    return int(n)


def histories(service: Service) -> list[int]:
    """The processes in which the service reads histories."""
    prefix = f"{MARKER}={service.instance}:".encode()
    found: list[int] = []
    for pid in commands():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        found += [pid for entry in environment if entry.startswith(prefix) and entry.endswith(b"/history")]
    return found


async def sessions(codebase: Codebase) -> Rows:
    """The codebase's sessions, newest first."""
    return await rows(codebase, "sessions", "sessions")


async def messages(codebase: Codebase, session: str) -> Rows:
    """The messages of a session."""
    return await rows(codebase, f"messages?session_id={session}", "messages")


async def rows(codebase: Codebase, path: str, name: str) -> Rows:
    answer = await codebase.service.ask("GET", f"{codebase.path}/{path}")
    assert answer.status == 200, answer
    return cast("Mapping[str, Rows]", answer.content)[name]


def ours(session: str) -> str:
    """Our name for a session made outside."""
    return session.replace("ses_", "sess_")


async def test_what_a_person_did_comes_in_once(running: Service) -> None:
    """Sessions made by `opencode run`, one with tools and one with a subagent, are shown as they are; again adds 0."""
    codebase = await running.register()
    first = await run(running, codebase.directory, "say: Hello", "think: Hm", "bash: echo hi", "say: That's all")
    second = await run(running, codebase.directory, "task: Look | say: I looked", "say: Thanks")
    assert await sync(codebase) == 3
    listed = {session["id"]: session for session in await sessions(codebase)}
    (helper,) = (session for session in listed.values() if session.get("parent_id") == ours(second))
    assert set(listed) == {ours(first), ours(second), helper["id"]}
    assert {(s["status"], s["imported"], s["model"]) for s in listed.values()} == {("completed", True, "stub/stub-1")}
    assert listed[ours(first)]["prompt"].splitlines()[0] == "say: Hello"
    assert listed[ours(first)]["tokens"]["input"] > 0
    assert listed[ours(first)]["cost"] > 0
    said = await messages(codebase, ours(first))
    assert listed[ours(first)]["messages_count"] == len(said) == 3
    assert [message["role"] for message in said] == ["user", "assistant", "assistant"]
    assert (said[1]["content"], said[1]["reasoning"]) == ("Hello", "Hm")
    (call,) = said[1]["tools"]
    assert (call["tool"], call["status"], call["output"].strip()) == ("bash", "completed", "hi")
    assert said[2]["content"] == "That's all"
    assert listed[ours(first)]["started_at"] <= said[0]["timestamp"] <= listed[ours(first)]["ended_at"]
    assert [m["content"] for m in await messages(codebase, helper["id"])] == ["say: I looked", "I looked"]
    assert await sync(codebase) == 0
    assert {session["id"]: session for session in await sessions(codebase)} == listed


async def test_a_session_gone_on_with(running: Service) -> None:
    """What is added to a session by `opencode run --session` comes in, and nothing else again; also after a restart."""
    codebase = await running.register()
    session = await run(running, codebase.directory, "say: One")
    other = await run(running, codebase.directory, "say: Other")
    assert await sync(codebase) == 2
    assert await run(running, codebase.directory, "say: Two", session=session) == session
    await running.terminate()
    await running.start()
    assert await sync(codebase) == 1
    contents = [message["content"] for message in await messages(codebase, ours(session))]
    assert contents == ["say: One", "One", "say: Two", "Two"]
    frames = await codebase.until(lambda frame: frame.event == "message_imported" and frame.text("content") == "Two")
    assert count(frames, "message_imported") == 6
    assert count(frames, "message_imported", session_id=ours(other)) == 2


async def test_our_own_agents_sessions_are_left_alone(running: Service) -> None:
    """A sync during a run of our own agent and after it brings nothing of it, but what others then add to it."""
    codebase = await running.register()
    session = await codebase.trigger("task: Look | say: I looked", "bash: sleep 1", "say: Done")
    await codebase.until(told("tool_use", tool="bash"))
    assert await sync(codebase) == 0
    await codebase.until(told("complete"))
    assert await sync(codebase) == 0
    linked = next(f for f in await codebase.until(told("complete")) if told("session", action="linked")(f))
    before = await messages(codebase, session)
    await run(running, codebase.directory, "say: Added", session=linked.text("agent_session_id"))
    assert await sync(codebase) == 1
    assert await sync(codebase) == 0
    after = await messages(codebase, session)
    assert after[: len(before)] == before
    assert [(m["content"], m["imported"]) for m in after[len(before) :]] == [("say: Added", True), ("Added", True)]
    assert len(await sessions(codebase)) == 1


async def test_nothing_of_the_project_is_run(running: Service) -> None:
    """A codebase with a plugin of its own that nobody trusts is synced, and the plugin isn't run."""
    codebase = await running.register()
    session = await run(running, codebase.directory, "say: Before")
    mark, plugin = codebase.directory / "ran", codebase.directory / ".opencode" / "plugin" / "bad.js"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(f"require('fs').writeFileSync({str(mark)!r}, 'x'); export const P = async () => ({{}});")
    assert await sync(codebase) == 1
    assert [s["id"] for s in await sessions(codebase)] == [ours(session)]
    assert not mark.exists()


async def test_the_end_of_the_server_in_the_middle(running: Service) -> None:
    """A sync that the server's end cuts off leaves no process, and the next one brings all of it."""
    codebase = await running.register()
    await run(running, codebase.directory, "say: One")
    syncing = asyncio.create_task(running.ask("POST", f"{codebase.path}/sessions/sync"))
    async with asyncio.timeout(60):
        while not histories(running):
            await asyncio.sleep(0.02)
    assert await running.terminate() == 0
    await asyncio.gather(syncing, return_exceptions=True)
    assert histories(running) == []
    await running.start()
    assert await sync(codebase) == 1
