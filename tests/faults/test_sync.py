"""What others do with the real opencode in a codebase's directory comes into the log by a sync, once."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from opencode_ledger.actors.opencode import MARKER
from opencode_ledger.actors.opencode.others.history import MESSAGES, PAGE_BYTES
from opencode_ledger.domain.opencode.history import MOST_OF_A_TEXT
from opencode_ledger.domain.untrusted_json import shortened

from .others_rows import OthersRows
from .person import Person
from .processes import commands
from .service import Codebase, Service, count, frame_of

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


async def test_what_a_person_did_comes_in_once(running: Service, person: Person) -> None:
    """A person's sessions, one with tools and one with a subagent, are shown as they are; again adds 0."""
    codebase = await running.register()
    first = await person.run(codebase.directory, "say: Hello", "think: Hm", "bash: echo hi", "say: That's all")
    second = await person.run(codebase.directory, "task: Look | say: I looked", "say: Thanks")
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


async def test_a_session_gone_on_with(running: Service, person: Person) -> None:
    """What a person adds to a session comes in, and nothing else again; also after a restart."""
    codebase = await running.register()
    session = await person.run(codebase.directory, "say: One")
    other = await person.run(codebase.directory, "say: Other")
    assert await sync(codebase) == 2
    assert await person.run(codebase.directory, "say: Two", session=session) == session
    await running.terminate()
    await running.start()
    assert await sync(codebase) == 1
    contents = [message["content"] for message in await messages(codebase, ours(session))]
    assert contents == ["say: One", "One", "say: Two", "Two"]
    frames = await codebase.until(lambda frame: frame.event == "message_imported" and frame.text("content") == "Two")
    assert count(frames, "message_imported") == 6
    assert count(frames, "message_imported", session_id=ours(other)) == 2


async def test_our_own_agents_sessions_are_left_alone(running: Service, person: Person) -> None:
    """A sync during a run of our own agent and after it brings nothing of it, but what others then add to it."""
    codebase = await running.register()
    session = await codebase.trigger("task: Look | say: I looked", "bash: sleep 1", "say: Done")
    await codebase.until(frame_of("tool_use", tool="bash"))
    assert await sync(codebase) == 0
    await codebase.until(frame_of("complete"))
    assert await sync(codebase) == 0
    linked = next(f for f in await codebase.until(frame_of("complete")) if frame_of("session", action="linked")(f))
    before = await messages(codebase, session)
    await person.run(codebase.directory, "say: Added", session=linked.text("agent_session_id"))
    assert await sync(codebase) == 1
    frames = await codebase.session(session)
    assert [frame.event for frame in frames[-4:]] == ["complete", "session", "message_imported", "message_imported"]
    assert await sync(codebase) == 0
    after = await messages(codebase, session)
    assert after[: len(before)] == before
    assert [(m["content"], m["imported"]) for m in after[len(before) :]] == [("say: Added", True), ("Added", True)]
    assert len(await sessions(codebase)) == 1


async def test_nothing_of_the_project_is_run(running: Service, person: Person) -> None:
    """A codebase with a plugin of its own that nobody trusts is synced, and the plugin isn't run."""
    codebase = await running.register()
    session = await person.run(codebase.directory, "say: Before")
    mark, plugin = codebase.directory / "ran", codebase.directory / ".opencode" / "plugin" / "bad.js"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(f"require('fs').writeFileSync({str(mark)!r}, 'x'); export const P = async () => ({{}});")
    assert await sync(codebase) == 1
    assert [s["id"] for s in await sessions(codebase)] == [ours(session)]
    assert not mark.exists()


async def test_the_end_of_the_server_in_the_middle(running: Service, person: Person) -> None:
    """A sync that the server's end cuts off leaves no process, and the next one brings all of it."""
    codebase = await running.register()
    await person.run(codebase.directory, "say: One")
    syncing = asyncio.create_task(running.ask("POST", f"{codebase.path}/sessions/sync"))
    async with asyncio.timeout(60):
        while not histories(running):
            await asyncio.sleep(0.02)
    assert await running.terminate() == 0
    await asyncio.gather(syncing, return_exceptions=True)
    assert histories(running) == []
    await running.start()
    assert await sync(codebase) == 1


async def test_many_parts_come_by_bounded_pieces(running: Service, person: Person) -> None:
    """Long answers of very many parts come whole, and no more is recorded at once than a page holds, in messages and in bytes."""
    codebase = await running.register()
    session = await person.run(codebase.directory, "say: Mine")
    rows = OthersRows(running.folder / "home")
    words = [f"{number} ".ljust(700, "x") for number in range(800)]

    def fill() -> None:
        rows.answer(session, words)
        for number in range(40):
            rows.answer(session, [f"{number} "] * 5)
        rows.answer(session, ["y" * 200_000, "z" * 200_000])

    await asyncio.to_thread(fill)
    assert await sync(codebase) == 1
    contents = [m["content"] for m in await messages(codebase, f"{ours(session)}")]
    assert contents[:3] == ["say: Mine", "Mine", shortened("".join(words), MOST_OF_A_TEXT)]
    assert contents[3:-1] == [f"{number} " * 5 for number in range(40)]
    assert contents[-1] == "y" * 200_000 + "z" * 200_000
    frames = await codebase.until(lambda frame: frame.event == "message_imported" and frame.text("content")[:2] == "yy")
    pages: list[list[int]] = []
    for frame in frames:
        if frame.event == "session":
            pages.append([])
        elif frame.event == "message_imported":
            pages[-1].append(len(frame.text("content")))
    assert max(map(len, pages)) <= MESSAGES
    assert all(sum(page) <= PAGE_BYTES or len(page) == 1 for page in pages)
    assert sum(map(len, pages)) == len(contents)


