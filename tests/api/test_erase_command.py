"""`opencode-ledger erase`: what a person erases is gone everywhere, and the service goes on as if it had been short."""

import asyncio
import json
import shlex
import sys
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from tests.support.command_line import Command
from tests.support.service import API, Running, becomes, running

from opencode_ledger.actors.store import erasing
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.settings import Settings

SECRET = "the-word-to-forget"


def holding(data: Path) -> list[str]:
    """The files that hold the word."""
    return [file.name for file in data.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]


async def spoken(api: Running, codebase: CodebaseId, words: str, key: str) -> str:
    """A session that was about something, from an idempotent request to its end."""
    answer = await api.ask(
        "POST", f"/codebases/{codebase}/trigger", {"prompt": words}, headers={"Idempotency-Key": key}
    )
    agent = await api.agent_at_work(codebase)
    await agent.say(words)
    await agent.end(summary=words)
    return str(answer.body["session_id"])


async def frames(api: Running, address: str) -> list[tuple[str, str, bytes]]:
    """Id, name and data of the events that an ended stream, or the first piece of one, gives."""
    found = list[tuple[str, str, bytes]]()
    async with asyncio.timeout(20), api.client.get(f"{API}{address}") as stream:
        lines = dict[bytes, bytes]()
        async for line in stream.content:
            if line == b"\n":
                found.append((lines[b"id"].decode(), lines[b"event"].decode(), lines[b"data"]))
                lines.clear()
            name, _, value = line.strip().partition(b": ")
            lines[name] = value
    return found


async def bundle(api: Running, width: int) -> bytes:
    """The entries of the log's first events, as verifiers get them."""
    async with api.client.get(f"{API}/log/tile/entries/000.p/{width}") as answer:
        assert answer.status == 200
        return await answer.read()


async def test_a_session_is_erased(settings: Settings, tmp_path: Path, command: Command) -> None:
    """What was said in a session is gone from every byte and answer; all else, and every proof, is as it was."""
    data, kept = settings.data, tmp_path / "checkpoint"
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register()
        session = await spoken(api, codebase, SECRET, "k1")
        other = await spoken(api, codebase, "something else", "k2")
        before = await frames(api, f"/codebases/{codebase}/events?session_id={session}&last_event_id=0")
        was = (await api.get(f"/codebases/{codebase}/log?limit=500"))["events"]
        entries = await bundle(api, len(was))
        kept.write_text(await api.service.tree.checkpoint())
        refused = await command("erase", "--session", session, "--reason", "x", "--yes", "--data", data)
        assert (refused.code, "in use" in refused.errors) == (2, True), refused
    assert set(holding(data)) >= {"ledger.db", "views.db"}
    ended = await command("erase", "--session", session, "--reason", "asked for", "--yes", "--data", data)
    assert ended.code == 0, ended
    assert "Erased" in ended.output
    assert holding(data) == []
    verified = await command("audit", "verify", "--data", data, "--checkpoint", kept)
    assert verified.code == 0, verified
    assert "of them erased" in verified.output
    shown = await command("audit", "show", codebase, session, "--data", data)
    assert "asked for (event" in shown.output
    assert shown.output.count("[erased, see event") >= 5
    assert "[erased]" in (await command("audit", "show", codebase, "--data", data)).output
    async with running(settings, tmp_path / "home") as api:
        after = await frames(api, f"/codebases/{codebase}/events?session_id={session}&last_event_id=0")
        assert [event[:2] for event in after] == [event[:2] for event in before]
        assert all("erased" in json.loads(now[2]) for was, now in zip(before, after, strict=True) if was[2] != now[2])
        sessions = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
        assert {row["id"]: row["status"] for row in sessions} == {session: "completed", other: "completed"}
        messages = (await api.get(f"/codebases/{codebase}/messages?session_id={session}"))["messages"]
        assert [message["role"] for message in messages] == ["user", "assistant"]
        again = await api.ask(
            "POST", f"/codebases/{codebase}/trigger", {"prompt": SECRET}, headers={"Idempotency-Key": "k1"}
        )
        assert (again.status, again.body["session_id"]) == (200, session)
        page = (await api.get(f"/codebases/{codebase}/log?limit=500"))["events"]
        assert [event["hash"] for event in page][: len(was)] == [event["hash"] for event in was]
        assert await bundle(api, len(was)) == entries
        (erasure,) = [event for event in page if event["type"] == "erasure"]
        assert erasure["data"]["reason"] == "asked for"
        assert erasure["data"]["correlation_id"].startswith("erase_")
        assert set(erasure["data"]["tombstones"]) == {
            str(event["position"]) for event in page if "erased" in event["data"]
        }
        assert (await api.get(f"/codebases/{codebase}/status"))["status"] == "idle"
        await spoken(api, codebase, "and on", "k3")
    assert (await command("audit", "verify", "--data", data, "--checkpoint", kept)).code == 0


