"""The parts of the adapter that need no opencode: environment, home, trust, parser, outbox, ids, survivors."""

import asyncio
import json
import os
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opencode_ledger.actors.opencode import MARKER, OpencodeSettings, sweep_all
from opencode_ledger.actors.opencode.catalog import Catalog
from opencode_ledger.actors.opencode.host.home import prepare_home
from opencode_ledger.actors.opencode.message_ids import MessageIds
from opencode_ledger.actors.opencode.outbox import Outbox
from opencode_ledger.actors.opencode.processes.survivors import sweep
from opencode_ledger.actors.opencode.program.binary import candidates
from opencode_ledger.actors.opencode.program.environment import agent_environment, marker
from opencode_ledger.actors.opencode.sse import TOO_LONG, EventParser
from opencode_ledger.actors.opencode.untrusted.configuration import project_config, refuse_untrusted
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.errors import AgentError, AgentUnavailable, ProjectConfigUntrusted
from opencode_ledger.domain.ids import SessionId

from .live import Recorder

SESSION = SessionId("sess_1")


def environment(settings: OpencodeSettings, *, trusted: bool = False) -> dict[str, str]:
    return agent_environment(settings, marked="i:cb", password="secret", trusted=trusted)


# --- environment and home -----------------------------------------------------------------------------------------


def test_the_environment_is_chosen_not_inherited() -> None:
    """An agent sees the search path, the provider's key and the proxy, but no other secret of the server's."""
    own = {"PATH": "/usr/bin", "HOME": "/h", "ANTHROPIC_API_KEY": "k", "HTTPS_PROXY": "p", "MY_SECRET": "no"}
    chosen = environment(OpencodeSettings(instance="i", environment={**own, "LEDGER_TOKEN": "no"}))
    assert {name: chosen[name] for name in own if name in chosen} == {k: v for k, v in own.items() if k != "MY_SECRET"}
    assert "no" not in chosen.values()
    assert (chosen[MARKER], chosen["OPENCODE_SERVER_PASSWORD"]) == ("i:cb", "secret")
    assert chosen["OPENCODE_DISABLE_PROJECT_CONFIG"] == "1"
    assert "OPENCODE_DISABLE_MODELS_FETCH" not in chosen


def test_a_trusted_codebase_keeps_its_own_configuration() -> None:
    """opencode's switch against a codebase's configuration is off for a trusted one."""
    assert "OPENCODE_DISABLE_PROJECT_CONFIG" not in environment(OpencodeSettings(instance="i"), trusted=True)


def test_sharing_and_updating_are_off_whatever_the_configuration_says() -> None:
    """The given configuration reaches the agent, but it can neither share sessions nor update itself."""
    settings = OpencodeSettings(instance="i", config={"model": "a/b", "share": "auto"}, config_file=Path("/c.json"))
    chosen = environment(settings)
    assert json.loads(chosen["OPENCODE_CONFIG_CONTENT"]) == {"model": "a/b", "share": "disabled", "autoupdate": False}
    assert chosen["OPENCODE_CONFIG"] == "/c.json"


def test_a_private_home_holds_everything_and_needs_no_install(tmp_path: Path) -> None:
    """All of opencode's directories lie in the private home, seeded so that nothing is installed, and kept as they are."""
    settings = OpencodeSettings(instance="i", home=tmp_path / "home")
    chosen = environment(settings)
    assert all(chosen[name].startswith(str(tmp_path)) for name in chosen if name.startswith(("XDG_", "HOME")))
    assert chosen["OPENCODE_DISABLE_MODELS_FETCH"] == "1"
    prepare_home(tmp_path / "home")
    seed = tmp_path / "home/.config/opencode/package.json"
    assert "@opencode-ai/plugin" in seed.read_text()
    seed.write_text("mine")
    prepare_home(tmp_path / "home")
    assert seed.read_text() == "mine"


def test_the_projects_own_ripgrep_is_found_last(tmp_path: Path) -> None:
    """Where the search path has no ripgrep, the project's own tools are added at its end."""
    rg = tmp_path / "tools/bin/rg"
    rg.parent.mkdir(parents=True)
    rg.write_text("#!/bin/sh\n")
    rg.chmod(0o755)
    own = {"PATH": str(tmp_path)}
    settings = OpencodeSettings(instance="i", environment=own, tools_dir=tmp_path / "tools")
    assert environment(settings)["PATH"] == f"{tmp_path}:{rg.parent}"


