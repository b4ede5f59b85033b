"""Every hostile request of the tables: refused with one clear sentence, nothing in the log, a healthy server after it."""

import re
from pathlib import Path

import pytest
from tests.support.service import Running
from tests.support.wire import WireAnswer, exchange

from .addresses import ADDRESSES
from .bodies import BODIES
from .fields import FIELDS
from .rows import Hostile
from .smuggled import SMUGGLED

TABLES = {"bodies": BODIES, "fields": FIELDS, "addresses": ADDRESSES, "smuggled": SMUGGLED}

OURS = re.compile(r"Traceback|Error\b|Exception|opencode_ledger|aiohttp|pydantic|\.py\b")
"""Text that would reveal internals of the server to a client."""


async def stage(api: Running) -> dict[str, str]:
    """What the rows speak of."""
    idle, busy = await api.register("idle"), await api.register("busy")
    await api.post(f"/codebases/{busy}/trigger", {"prompt": "x"})
    await api.agent_at_work(busy)
    directory = api.directory("idle")
    for file in (directory / "file.py", api.home / "outside"):
        file.touch()
    (directory / "inside").mkdir()
    for link, to in (("link-out", "/etc"), ("link-to-link", "link-out"), ("loop", "loop")):
        (directory / link).symlink_to(to)
    api.directory("free")
    data = api.service.settings.data
    (data / "inside").mkdir()
    (api.home / "link-to-data").symlink_to(data)
    return {"idle": idle, "busy": busy, "home": str(api.home.resolve()), "data": str(data)}


@pytest.mark.parametrize("table", TABLES)
async def test_hostile_requests(api: Running, subtests: pytest.Subtests, table: str) -> None:
    """Each is a 4xx in the one shape that says in a sentence what is wrong; it changes nothing and disturbs nothing."""
    there = await stage(api)
    for number, row in enumerate(TABLES[table]):
        with subtests.test(row.name[:60]):
            head = api.service.store.head
            assert_refused(await exchange(api.port, row.sent(there)), row)
            assert api.service.store.head == head, "something was recorded"
            assert (await api.get("/readyz"))["status"] == "ok"
            await api.register(f"healthy-{number}")
    assert len(api.agents.at_work) == 1


def assert_refused(answer: WireAnswer, row: Hostile) -> None:
    assert (answer.status, answer.body.get("code")) == (row.status, row.code), answer.body
    assert set(answer.body) == {"detail", "code"}
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", answer.body["code"])
    detail = answer.body["detail"]
    assert re.fullmatch(r"[`A-Z][^\0-\x1f]{8,400}\.?", detail), detail
    assert not re.search(r"[.!?] [A-Z]", detail), f"more than one sentence: {detail}"
    assert not re.search(r"\\S|\bshould\b|\^", detail), f"a regular expression, or the library's words: {detail}"
    assert not OURS.search(detail.replace("file.py", "").replace("missing.py", "")), detail
    assert b"X-Injected" not in answer.head
    assert b"access-control" not in answer.head.lower()


def test_there_are_enough_of_them(tmp_path: Path) -> None:
    """The tables hold well over eighty requests, each under a name of its own."""
    names = [(table, row.name) for table, rows in TABLES.items() for row in rows]
    assert len(names) >= 200
    assert len(set(names)) == len(names)
