"""`opencode-ledger audit` finds and names each change of a log or an export, and its exit code says so."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from tests.support.command_line import Command, run_here
from tests.support.service import API, Running

from opencode_ledger.domain.ids import CodebaseId


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Runs a command line to its end, beside the event loop as another process would."""
    return partial(asyncio.to_thread, run_here, monkeypatch, capsysbinary, "audit")


@pytest.fixture
async def codebase(api: Running) -> CodebaseId:
    """A codebase whose history lies between those of two others."""
    before, codebase, after = [await api.register(name) for name in ("before", "my-project", "after")]
    for each in (before, codebase, after, codebase):
        await api.post(f"/codebases/{each}/trigger", {"prompt": "x"})
        await (await api.agent_at_work(each)).end()
        await api.service.tree.checkpoint()
    return codebase


@pytest.fixture
def copy(api: Running, codebase: CodebaseId, tmp_path: Path) -> Path:
    """A copy of the data directory, as an auditor or an attacker has it."""
    place = tmp_path / "copy"
    shutil.copytree(api.service.settings.data, place)
    return place


def rewrite(data: Path, *statements: str) -> None:
    """Change a log as somebody does who has the file, and who puts its guards back."""
    connection = sqlite3.connect(data / "ledger.db")
    guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in guards:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, guard in guards:
        connection.execute(guard)
    connection.commit()
    connection.close()


REMOVE = "DELETE FROM stored_events WHERE rowid = 5"
CLOSE_THE_GAP = "UPDATE stored_events SET rowid = rowid - 1 WHERE rowid > 5"
INSERT = (
    "UPDATE stored_events SET rowid = rowid + 1000 WHERE rowid > 5",
    "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) VALUES (6, 'cb_x', 1, 'x', x'')",
    "UPDATE stored_events SET rowid = rowid - 999 WHERE rowid > 1000",
)
SWAP = (
    "UPDATE stored_events SET rowid = -1 WHERE rowid = 5",
    "UPDATE stored_events SET rowid = 5 WHERE rowid = 6",
    "UPDATE stored_events SET rowid = 6 WHERE rowid = -1",
)
TRUNCATE = "DELETE FROM stored_events WHERE rowid > 10"


async def test_an_untouched_log(copy: Path, command: Command, api: Running) -> None:
    """An untouched log is sound; so is that of a server at work."""
    for where in (["--data", copy], [copy], ["--data", api.service.settings.data]):
        ended = await command("verify", *where)
        assert ended.code == 0, ended
        assert ended.output.startswith("sound: ")
        assert str(api.service.tree.key) in ended.output


async def test_events_after_the_last_checkpoint(copy: Path, command: Command) -> None:
    """How many of the last events no checkpoint covers yet is said, for nothing proves them."""
    last = "SELECT 'cb_new', 1, topic, state FROM stored_events WHERE rowid = 5"
    rewrite(copy, f"INSERT INTO stored_events {last}")
    ended = await command("verify", "--data", copy)
    assert ended.code == 0
    assert "the last 1 not covered by any checkpoint" in ended.output


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (("UPDATE stored_events SET state = x'7b7d' WHERE rowid = 5",), "Event 5 "),
        ((REMOVE,), "Event 5 of the log: removed"),
        ((REMOVE, CLOSE_THE_GAP), "Event 5 of the log: removed"),
        (INSERT, "Event 6 of the log: added, nobody recorded that"),
        (SWAP, "Event 5 was moved: it stands at 6 now"),
        ((TRUNCATE,), "The log ends at 10"),
        (("UPDATE stored_events SET state = CAST(state AS TEXT) WHERE rowid = 5",), "Event 5 "),
        (("UPDATE stored_events SET topic = CAST(topic AS BLOB) WHERE rowid = 5",), "Event 5 "),
        (("UPDATE stored_events SET originator_id = CAST(originator_id AS BLOB) WHERE rowid = 5",), "Event 5 "),
        (("DROP INDEX stored_events_lifecycle",), "its index stored_events_lifecycle is gone"),
        (("CREATE TABLE mine (x)",), "it has a table 'mine', which is none of a log's"),
        (
            ("CREATE TRIGGER mine AFTER INSERT ON stored_events BEGIN DELETE FROM stored_events; END",),
            "it has a trigger 'mine'",
        ),
    ],
)
async def test_tampering_with_the_file(copy: Path, command: Command, statements: tuple[str, ...], words: str) -> None:
    """Whatever was done to the file is named, and the exit code says that something is wrong."""
    rewrite(copy, *statements)
    ended = await command("verify", "--data", copy)
    assert ended.code == 1, ended
    assert words in ended.output
    assert "NOT SOUND" in ended.output


