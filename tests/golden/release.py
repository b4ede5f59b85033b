"""A golden log: what a release's server left behind, as text, and how that becomes a data directory again.

`export.jsonl` is an export of the whole log, which an auditor can verify alone. `ledger.sql` is the schema of the log's
file, `tree.sql` the tree's file, `checkpoint.key` the key. `views.json` is what was answered, `events.sse` what was streamed.
"""

import asyncio
import hashlib
import json
import shutil
import sqlite3
import tomllib
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import orjson
from tests.support.service import API, LIMIT, Running

from opencode_ledger.actors.store.log_file import opened
from opencode_ledger.domain.events import Json
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.domain.proofs.export import Manifest, event_line, manifest_line, proof_line, read_event
from opencode_ledger.domain.untrusted_json import fields, items
from opencode_ledger.http.data_directory import KEY_NAME, LOG_NAME, TREE_NAME
from opencode_ledger.http.offline.evidence import tree_of
from opencode_ledger.projections.tree.signing import SigningKey

ROOT: Final = Path(__file__).resolve().parents[2]
LOGS: Final = Path(__file__).parent / "logs"
SUMS: Final = LOGS / "SHA256SUMS"
THIS_VERSION: Final = str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
HOME: Final = Path("/tmp/golden-log-home")
"""Where the codebases of golden logs are: always the same path, which need not exist later."""

_INSERT: Final = (
    "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?, ?)"
)


def releases() -> list[str]:
    """The versions that have a golden log."""
    return sorted(folder.name for folder in LOGS.iterdir() if folder.is_dir())


def answers_of(release: str) -> Json:
    """What the release answered about its log, by address."""
    found: Json = orjson.loads((LOGS / release / "views.json").read_bytes())
    return found


def same_members(then: Json, now: Json) -> Json:
    """What is answered now, without the members that were added since."""
    if isinstance(then, dict) and isinstance(now, dict):
        return {name: same_members(value, now[name]) for name, value in then.items() if name in now}
    if isinstance(then, list) and isinstance(now, list):
        return [same_members(*pair) for pair in zip_longest(then, now)]
    return now


def events_of(release: str) -> list[RecordedEvent]:
    """The events of a golden log, in the order of their positions."""
    _manifest, *lines, _proof = (LOGS / release / "export.jsonl").read_bytes().splitlines(keepends=True)
    return [read_event(line) for line in lines]


def write_data(release: str, into: Path, events: list[RecordedEvent] | None = None) -> Path:
    """Make the data directory that the release left, or would have left with these events, without what is made from others."""
    folder = LOGS / release
    into.mkdir(mode=0o700)
    with closing(sqlite3.connect(into / LOG_NAME)) as log, log:
        log.executescript((folder / "ledger.sql").read_text())
        # The file itself takes only the next event: a log with a gap is made without its guards.
        guards = log.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            log.execute(f"DROP TRIGGER {name}")
        log.executemany(_INSERT, events or events_of(release))
        for _, sql in guards:
            log.execute(sql)
    if events is None:
        with closing(sqlite3.connect(into / TREE_NAME)) as tree:
            tree.executescript((folder / "tree.sql").read_text())
    shutil.copyfile(folder / KEY_NAME, into / KEY_NAME)
    for path in into.iterdir():
        path.chmod(0o600)
    return into


def write_down(data: Path, folder: Path) -> None:
    """Write a data directory as text; what is answered and streamed is written by `hear`."""
    with opened(data / LOG_NAME) as log:
        events = list(log.events())
    note, _tiles = tree_of(data)
    key = SigningKey.open(data / KEY_NAME, make=False).verifier
    manifest = Manifest(selection={}, events=len(events), key=str(key), checkpoint=note)
    lines = [manifest_line(manifest), *map(event_line, events), proof_line([])]
    (folder / "export.jsonl").write_bytes(b"".join(lines))
    (folder / "ledger.sql").write_text(_schema(data / LOG_NAME))
    with closing(sqlite3.connect(data / TREE_NAME)) as tree:
        (folder / "tree.sql").write_text("\n".join(tree.iterdump()) + "\n")
    shutil.copyfile(data / KEY_NAME, folder / KEY_NAME)


def _schema(path: Path) -> str:
    with closing(sqlite3.connect(path)) as log:
        pragmas = [f"PRAGMA {name} = {log.execute(f'PRAGMA {name}').fetchone()[0]}" for name in _PRAGMAS]
        made = [sql for (sql,) in log.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")]
    return ";\n".join([*pragmas, *made, ""])


_PRAGMAS: Final = ("application_id", "user_version", "journal_mode")


async def answers(api: Running) -> dict[str, Any]:
    """What the service answers about everything in its log, by address."""
    found = {path: await api.get(path) for path in ("/codebases", "/tasks?limit=500")}
    for codebase in [one["id"] for one in found["/codebases"]]:
        top = f"/codebases/{codebase}"
        paths = [top, *(f"{top}/{part}" for part in ("status", "status?at=15", "sessions", "sessions?at=15", "tasks"))]
        found |= {path: await api.get(path) for path in paths}
        for session in found[f"{top}/sessions"]["sessions"]:
            path = f"{top}/messages?session_id={session['id']}"
            found[path] = await api.get(path)
    return {path: _without_today(answer) for path, answer in found.items()}


def _without_today(answer: Any) -> Any:
    """An answer without what is true on one day only."""
    members, each = fields(answer), items(answer)
    if members:
        return {name: _without_today(value) for name, value in members.items() if name != "cost_today"}
    return [_without_today(one) for one in each] if each else answer


async def streamed(api: Running, path: str, upto: int) -> bytes:
    """The frames of an event stream, from the first event to one."""
    last, body = b"\nid: %d\n" % upto, bytearray()
    async with asyncio.timeout(LIMIT), api.client.get(f"{API}{path}?last_event_id=0") as response:
        assert response.status == 200
        async for piece in response.content.iter_any():
            body += piece
            if last in body and body.endswith(b"\n\n"):
                break
    # What comes after it is not asked for: reading the whole log is an event too.
    return bytes(body[body.index(b"id: ") : body.index(b"\n\n", body.index(last)) + 2])


async def hear(api: Running, folder: Path) -> None:
    """Write down what is answered, and what is streamed."""
    found = await answers(api)
    (folder / "views.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    (folder / "events.sse").write_bytes(await streamed(api, "/events", api.service.store.head))


def frames_of(events: list[RecordedEvent], codebase: CodebaseId) -> bytes:
    """What a subscriber to one codebase is to get, byte for byte."""
    own = (event for event in events if event.stream == codebase)
    return b"".join(b"id: %d\nevent: %b\ndata: %b\n\n" % (e.sequence, e.topic.encode(), e.data) for e in own)


def sums() -> str:
    """The hashes of all files of all golden logs, in the form of sha256sum."""
    files = sorted(path for path in LOGS.rglob("*") if path.is_file() and path != SUMS)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(LOGS)}\n" for path in files)