def test_the_binary_is_found_in_order(tmp_path: Path) -> None:
    """A given executable wins, then the search path, then the project's own; a wrong one is refused with advice."""
    own = tmp_path / "tools/bin/opencode"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\n")
    with pytest.raises(AgentUnavailable, match="can't be executed"):
        candidates(own)
    own.chmod(0o755)
    assert candidates(own, path=str(own.parent)) == [own]
    assert candidates(None, tmp_path / "tools", path=str(tmp_path)) == [own]
    first = tmp_path / "first/opencode"
    first.parent.mkdir()
    first.write_text("#!/bin/sh\n")
    first.chmod(0o755)
    (tmp_path / "links").mkdir()
    (tmp_path / "links/opencode").symlink_to(first)
    path = f"{tmp_path}::{first.parent}:{tmp_path / 'links'}:{first.parent}"
    assert candidates(None, tmp_path / "tools", path=path) == [first, own]
    with pytest.raises(AgentUnavailable, match="not found"):
        candidates(None, None, path=str(tmp_path))


# --- trust --------------------------------------------------------------------------------------------------------


def test_a_codebases_configuration_is_found_up_to_the_repositorys_root(tmp_path: Path) -> None:
    """Configuration in the directory, above it up to the root, and behind links is found; beyond the root it is not."""
    inside = tmp_path / "repo/sub/dir"
    inside.mkdir(parents=True)
    for name in ("HEAD", "objects", "refs"):
        (tmp_path / "repo/.git" / name).mkdir(parents=True)
    (tmp_path / "opencode.json").write_text("{}")
    assert project_config(str(inside)) == []
    refuse_untrusted(str(inside))
    (tmp_path / "repo/.opencode").symlink_to(tmp_path / "nowhere")
    (inside / "opencode.jsonc").write_text("{}")
    (tmp_path / "link").symlink_to(inside)
    assert project_config(str(tmp_path / "link")) == [str(inside / "opencode.jsonc"), str(tmp_path / "repo/.opencode")]
    with pytest.raises(ProjectConfigUntrusted, match=r"opencode\.jsonc.*trusted"):
        refuse_untrusted(str(inside))


def test_outside_of_a_repository_everything_above_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a repository opencode looks all the way up, and so does the check; the user's own home is no codebase's."""
    inside = tmp_path / "plain/inside"
    (inside / ".git").mkdir(parents=True)
    (tmp_path / "plain/.opencode").mkdir()
    assert project_config(str(inside)) == [str(tmp_path / "plain/.opencode")]
    monkeypatch.setenv("HOME", str(tmp_path / "plain"))
    assert project_config(str(inside)) == []
    (inside / ".opencode").mkdir()
    assert project_config(str(inside)) == [str(inside / ".opencode")]


def test_the_root_that_opencode_sees_is_what_counts(tmp_path: Path) -> None:
    """What looks like a repository but is none to opencode does not hide what lies above it."""
    inside = tmp_path / "repo/inside"
    for name in ("HEAD", "objects", "refs"):
        (inside / ".git" / name).mkdir(parents=True)
    (tmp_path / "repo/opencode.json").write_text("{}")
    assert project_config(str(inside)) == []
    assert project_config(str(inside), root=str(tmp_path / "repo")) == [str(tmp_path / "repo/opencode.json")]
    (tmp_path / "worktree").mkdir()
    (tmp_path / "worktree/.git").write_text(f"gitdir: {inside}/.git\n")
    assert project_config(str(tmp_path / "worktree")) == []


# --- the parser ---------------------------------------------------------------------------------------------------


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.text(), st.text()), max_size=5), st.data())
def test_events_are_read_however_the_bytes_are_cut(events: list[dict[str, str]], data: st.DataObject) -> None:
    """The same events are read from a stream, wherever the network cuts it."""
    stream = b"".join(b"data: " + orjson.dumps(event) + b"\n\n" for event in events)
    parser, read, rest = EventParser(10_000_000), list[object](), stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        read += parser.feed(rest[:size])
        rest = rest[size:]
    assert read == events
    assert parser.dropped == 0


def test_a_line_beyond_the_limit_is_dropped_and_no_more() -> None:
    """An event that is too long is passed over in bounded memory, and the one after it is read."""
    parser = EventParser(100)
    read = [event for _ in range(1000) for event in parser.feed(b"data: " + b"x" * 1000)]
    read += parser.feed(b'\ndata: {"a":1}\nnonsense\ndata: {half\n')
    assert read == [TOO_LONG, {"a": 1}]
    assert parser.dropped == 2


# --- the outbox ---------------------------------------------------------------------------------------------------


def piece(content: str, part: str = "p", *, replaces: bool = False) -> f.TextStreamed:
    return f.TextStreamed(
        session_id=SESSION, kind="text", content=content, message_id="m", part_id=part, replaces=replaces
    )


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


async def test_text_is_gathered_and_order_is_kept(recorder: Recorder) -> None:
    """Pieces of one part that come together leave as one; other facts keep their place, and a replacing piece its own."""
    outbox = Outbox(recorder.deliver, 0.01, 1_000_000)
    outbox.put(
        [piece("a"), piece("b"), f.AgentDied(reason="x"), piece("c"), piece("d", replaces=True), piece("e", "q")]
    )
    running = asyncio.create_task(outbox.run())
    await outbox.flushed()
    running.cancel()
    said = [fact.content if isinstance(fact, f.TextStreamed) else "died" for fact in recorder.facts]
    assert said == ["ab", "died", "c", "d", "e"]
    assert outbox.size == 0


async def test_one_delivery_at_a_time_and_the_reader_waits_for_room(recorder: Recorder) -> None:
    """While a delivery is not committed the next one waits, and beyond the backlog the reader is held back."""
    outbox = Outbox(recorder.deliver, 0.0, 1000)
    running = asyncio.create_task(outbox.run())
    recorder.gate.clear()
    outbox.put([piece("x" * 5000)])
    waiting = asyncio.create_task(outbox.room())
    done, _ = await asyncio.wait({waiting}, timeout=0.05)
    assert not done
    assert recorder.batches == []
    recorder.gate.set()
    await waiting
    assert len(recorder.batches) == 1
    running.cancel()


async def test_an_actor_that_is_gone_stops_nothing() -> None:
    """Facts that nobody takes any longer are dropped, and waiting for their delivery ends."""

    async def refuse(_: tuple[f.Fact, ...]) -> None:
        raise AgentError("The actor is gone.")

    outbox = Outbox(refuse, 0.0, 1000)
    running = asyncio.create_task(outbox.run())
    outbox.put([piece("x")])
    async with asyncio.timeout(5):
        await outbox.flushed()
    running.cancel()


# --- the rest -----------------------------------------------------------------------------------------------------


def test_message_ids_ascend() -> None:
    """Ids for messages sort in the order of their making, as opencode's own do."""
    ids = MessageIds()
    made = [ids.next() for _ in range(5000)]
    assert made == sorted(set(made))
    assert all(len(made_id) == len("msg_") + 26 for made_id in made)