async def test_evidence_is_left_as_it_is(copy: Path, command: Command, codebase: CodebaseId) -> None:
    """Auditing writes nothing into a data directory, be it of a server that stopped or of one that was copied or killed."""
    settled = copy.parent / "settled"
    shutil.copytree(copy, settled)
    for name in ("ledger.db", "tree.db", "outputs.db"):
        with closing(sqlite3.connect(settled / name)) as connection:
            connection.execute("PRAGMA wal_checkpoint")
    (settled / "ledger.db-journal").write_bytes(b"what somebody put there" * 50)
    for scratch in copy.glob("*-shm"):
        scratch.unlink()
    for place in (copy, settled):
        before = {file.name: file.read_bytes() for file in place.iterdir() if file.is_file()}
        for words in (["verify"], ["export", codebase], ["show", codebase]):
            ended = await command(*words, "--data", place)
            assert ended.code == 0, ended
        assert {file.name: file.read_bytes() for file in place.iterdir() if file.is_file()} == before
    assert (copy / "ledger.db-wal").stat().st_size


async def test_a_log_rolled_back(copy: Path, command: Command, api: Running, codebase: CodebaseId) -> None:
    """Only a checkpoint that was kept shows that a whole data directory was put back to an earlier day."""
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "later"})
    kept = copy.parent / "kept"
    kept.write_text(await api.service.tree.checkpoint())
    assert (await command("verify", "--data", copy)).code == 0
    ended = await command("verify", "--data", copy, "--checkpoint", kept)
    assert ended.code == 1
    assert "are on record" in ended.output
    assert (await command("verify", "--data", api.service.settings.data, "--checkpoint", kept)).code == 0


async def test_a_log_without_its_tree(copy: Path, command: Command, api: Running) -> None:
    """Without the tree, a kept checkpoint still shows that something was changed, but not where."""
    kept = copy.parent / "kept"
    kept.write_text(await api.service.tree.checkpoint())
    for file in copy.glob("tree.db*"):
        file.unlink()
    shutil.copytree(copy, same := copy.parent / "same")
    assert (await command("verify", "--data", same, "--checkpoint", kept)).code == 0
    rewrite(copy, "UPDATE stored_events SET state = x'7b7d' WHERE rowid = 5")
    ended = await command("verify", "--data", copy, "--checkpoint", kept)
    assert ended.code == 1
    assert "not those that were signed" in ended.output


async def test_a_log_that_nothing_proves(copy: Path, command: Command) -> None:
    """A log without its tree and without any checkpoint isn't called sound."""
    for file in copy.glob("tree.db*"):
        file.unlink()
    ended = await command("verify", "--data", copy)
    assert ended.code == 1
    assert "Nothing proves these events" in ended.output


async def test_exports(copy: Path, command: Command, api: Running, codebase: CodebaseId) -> None:
    """An export of a codebase, a session or a range is verified alone, and with the key that the auditor knows."""
    key = copy.parent / "key"
    key.write_text(f"{api.service.tree.key}\n")
    sessions = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    choices: list[list[object]] = [[], ["--session", sessions[0]["id"]], ["--from", 2, "--to", 4]]
    head = await api.service.store.stream_head(codebase)
    says = [
        (
            f"; codebase {codebase}, events 1 to {head}: all there; whether",
            f"codebase {codebase}, events 1 to {head}; ",
        ),
        (
            f"; session {sessions[0]['id']} of codebase {codebase}: ",
            f"session {sessions[0]['id']} of codebase {codebase}, ",
        ),
        (f"; codebase {codebase}, events 2 to 4: all there; whether", f"codebase {codebase}, events 2 to 4; 3 events"),
    ]
    for number, choice in enumerate(choices):
        file = copy.parent / f"{number}.jsonl"
        assert (await command("export", codebase, *choice, "--data", copy, "--out", file)).code == 0
        ended = await command("verify", file, "--key", key)
        assert ended.code == 0, ended
        first, claim, *_ = ended.output.splitlines()
        assert first.startswith(f"sound: {len(file.read_bytes().splitlines()) - 2} events, proved to be in the log"), (
            first
        )
        shown, claimed = says[number]
        assert shown in first
        assert claim.startswith(f"claim  {claimed}"), claim
    exported_part = await command("export", codebase, "--from", 2, "--to", 4, "--data", copy)
    assert len(exported_part.output.splitlines()) == 5
    async with api.client.get(f"{API}/codebases/{codebase}/log/export") as response:
        (served := copy.parent / "served.jsonl").write_bytes(await response.read())
    assert (await command("verify", served, "--key", key)).code == 0