async def test_what_repeats_a_prompt_is_named(settings: Settings, tmp_path: Path, command: Command) -> None:
    """Whichever of a task and its retries is erased, the others are named, with commands that erase them."""
    data, sessions = settings.data, list[str]()
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register()
        await spoken(api, codebase, "something else", "k1")
        path = f"/codebases/{codebase}/tasks"
        for _each in range(3):
            task = (await api.post(path, {"title": "t", "prompt": SECRET} if not sessions else None))["task"]["id"]
            await (await api.agent_at_work(codebase)).end("Done.")
            await becomes(partial(status_of, api, task), "completed")
            sessions.append((await api.get(f"/tasks/{task}"))["session_id"])
            path = f"/tasks/{task}/retry"
    erased = await command("erase", "--session", sessions[1], "--reason", "a ticket", "--yes", "--data", data)
    lines = [line for line in erased.output.splitlines() if " repeats " in line]
    assert {line.split()[0] for line in lines} == {sessions[0], sessions[2]}
    assert holding(data)
    for number, line in enumerate(lines):
        words = shlex.split(line.partition(": ")[2])
        assert words[0] == "opencode-ledger"
        more = await command(*words[1:], "--yes")
        assert (more.code, more.output.count(" repeats ")) == (0, 1 - number), more
    assert holding(data) == []


async def status_of(api: Running, task: str) -> object:
    return (await api.get(f"/tasks/{task}"))["status"]


async def test_a_deleted_codebase_is_erased(settings: Settings, tmp_path: Path, command: Command) -> None:
    """All that a deleted codebase ever recorded can be erased at once, and an export of it is verifiable."""
    data = settings.data
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register(SECRET)
        await spoken(api, codebase, SECRET, "k1")
        other = await api.register("other")
        alive = await command("erase", "--codebase", other, "--reason", "x", "--yes", "--data", tmp_path / "none")
        assert alive.code == 2
        assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
    live = await command("erase", "--codebase", other, "--reason", "x", "--yes", "--data", data)
    assert (live.code, "delete it first" in live.errors) == (2, True), live
    ended = await command("erase", "--codebase", codebase, "--reason", "x", "--yes", "--data", data)
    assert ended.code == 0, ended
    assert holding(data) == []
    shown = await command("audit", "show", "--data", data)
    (line,) = [line for line in shown.output.splitlines() if line.startswith(codebase)]
    assert "deleted" in line
    assert line.endswith("[erased]  [erased]")
    out = tmp_path / "export.jsonl"
    assert (await command("audit", "export", codebase, "--out", out, "--data", data)).code == 0
    verified = await command("audit", "verify", out)
    assert (verified.code, "erased" in verified.output) == (0, True), verified
    async with running(settings, tmp_path / "home") as api:
        assert [row["id"] for row in await api.get("/codebases")] == [other]


REFUSED = {
    (): "Name what to erase",
    ("--session", "sess_x"): "--reason",
    ("--session", "sess_x", "--reason", " "): "--reason",
    ("--session", "sess_x", "--reason", "r", "--yes"): "no session sess_x",
    ("--codebase", "cb_x", "--reason", "r", "--yes"): "no codebase cb_x",
    ("--position", "0", "--reason", "r"): "--position must be",
    ("--position", "9-3", "--reason", "r"): "--position must be",
    ("--position", "1", "--reason", "r", "--yes"): "until the codebase is deleted",
    ("--older-than", "soon", "--reason", "r"): "--older-than must be",
    ("--older-than", "9d", "--session", "s", "--reason", "r"): "Use only one",
}


