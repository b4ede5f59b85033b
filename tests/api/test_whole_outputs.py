"""What tools printed, whole: on record, read in parts, shown, exported, audited, backed up and erased."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.command_line import Command
from tests.support.service import API, Running, running

from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.domain.whole_output import AgentOutput
from opencode_ledger.http.settings import Settings

SECRET, OTHER = "the-word-to-forget", "the-word-to-keep"


def text_of(word: str) -> str:
    """What a tool prints, longer than some chunks and with characters of several bytes."""
    return "".join(f"{number} {word} – ünïcödé\n" for number in range(6000))


async def printed(api: Running, codebase: CodebaseId, word: str, path: str = "") -> str:
    """A session in which a tool has printed more than its event has."""
    started = await api.post(f"/codebases/{codebase}/trigger", {"prompt": "print"})
    agent = await api.agent_at_work(codebase)
    call = await agent.begin_tool("bash", {"command": "print"})
    await agent.end_tool(call, "bash", "shown", whole=AgentOutput(path=path, text=text_of(word)))
    await agent.end()
    return str(started["session_id"])


async def whole_of(api: Running, codebase: CodebaseId, session: str) -> Any:
    """What the session's messages say of its tool's whole output."""
    messages = (await api.get(f"/codebases/{codebase}/messages?session_id={session}"))["messages"]
    (tool,) = [tool for message in messages for tool in message.get("tools", ())]
    assert tool["output"] == "shown"
    return tool["whole_output"]


async def raw(api: Running, address: str, **headers: str) -> tuple[int, bytes, str]:
    """Status, body and range of an answer."""
    async with api.client.get(address, headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers.get("Content-Range", "")


def holding(data: Path, word: str) -> list[str]:
    """The files that hold a word."""
    return [file.name for file in data.rglob("*") if file.is_file() and word.encode() in file.read_bytes()]


RANGES = {
    "bytes=0-0": (0, 1),
    "bytes=0-": (0, None),
    "bytes=65530-65545": (65530, 65546),
    "bytes=100-999999999": (100, None),
    "bytes=-7": (-7, None),
    "bytes=-999999999": (0, None),
}

REFUSED = {
    "bytes=": 400,
    "bytes=-": 400,
    "bytes=5-4": 400,
    "bytes=1-2,4-5": 400,
    "lines=1-2": 400,
    "bytes=x-2": 400,
    "bytes=99999999-": 416,
    "bytes=-0": 416,
}


async def test_it_is_read_whole_and_in_parts(settings: Settings, tmp_path: Path) -> None:
    """The messages name where an output is read whole; any range of its bytes is answered, or refused in a sentence."""
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register()
        whole = await whole_of(api, codebase, await printed(api, codebase, OTHER))
        text = text_of(OTHER).encode()
        assert (whole["bytes"], whole["kept"], "missing" in whole) == (len(text), len(text), False)
        address = whole["address"]
        assert await raw(api, address) == (200, text, "")
        for given, (first, upto) in RANGES.items():
            part = text[first:upto]
            begin = first % len(text)
            content_range = f"bytes {begin}-{begin + len(part) - 1}/{len(text)}"
            assert await raw(api, address, Range=given) == (206, part, content_range), given
        for given, status in REFUSED.items():
            answer = await api.ask("GET", address.removeprefix(API), headers={"Range": given})
            assert answer.status == status, (given, answer)
        name = address.rpartition("/")[2]
        other = await api.register("other")
        for codebase_id, output in ((other, name), (codebase, f"out_{'0' * 32}"), (codebase, "x"), ("cb_none", name)):
            assert (await api.ask("GET", f"/codebases/{codebase_id}/outputs/{output}")).status == 404
        assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
        assert (await api.ask("GET", address.removeprefix(API))).body["code"] == "codebase_not_found"


async def test_it_is_there_after_a_restart_or_dropped(settings: Settings, tmp_path: Path) -> None:
    """What an event names is there after a restart; what was kept for an event that never came is not."""
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register()
        session = await printed(api, codebase, OTHER)
        address = (await whole_of(api, codebase, session))["address"]
        lost = f"out_{'f' * 32}"
        await api.service.outputs.keep(codebase, lost, b"s", iter([SECRET.encode()]))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for _ in range(2):
        async with running(settings, tmp_path / "home") as api:
            assert (await raw(api, address))[1] == text_of(OTHER).encode()
            assert (await api.ask("GET", f"/codebases/{codebase}/outputs/{lost}")).status == 404
            assert await api.service.outputs.unsettled() == []


async def test_it_is_exported_and_verified(settings: Settings, tmp_path: Path, command: Command) -> None:
    """An export takes whole outputs along in a second file, on the command line and over HTTP; a changed one is found."""
    data, out = settings.data, tmp_path / "export.jsonl"
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register()
        session = await printed(api, codebase, OTHER)
        await printed(api, codebase, SECRET)
        events = (await raw(api, f"{API}/codebases/{codebase}/log/export"))[1]
        to = json.loads(events.splitlines()[0])["selection"]["to"]
        outputs = (await raw(api, f"{API}/codebases/{codebase}/log/outputs?to={to}"))[1]
        assert len((await raw(api, f"{API}/codebases/{codebase}/log/outputs?to=3"))[1].splitlines()) == 2
        assert (await raw(api, f"{API}/codebases/{codebase}/log/outputs"))[1] == outputs
    for name, content in (("http.jsonl", events), ("http.jsonl.outputs.jsonl", outputs)):
        (tmp_path / name).write_bytes(content)
    verified = await command("audit", "verify", tmp_path / "http.jsonl")
    assert (verified.code, "2 whole outputs in http.jsonl.outputs.jsonl" in verified.output) == (0, True), verified
    alone = await command("audit", "export", codebase, "--with-outputs", "--data", data)
    assert (alone.code, "--out" in alone.errors) == (2, True)
    made = await command("audit", "export", codebase, "--with-outputs", "--out", out, "--data", data)
    assert made.code == 0, made
    beside = tmp_path / "export.jsonl.outputs.jsonl"
    assert beside.read_bytes() == outputs
    one = await command(
        "audit", "export", codebase, "--session", session, "--with-outputs", "--out", tmp_path / "one", "--data", data
    )
    assert (one.code, SECRET in (tmp_path / "one.outputs.jsonl").read_text()) == (0, False)
    assert "1 whole output in one.outputs.jsonl" in (await command("audit", "verify", tmp_path / "one")).output
    more = await command("audit", "verify", tmp_path / "one", "--outputs", beside)
    assert (more.code, "no event of the export names" in more.output) == (1, True)
    lines = outputs.splitlines(keepends=True)
    wrong = {
        "was changed": outputs.replace(b"17 the-word", b"71 the-word", 1),
        "is missing": b"".join(
            [
                lines[0].replace(b"2", b"1"),
                *lines[1 : lines.index(next(line for line in lines[2:] if b"output_id" in line))],
                b'{"end":1}\n',
            ]
        ),
    }
    for words, content in wrong.items():
        beside.write_bytes(content)
        found = await command("audit", "verify", out)
        assert (found.code, words in found.output) == (1, True), found
    for content in (
        b"",
        outputs[:-5],
        outputs + b"{}\n",
        b"[]\n",
        outputs.replace(b'"end":2', b'"end":3'),
        lines[0] * 2,
    ):
        beside.write_bytes(content)
        assert (await command("audit", "verify", out)).code == 2
    beside.unlink()
    assert "2 whole outputs not included" in (await command("audit", "verify", out)).output


TAMPERED = {
    "UPDATE chunks SET text = CAST(replace(text, '17', '71') AS BLOB) WHERE first = 0": "was changed",
    "DELETE FROM chunks WHERE first > 0 AND first < 100000": "lacks the chunk",
    "DELETE FROM chunks WHERE first > 100000": "was changed",
    "UPDATE outputs SET salt = x'00'": "was changed",
    "DELETE FROM outputs": "is missing",
    "UPDATE outputs SET id = 'out_00000000000000000000000000000000'": "is missing",
    "INSERT INTO chunks VALUES (99, 0, x'41')": "chunks that belong to no output",
    "INSERT INTO outputs VALUES (99, 'cb_x', 'out_x', x'41', 0, 1)": "that no event names",
    "UPDATE chunks SET text = CAST(text AS TEXT)": "lacks the chunk",
    "CREATE TRIGGER mine AFTER INSERT ON chunks BEGIN DELETE FROM chunks; END": "altered by other means",
}


async def test_tampering_is_named(settings: Settings, tmp_path: Path, command: Command) -> None:
    """Whatever was done to the file of whole outputs, an audit says to which event's, and that it isn't sound."""
    data = settings.data
    async with running(settings, tmp_path / "home") as api:
        await printed(api, await api.register(), OTHER)
    sound = await command("audit", "verify", "--data", data)
    assert (sound.code, "1 whole output checked" in sound.output) == (0, True), sound
    original = (data / "outputs.db").read_bytes()
    for statement, words in TAMPERED.items():
        with closing(sqlite3.connect(data / "outputs.db", isolation_level=None)) as connection:
            connection.execute(statement)
        found = await command("audit", "verify", "--data", data)
        assert (found.code, words in found.output) == (1, True), (statement, found)
        (data / "outputs.db").write_bytes(original)
    (data / "outputs.db").unlink()
    assert "is missing" in (await command("audit", "verify", "--data", data)).output
    (data / "outputs.db").write_bytes(b"garbage" * 1000)
    assert "outputs.db can't be read" in (await command("audit", "verify", "--data", data)).output


async def test_it_is_backed_up(settings: Settings, tmp_path: Path, command: Command) -> None:
    """A backup holds the whole outputs, also one of a running server, and a restore puts them back."""
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register()
        address = (await whole_of(api, codebase, await printed(api, codebase, OTHER)))["address"]
        made = await command("backup", tmp_path / "copy", "--data", settings.data)
        assert (made.code, "1 whole output checked" in made.output) == (0, True), made
    back = tmp_path / "back"
    assert (await command("restore", tmp_path / "copy", "--data", back)).code == 0
    async with running(settings.model_copy(update={"data": back}), tmp_path / "home") as api:
        assert (await raw(api, address))[1] == text_of(OTHER).encode()


async def test_it_is_erased_with_its_session(settings: Settings, tmp_path: Path, command: Command) -> None:
    """An erased session's output is in no byte of any file; another's is untouched, and all is sound."""
    data = settings.data
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register()
        session, other = await printed(api, codebase, SECRET), await printed(api, codebase, OTHER)
        gone = (await whole_of(api, codebase, session))["address"]
        here = (await whole_of(api, codebase, other))["address"]
    assert "outputs.db" in holding(data, SECRET)
    ended = await command("erase", "--session", session, "--reason", "asked for", "--yes", "--data", data)
    assert ended.code == 0, ended
    assert holding(data, SECRET) == []
    verified = await command("audit", "verify", "--data", data)
    assert (verified.code, "1 whole output checked" in verified.output) == (0, True), verified
    async with running(settings, tmp_path / "home") as api:
        assert (await raw(api, gone))[0] == 404
        assert (await raw(api, here))[1] == text_of(OTHER).encode()
    assert (
        await command("audit", "export", codebase, "--with-outputs", "--out", tmp_path / "out", "--data", data)
    ).code == 0
    assert "1 whole output in" in (await command("audit", "verify", tmp_path / "out")).output


async def test_it_is_shown(settings: Settings, tmp_path: Path, command: Command) -> None:
    """`audit show` says how much a tool printed, and with --full all of it; of what is missing it says why."""
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register()
        session = await printed(api, codebase, OTHER)
        refused = await printed(api, codebase, OTHER, path="/etc/passwd")
        assert await whole_of(api, codebase, refused) == {"kept": 0, "missing": "refused"}
    shown = await command("audit", "show", codebase, session, "--data", settings.data)
    size = len(text_of(OTHER).encode())
    assert f"whole output of {size:,} bytes (--full)" in shown.output
    assert "5999 the-word" not in shown.output
    full = await command("audit", "show", codebase, session, "--full", "--data", settings.data)
    assert full.code == 0, full
    assert all(f"{number} {OTHER} – ünïcödé" in full.output for number in (0, 3000, 5999))
    assert (
        "whole output; not read, because"
        in (await command("audit", "show", codebase, refused, "--data", settings.data)).output
    )
    (settings.data / "outputs.db").unlink()
    gone = await command("audit", "show", codebase, session, "--full", "--data", settings.data)
    assert (gone.code, "shown" in gone.output) == (0, True)


async def test_single_events_and_age(settings: Settings, tmp_path: Path, command: Command) -> None:
    """An output goes with the event that names it, however that is chosen: by position, by age, with its codebase."""
    data = settings.data
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register()
        for _ in range(3):
            await printed(api, codebase, SECRET)
        page = (await api.get(f"/codebases/{codebase}/log?limit=500"))["events"]
        places = [event["position"] for event in page if event["type"] == "tool_result"]
        deleted = await api.register("deleted")
        await printed(api, deleted, SECRET)
        assert (await api.ask("DELETE", f"/codebases/{deleted}")).status == 200

    def left() -> int:
        with closing(sqlite3.connect(data / "outputs.db")) as connection:
            return int(connection.execute("SELECT count(*) FROM outputs").fetchone()[0])

    assert left() == 4
    for count, choice in (
        (3, ("--position", places[1])),
        (2, ("--codebase", deleted)),
        (0, ("--older-than", "0h")),
    ):
        ended = await command("erase", *choice, "--reason", "r", "--yes", "--data", data)
        assert (ended.code, left()) == (0, count), ended
    assert holding(data, SECRET) == []
    assert (await command("audit", "verify", "--data", data)).code == 0