Spoil = Callable[[list[bytes]], list[bytes]]


def forged(lines: list[bytes], place: int, by: bytes) -> list[bytes]:
    """The event of a line with other words, made to look like what an erasure left."""
    head, _, data = lines[place].rstrip(b"}\n").partition(b',"data":')
    data = lines[place][len(head) + len(b',"data":') : -2]
    erased = b'"erased":{"by":%b,"sha256":"%b"}' % (by, sha256(data).hexdigest().encode())
    said = b'{"content":"never said",' + erased + b"}"
    return [*lines[:place], head + b',"data":' + said + b"}\n", *lines[place + 1 :]]


SPOILT: list[tuple[Spoil, str, int]] = [
    (lambda lines: [*lines[:3], lines[3].replace(b'"type":"', b'"type":"x'), *lines[4:]], "changed, removed", 1),
    (lambda lines: [*lines[:3], *lines[4:]], "what was between them is missing", 1),
    (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], "missing", 1),
    (lambda lines: lines[:-1], "it is truncated", 2),
    (lambda lines: [*lines[:-1], b'{"proof":[]}\n'], "changed, removed", 1),
    (lambda lines: [*lines[:3], b"{}\n", *lines[3:]], "not an event", 2),
    (lambda lines: lines[1:], "manifest", 2),
    (lambda lines: [lines[0].replace(b'"events":', b'"events":1'), *lines[1:]], "lists", 1),
    (lambda lines: [lines[0].replace(b"opencode-ledger/", b"opencode-ledgeR/"), *lines[1:]], "export", 2),
    (lambda lines: lines[:0], "truncated", 2),
    (lambda lines: [*lines[:3], lines[2], *lines[3:]], "does not come after", 1),
    (lambda lines: [*lines, lines[2]], "goes on after its proof", 2),
    (lambda lines: [lines[0].replace(b'"codebase_id":"cb_', b'"codebase_id":"cb_x'), *lines[1:]], "was chosen", 1),
    (lambda lines: [lines[0].replace(b'"from":1', b'"from":2'), *lines[1:]], "was chosen", 1),
    (lambda lines: [lines[0], lines[1].replace(b'"position":', b'"position":0'), *lines[2:]], "not an event", 2),
    (lambda lines: forged(lines, 3, by=b"4"), "not by an erasure", 1),
    (lambda lines: forged(lines, 3, by=b"1000"), "not by an erasure", 1),
]


@pytest.mark.parametrize(("spoil", "words", "code"), SPOILT)
async def test_tampering_with_an_export(
    copy: Path,
    command: Command,
    codebase: CodebaseId,
    spoil: Spoil,
    words: str,
    code: int,
) -> None:
    """An export with anything changed, left out, moved or cut off is not taken for sound."""
    file = copy.parent / "export.jsonl"
    assert (await command("export", codebase, "--data", copy, "--out", file)).code == 0
    file.write_bytes(b"".join(spoil(file.read_bytes().splitlines(keepends=True))))
    ended = await command("verify", file)
    assert ended.code == code, ended
    assert words in ended.output + ended.errors


async def test_what_cannot_be_audited(copy: Path, command: Command, codebase: CodebaseId, tmp_path: Path) -> None:
    """For missing or wrong files there is one sentence that says what to do."""
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(copy / "checkpoint.key", other)
    (bad := tmp_path / "bad").write_text("no note")
    cases = {
        ("verify", "--data", other): ("No log found", 2),
        ("verify", "--data", tmp_path): ("No log found", 2),
        ("verify", "--data", copy, "--checkpoint", bad): ("signed note", 2),
        ("verify", "--data", copy, "--checkpoint", tmp_path / "none"): ("can't be read", 2),
        ("verify", "--data", copy, "--key", "abc"): ("--key", 2),
        ("verify", tmp_path / "none"): ("can't be read", 2),
        ("export", "cb_none", "--data", copy): ("no codebase cb_none", 2),
        ("export", "cb_none", "--data", copy, "--out", tmp_path / "new"): ("no codebase cb_none", 2),
        ("export", codebase, "--from", 999, "--data", copy): ("--from is 999", 2),
        ("export", codebase, "--data", copy, "--out", bad): ("never overwritten", 2),
    }
    for arguments, (words, code) in cases.items():
        ended = await command(*arguments)
        assert (ended.code, ended.output) == (code, ""), ended
        assert words in ended.errors
        assert "Traceback" not in ended.errors
    assert not (tmp_path / "new").exists()