async def test_what_makes_no_sense_is_refused(
    settings: Settings, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refusal is one sentence that says what to do, and changes nothing; the environment erases nothing either."""
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register()
        session = await spoken(api, codebase, SECRET, "k1")
        empty = await api.register("empty")
        head = api.service.store.head
    before = (settings.data / "ledger.db").read_bytes()
    for arguments, words in REFUSED.items():
        ended = await command("erase", *arguments, "--data", settings.data)
        assert (ended.code, words in ended.errors) == (2, True), ended
    asked = await command("erase", "--session", session, "--reason", "r", "--data", settings.data)
    assert (asked.code, "--yes" in asked.errors) == (2, True), asked
    beyond = await command("erase", "--position", "2-999999", "--reason", "r", "--yes", "--data", settings.data)
    assert beyond.errors == f"opencode-ledger: --position is {head + 1}, but the log has only the events 1 to {head}.\n"
    elsewhere = ("--codebase", empty, "--position", "2", "--reason", "r", "--yes")
    ended = await command("erase", *elsewhere, "--data", settings.data)
    assert (ended.code, f"none of these events belongs to {empty}." in ended.errors) == (2, True), ended
    none = await command("erase", "--older-than", "1d", "--reason", "r", "--yes", "--data", settings.data)
    assert (none.code, "There is no content left" in none.output) == (0, True), none
    monkeypatch.setenv("LEDGER_YES", "true")
    monkeypatch.setenv("LEDGER_DATA", str(settings.data))
    asked = await command("erase", "--session", session, "--reason", "r")
    assert (asked.code, "--yes" in asked.errors) == (2, True), asked
    assert (settings.data / "ledger.db").read_bytes() == before


async def test_an_erasure_cut_off_is_finished_at_the_start(
    settings: Settings, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that starts on a half-erased log finishes that before it serves; until then nobody backs it up."""
    data = settings.data
    async with running(settings, tmp_path / "home") as api:
        session = await spoken(api, await api.register(), SECRET, "k1")

    def fails(*_arguments: object) -> None:
        raise StoreError("No space left.")

    monkeypatch.setattr(erasing, "_rebuild", fails)
    ended = await command("erase", "--session", session, "--reason", "r", "--yes", "--data", data)
    assert (ended.code, "No space left" in ended.errors) == (2, True), ended
    monkeypatch.undo()
    backup = await command("backup", tmp_path / "copy", "--data", data)
    assert (backup.code, "finish it first" in backup.errors) == (2, True), backup
    async with running(settings, tmp_path / "home"):
        assert holding(data) == []


class Terminal(StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


async def test_a_person_is_asked(
    settings: Settings, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command prints what it would erase, and erases only after a yes."""
    async with running(settings, tmp_path / "home") as api:
        session = await spoken(api, await api.register(), SECRET, "k1")
    for typed, code in (("\n", 2), ("", 2), ("no\n", 2), ("y\n", 0)):
        monkeypatch.setattr(sys, "stdin", Terminal(typed))
        assert holding(settings.data)
        ended = await command("erase", "--session", session, "--reason", "r", "--data", settings.data)
        assert (ended.code, "1 message_sent" in ended.output) == (code, True), ended
    assert holding(settings.data) == []


async def test_by_age(settings: Settings, tmp_path: Path, command: Command) -> None:
    """What ended long enough ago is erased, of all codebases."""
    async with running(settings, tmp_path / "home") as api:
        for name in ("a", "b"):
            await spoken(api, await api.register(name), SECRET, name)
    ended = await command("erase", "--older-than", "0h", "--reason", "r", "--yes", "--data", settings.data)
    assert ended.code == 0, ended
    assert holding(settings.data) == []
