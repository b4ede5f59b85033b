"""What earlier versions have recorded, read by this one: each release's whole log is kept here as text, for ever.

The next release's is made by `.venv/bin/python -m scripts.make_golden_log`.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.golden.release import (
    LOGS,
    SUMS,
    THIS_VERSION,
    answers,
    answers_of,
    events_of,
    frames_of,
    releases,
    same_members,
    streamed,
    sums,
    write_data,
)
from tests.support.service import Running, becomes, running

from opencode_ledger.domain.codebase.decision import fold
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.codebase.state import INITIAL
from opencode_ledger.domain.events import REGISTRY
from opencode_ledger.domain.events.wire import UnknownEvent, decode
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.domain.proofs.export import read_manifest
from opencode_ledger.domain.proofs.growing_tree import GrowingTree
from opencode_ledger.domain.proofs.leaves import leaf_of
from opencode_ledger.domain.proofs.signed_notes import Checkpoint, VerifierKey, open_note
from opencode_ledger.http.offline.verify import verify_data
from opencode_ledger.http.offline.verify_export import verify_export
from opencode_ledger.http.settings import Settings
from opencode_ledger.projections.tree.signing import verify

AGAIN = "see scripts/make_golden_log.py"


@pytest.fixture(params=releases())
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def data(release: str, tmp_path: Path) -> Path:
    """A copy of the data directory that the release left."""
    return write_data(release, tmp_path / "data")


@pytest.fixture
async def api(data: Path, tmp_path: Path) -> AsyncIterator[Running]:
    """This version, started on that copy."""
    async with running(Settings(data=data, max_agents=2), tmp_path / "home") as service:
        yield service


def test_every_version_has_a_golden_log() -> None:
    """No version goes out without its golden log."""
    assert THIS_VERSION in releases(), AGAIN


def test_no_golden_log_was_changed() -> None:
    """Golden logs are added and never changed: their files are those that were summed up when they were made."""
    assert sums() == SUMS.read_text(), AGAIN


def test_a_golden_log_holds_every_kind() -> None:
    """This version's golden log has every kind of event that this version records."""
    kinds = {type(decode(event)) for event in events_of(THIS_VERSION)}
    assert {*REGISTRY.values()} - kinds == set(), f"{AGAIN}; tests/golden/story.py is what happens"


def test_old_events_are_understood(release: str) -> None:
    """Every event that a release recorded is still known, and each codebase's state is still made of them."""
    events = events_of(release)
    assert not [event for event in map(decode, events) if isinstance(event, UnknownEvent)]
    states = {
        codebase: fold(INITIAL, (decode(event) for event in events if event.stream == codebase))
        for codebase in dict.fromkeys(event.stream for event in events)
    }
    names = {state.codebase.name: state.phase for state in states.values() if state.codebase}
    assert names == {"shop": Phase.INTERRUPTED, "warehouse": Phase.IDLE, "attic": Phase.DELETED}


def test_the_tree_has_the_same_root(release: str) -> None:
    """The tree rebuilt from a release's events has the root that the release signed."""
    manifest = read_manifest((LOGS / release / "export.jsonl").read_bytes().splitlines(keepends=True)[0])
    signed = Checkpoint.parse(open_note(manifest.checkpoint, VerifierKey.parse(manifest.key), verify))
    tree = GrowingTree()
    for event in events_of(release):
        tree.add(leaf_of(event))
    assert (tree.size, tree.root()) == (signed.size, signed.root)


def test_a_release_s_files_are_verified(release: str, data: Path) -> None:
    """A release's export and its data directory are still found sound, and all of it signed."""
    for verdict in (
        verify_export(LOGS / release / "export.jsonl", (), None, untold),
        verify_data(data, (), None, untold),
    ):
        assert verdict.sound and verdict.result.checked
        assert verdict.result.checked[-1].size == verdict.result.events == len(events_of(release))


async def test_a_release_s_log_is_shown_as_it_was(api: Running, release: str) -> None:
    """A server on a release's log answers and streams what that release did, and records nothing by its start."""
    events = events_of(release)
    assert api.service.store.head == len(events)
    then = answers_of(release)
    assert same_members(then, await answers(api)) == then
    assert await streamed(api, "/events", len(events)) == (LOGS / release / "events.sse").read_bytes()
    for codebase in await api.get("/codebases"):
        own = frames_of(events, codebase["id"])
        last = own.count(b"\n\n")
        assert await streamed(api, f"/codebases/{codebase['id']}/events", last) == own


async def test_a_release_s_log_goes_on(api: Running, release: str, data: Path) -> None:
    """On a release's log work goes on: an old session ends, what waited behind it has its turn, a new codebase gets to work."""
    shop = CodebaseId(next(one["id"] for one in await api.get("/codebases") if one["name"] == "shop"))
    before = sum(event.stream == shop for event in events_of(release))
    waiting = next(
        task["id"] for task in (await api.get(f"/codebases/{shop}/tasks"))["tasks"] if task["status"] == "pending"
    )
    await api.post(f"/codebases/{shop}/stop")
    await (await api.agent_at_work(shop)).end("Done at last.")
    await becomes(lambda: result_of(api, waiting), "Done at last.")
    page = await api.get(f"/codebases/{shop}/log?after={before}&limit=3")
    assert [event["sequence"] for event in page["events"]] == [before + 1, before + 2, before + 3]
    new = await api.register("new")
    await api.post(f"/codebases/{new}/trigger", {"prompt": "Begin"})
    await (await api.agent_at_work(new)).end()
    await api.service.tree.checkpoint()
    verdict = await asyncio.to_thread(verify_data, data, (), None, untold)
    assert verdict.sound


async def result_of(api: Running, task: str) -> object:
    """What a task has come to."""
    return (await api.get(f"/tasks/{task}")).get("result")


def untold(_done: int, _of: int) -> None:
    """Nobody looks at the progress."""