async def test_a_damaged_file(copy: Path, command: Command) -> None:
    """A log with damaged pages is reported as damaged, with the last event that could be read."""
    with sqlite3.connect(copy / "ledger.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray((copy / "ledger.db").read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    (copy / "ledger.db").write_bytes(data)
    ended = await command("verify", "--data", copy)
    assert ended.code == 2
    assert "can't be read" in ended.errors


async def test_a_session_is_sound_with_others_events_between(api: Running, command: Command, tmp_path: Path) -> None:
    """The events of one session needn't follow one another: what was between them was another's."""
    codebase = await api.register()
    session = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"}))["session_id"]
    agent = await api.agent_at_work(codebase)
    await api.post(f"/codebases/{codebase}/tasks", {"title": "Later", "prompt": "y"})
    await agent.say("Done.")
    await api.service.tree.checkpoint()
    shutil.copytree(api.service.settings.data, copy := tmp_path / "copy")
    file = tmp_path / "session.jsonl"
    assert (await command("export", codebase, "--session", session, "--data", copy, "--out", file)).code == 0
    ended = await command("verify", file)
    assert ended.code == 0, ended


async def test_no_second_history_is_signed(copy: Path, command: Command, codebase: CodebaseId) -> None:
    """A log that isn't the one its tree was signed for is not exported, for an export is signed."""
    rewrite(copy, "UPDATE stored_events SET state = CAST('{}' AS BLOB) WHERE rowid = 3")
    ended = await command("export", codebase, "--data", copy, "--out", copy.parent / "export.jsonl")
    assert (ended.code, "differs from what was signed" in ended.errors) == (2, True), ended


async def test_words_put_into_a_tombstone(copy: Path, command: Command) -> None:
    """A tombstone holds nothing but marks and structure; one with words in it is forged, whatever is on record."""
    file = copy / "ledger.db"
    connection = sqlite3.connect(file)
    position, stream, topic, data = connection.execute(
        "SELECT rowid, originator_id, topic, state FROM stored_events WHERE topic = 'message_sent' LIMIT 1"
    ).fetchone()
    head, sequence = connection.execute(
        "SELECT (SELECT max(rowid) FROM stored_events), max(originator_version) FROM stored_events WHERE originator_id = ?",
        (stream,),
    ).fetchone()
    connection.close()
    words = {
        **json.loads(data),
        "content": "never said",
        "erased": {"by": head + 1, "sha256": sha256(data).hexdigest()},
    }
    tombstone = json.dumps(words, separators=(",", ":")).encode()
    record = {"reason": "r", "by": "b", "tombstones": {str(position): sha256(tombstone).hexdigest()}}
    record |= {"timestamp": "2025-12-10T15:30:00.000Z"}
    rewrite(
        copy,
        f"UPDATE stored_events SET state = CAST('{tombstone.decode()}' AS BLOB) WHERE rowid = {position}",
        f"INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state)"
        f" VALUES ({head + 1}, '{stream}', {sequence + 1}, 'erasure', CAST('{json.dumps(record)}' AS BLOB))",
    )
    ended = await command("verify", "--data", copy)
    assert (ended.code, "was emptied or changed" in ended.output) == (1, True), (topic, ended)


async def test_a_choice_that_makes_no_sense(copy: Path, codebase: CodebaseId, command: Command, api: Running) -> None:
    """An export of what isn't there is refused in a sentence that says what there is, and no file is made."""
    (later, _earlier) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    head = await api.service.store.stream_head(codebase)
    there = f"but {codebase} has only the events 1 to {head}."
    first = (await api.get(f"/codebases/{codebase}/log?limit=500"))["events"]
    own = [event["sequence"] for event in first if event["data"].get("session_id") == later["id"]]
    between = f"{later['id']} has events only between {own[0]} and {own[-1]}, none of them between --from and --to."
    cases = {
        ("--from", "-3"): f"--from is -3, {there}",
        ("--from", "0"): f"--from is 0, {there}",
        ("--from", head + 1): f"--from is {head + 1}, {there}",
        ("--to", head + 1): f"--to is {head + 1}, {there}",
        ("--from", 5, "--to", 3): "--from must not be after --to, but 5 is after 3.",
        (
            "--session",
            "sess_x",
        ): f"{codebase} has no session sess_x; `opencode-ledger audit show {codebase}` lists all sessions.",
        ("--session", later["id"], "--to", 3): f"No event matches: {between}",
    }
    out = copy.parent / "export.jsonl"
    for choice, sentence in cases.items():
        ended = await command("export", codebase, *choice, "--out", out, "--data", copy)
        assert (ended.code, ended.output, ended.errors) == (2, "", f"opencode-ledger: {sentence}\n")
    assert not await asyncio.to_thread(out.exists)