ODD_NAMES = (
    *(
        "/message?x=",
        "/../{}",
        "?#",
        "#",
        "%2F",
        "\n",
        "\x1b[31m",
        "\u202e",
        "é",
        " ",
        "",
        "\t",
        "\\",
        ";",
        "&limit=1",
        "\x7f",
    ),
    *("x" * 121, "x" * 10_000, "\ufffd", ".", "..", "a.b", "a:b", "a|b", "'", '"', "<b>", "0663f2a1c4d5e6ABCDEFGHIJ"),
)
"""Ends of names of sessions that aren't of the form that opencode gives, and one of the form that the ledger gives its own."""

UNLISTED_ROWS: Sequence[Mapping[str, Any]] = (
    {"model": "{bad"},
    {"model": "5"},
    {"permission": "{bad"},
    {"revert": '"x"'},
    {"metadata": "["},
    {"directory": b"\xff"},
    {"model": "{", "time_updated": 2**60},
)
LISTED_ROWS: Sequence[Mapping[str, Any]] = (
    {"title": "x\0y\x1b[31m\u202e"},
    {"title": "t" * 1_000_000},
    {"title": b"\xff\xfe"},
    {"agent": b"\xff\xfe"},
    {"agent": "a" * 5000},
    {"time_updated": -5},
    {"time_updated": 1.5},
    {"time_updated": "abc"},
    {"time_updated": 2**53},
    {"time_updated": 9e18},
    {"time_created": 2**62},
    {"time_created": 2_000_000_000_000, "time_updated": 1_000_000_000_000},
    {"parent_id": "ses_parent/../x"},
    {"parent_id": "ses_listed12"},
    {"cost": "q"},
    {"cost": float("inf")},
    {"tokens_input": 2**62},
    {"summary_additions": "q"},
)


async def test_names_and_rows_of_anybody(running: Service, person: Person) -> None:
    """Sessions whose names lead elsewhere, or that opencode can't list, are passed over and counted, and keep no other out."""
    codebase = await running.register()
    good = await person.run(codebase.directory, "say: Mine")
    other, rows = "ses_other", OthersRows(running.folder / "home")

    def spoil() -> None:
        rows.copy(good, other)
        rows.say(other, "Other")
        for name in ODD_NAMES:
            rows.copy(other, f"{good if name[:1] in ('/', '?') else 'ses_'}{name.format(good)}")
        for number, changed in enumerate(UNLISTED_ROWS):
            rows.copy(other, f"ses_unlisted{number}", **changed)
            rows.set(f"ses_unlisted{number}", "session", **{"time_updated": 1_700_000_000_000 + number, **changed})
        for number, changed in enumerate(LISTED_ROWS):
            rows.copy(other, f"ses_listed{number}", **changed)
        rows.copy(other, "ses_nowhere", directory=f"{codebase.directory}\0x")
        rows.copy(other, "ses_half")
        rows.say("ses_half", "half \ud83d of it")
        rows.copy(other, "ses_broken")
        rows.set("ses_broken", "message", data="{")

    await asyncio.to_thread(spoil)
    synced = cast("Mapping[str, Any]", (await codebase.post("sessions/sync")).content)
    assert histories(running) == []
    listed = {session["id"]: session for session in await sessions(codebase)}
    fine = [f"sess_listed{number}" for number in range(len(LISTED_ROWS))]
    assert set(listed) == {ours(good), ours(other), "sess_half", *fine}, synced
    assert synced["synced"] == len(listed)
    assert synced["skipped"] == len(ODD_NAMES) + len(UNLISTED_ROWS) + 1, synced
    assert f"{len(ODD_NAMES)} sessions under names that opencode doesn't give" in synced["message"]
    assert "1 session that opencode can't read" in synced["message"]
    assert [m["content"] for m in await messages(codebase, ours(good))] == ["say: Mine", "Mine"]
    for name in fine:
        assert [m["content"] for m in await messages(codebase, name)] == ["Other", "Other"]
        assert listed[name]["ended_at"] >= listed[name]["started_at"]
    assert [m["content"] for m in await messages(codebase, "sess_half")] == ["half \ufffd of it"] * 2
    events = await running.ask("GET", f"{codebase.path}/log?limit=500")
    assert not set("\x1b\u202e\n") & set(
        str([e["data"].get("agent_session_id") for e in cast(Any, events.content)["events"]])
    )
    again = cast("Mapping[str, Any]", (await codebase.post("sessions/sync")).content)
    assert (again["synced"], again["skipped"]) == (0, synced["skipped"])
    for number in range(len(UNLISTED_ROWS)):
        await asyncio.to_thread(
            rows.remove, f"ses_unlisted{number}"
        )  # they are in nobody's directory, and in everybody's way