def test_the_default_model_is_configured_or_a_sonnet_or_the_providers_own() -> None:
    """Without a configured model a Claude Sonnet is taken, the newest of Anthropic's first; else the provider's default."""
    claude = {"claude-sonnet-4-5": {"release_date": "2025-09-29"}, "claude-sonnet-4": {"release_date": "2025-05-22"}}
    anthropic = {"id": "anthropic", "name": "Anthropic", "models": claude}
    reseller = {"id": "reseller", "models": {"claude-sonnet-9": {"release_date": "2027-01-01"}, "z": {}}}
    both = {"providers": [reseller, anthropic], "default": {"reseller": "z"}}
    assert Catalog(both, [], {"model": "reseller/z"}).default_model() == "reseller/z"
    assert Catalog(both, [], {"model": "gone/gone"}).default_model() == "anthropic/claude-sonnet-4-5"
    models: dict[str, object] = {"one": {}, "two": {}}
    other = {"providers": [{"id": "o", "models": models}], "default": {"o": "two"}}
    assert Catalog(other, [], {}).default_model() == "o/two"
    with pytest.raises(AgentError, match="no usable model"):
        Catalog({}, [], {}).default_model()


async def test_only_processes_with_the_exact_marker_are_ended() -> None:
    """A sweep ends the processes of its own instance or codebase, and touches no other, however similar its marker."""

    async def start(value: str) -> asyncio.subprocess.Process:
        environment = {**os.environ, MARKER: value}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", "import time; print(flush=True); time.sleep(600)", env=environment, stdout=-1
        )

    values = [marker("swept", "cb_1"), marker("swept", "cb_12"), marker("swept2", "cb_1"), "swept"]
    processes = [await start(value) for value in values]
    try:
        for process in processes:
            assert process.stdout is not None
            await process.stdout.readline()
        assert await sweep("swept", "cb_1") == 1
        assert await processes[0].wait() == -9
        assert await sweep_all("swept") == 1
        assert await processes[1].wait() == -9
        assert [process.returncode for process in processes[2:]] == [None, None]
    finally:
        for process in processes[2:]:
            process.kill()
            await process.wait()
