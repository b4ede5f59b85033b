"""The service's own events are in a stream that is no codebase: nothing takes it for one, and auditors can read it."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.golden.release import THIS_VERSION, events_of, write_data
from tests.support.command_line import run_here
from tests.support.process import Ended
from tests.support.service import API, Running

from opencode_ledger.domain.events import SERVICE
from opencode_ledger.http.routes import ROUTES

Command = Callable[..., Ended]


async def exported_once(api: Running) -> None:
    """Have something in the service's stream."""
    codebase = await api.register()
    async with api.client.get(f"{API}/codebases/{codebase}/log/export") as answer:
        assert answer.status == 200
    assert await api.service.store.stream_head(SERVICE) == 1


async def test_it_is_no_codebase(api: Running, subtests: pytest.Subtests) -> None:
    """Every address refuses it as unknown, lists don't have it, and no actor wakes for it."""
    await exported_once(api)
    for route in ROUTES:
        if "{codebase_id}" in route.path:
            path = re.sub(r"\{\w+(:[^}]+)?\}", "0", route.path.replace("{codebase_id}", SERVICE))
            with subtests.test(f"{route.method} {path}"):
                headers = {"Content-Type": "application/json"}
                async with api.client.request(route.method, path, data=b"{}", headers=headers) as answer:
                    assert (answer.status, (await answer.json())["code"]) == (404, "codebase_not_found")
    assert SERVICE not in [one["id"] for one in await api.get("/codebases")]
    assert (await api.get("/status"))["registered_codebases"] == 1
    assert await api.service.store.stream_head(SERVICE) == 1
    assert SERVICE not in api.service.supervisor._hosts  # pyright: ignore[reportPrivateUsage]


async def test_a_codebase_may_have_its_name(api: Running) -> None:
    """A codebase called `service` is found by that name as any other."""
    await exported_once(api)
    codebase = await api.register("service")
    assert (await api.get("/codebases/service"))["id"] == codebase


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line here."""
    return partial(run_here, monkeypatch, capsys)


def test_it_is_read_without_a_server(command: Command, tmp_path: Path) -> None:
    """It is verified, listed, shown and exported like the rest; it has no state to compare, and is never erased."""
    data = write_data(THIS_VERSION, tmp_path / "data")
    place = ("--data", str(data))
    assert command("audit", "verify", *place).code == 0
    listed = command("audit", "show", *place)
    assert listed.code == 0 and "of the service itself" in listed.output and "WRONG" not in listed.output
    shown = command("audit", "show", "service", *place).output
    for words in ("token added: anna (read, operate, audit)", "ben@example.org (via gateway) exported cb_"):
        assert words in shown
    compared = command("audit", "diff", "service", "0", *place)
    assert (compared.code, "audit show service" in compared.errors) == (2, True)
    out = tmp_path / "service.jsonl"
    assert command("audit", "export", "service", "--out", str(out), *place).code == 0
    assert out.read_text().count("tokens_changed") == 2
    assert command("audit", "verify", str(out)).code == 0
    erased = command("erase", "--codebase", "service", "--reason", "x", "--yes", *place)
    assert (erased.code, "not deleted" in erased.errors) == (2, True)
    assert "no content left" in command("erase", "--older-than", "36500d", "--reason", "x", "--yes", *place).output


def test_names_outlive_an_erasure() -> None:
    """Who asked for something stays known when what was said is gone."""
    emptied = [event.data for event in events_of(THIS_VERSION) if b'"erased":{' in event.data]
    assert any(b'"by":"anna"' in one for one in emptied)


def test_who_did_it_is_shown(command: Command, tmp_path: Path) -> None:
    """An auditor reads who began a session, who answered its agent, who queued, changed and erased."""
    place = ("--data", str(write_data(THIS_VERSION, tmp_path / "data")))
    sessions = command("audit", "show", "shop", *place).output
    assert "added     " in sessions and "by anna" in sessions
    first = re.findall(r"^sess_\w+", sessions, re.MULTILINE)[-1]
    story = command("audit", "show", "shop", first, *place).output
    assert "by        anna\n" in story
    assert "allowed once by anna" in story and "prompt to build on test/model by anna" in story
    compared = command("audit", "diff", "shop", "0", *place).output
    assert "began by anna" in compared and "created by local" in compared
    letters = re.findall(r"cb_\w+(?=.*attic)", command("audit", "show", *place).output)[0]
    assert "by ann (uid:" in command("audit", "diff", letters, "0", *place).output
