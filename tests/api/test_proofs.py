"""The log's tree over HTTP: what an auditor gets can be checked without trusting who gave it."""

import base64
from importlib import import_module
from typing import Any

import pytest
from tests.support.service import API, Running

from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.domain.proofs.batch_inclusion import root_with
from opencode_ledger.domain.proofs.export import read_event, read_manifest, read_proof
from opencode_ledger.domain.proofs.leaves import leaf_of
from opencode_ledger.domain.proofs.merkle import leaf_hash, verify_consistency
from opencode_ledger.domain.proofs.signed_notes import Checkpoint, VerifierKey, open_note
from opencode_ledger.projections.tree.signing import verify

pymerkle: Any = import_module("pymerkle")


async def raw(api: Running, path: str) -> bytes:
    async with api.client.get(API + path) as response:
        assert response.status == 200, await response.text()
        return await response.read()


async def checkpoint(api: Running) -> Checkpoint:
    """The newest checkpoint, checked with the key that the service publishes."""
    key = VerifierKey.parse((await raw(api, "/log/key")).decode())
    return Checkpoint.parse(open_note((await raw(api, "/log/checkpoint")).decode(), key, verify))


async def history(api: Running, name: str = "my-project") -> CodebaseId:
    """A codebase with something in its log."""
    codebase = await api.register(name)
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})
    await (await api.agent_at_work(codebase)).end()
    await api.post(f"/codebases/{codebase}/tasks", {"title": "t", "prompt": "y"})
    return codebase


def bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle."""
    found: list[bytes] = []
    while data:
        length = int.from_bytes(data[:2], "big")
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    return found


async def test_a_verifier_that_others_wrote_agrees(api: Running) -> None:
    """The entries served make, in pymerkle, the root that was signed, and each proof served is pymerkle's."""
    await history(api)
    head = await checkpoint(api)
    theirs = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in bundle(await raw(api, f"/log/tile/entries/000.p/{head.size}")):
        theirs.append_entry(entry)
    assert theirs.get_root(head.size) == head.root
    hashes = await raw(api, f"/log/tile/0/000.p/{head.size}")
    for position in range(1, head.size + 1):
        proved = await api.get(f"/log/proofs/inclusion?position={position}&size={head.size}")
        proof = theirs.prove_inclusion(position, head.size)
        assert [base64.b64decode(hashed) for hashed in (proved["leaf_hash"], *proved["hashes"])] == proof.path
        assert base64.b64decode(proved["leaf_hash"]) == hashes[32 * (position - 1) : 32 * position]
        assert base64.b64decode(proved["root_hash"]) == head.root


async def test_the_log_only_grows(api: Running) -> None:
    """An auditor who kept a checkpoint can prove that the log of later goes on from it."""
    await history(api)
    earlier = await checkpoint(api)
    await history(api, "other")
    later = await checkpoint(api)
    proved = await api.get(f"/log/proofs/consistency?from={earlier.size}&to={later.size}")
    hashes = [base64.b64decode(hashed) for hashed in proved["hashes"]]
    assert verify_consistency(earlier.size, later.size, hashes, earlier.root, later.root)
    assert proved["from_root_hash"] == base64.b64encode(earlier.root).decode()
    assert (await api.get(f"/log/proofs/consistency?from={earlier.size}"))["to"] >= later.size


async def test_pages_of_the_log(api: Running) -> None:
    """The pages of a codebase's log give each event once, with the hash that the tree holds."""
    codebase = await history(api)
    await history(api, "other")
    events: list[Any] = []
    after: int | None = 0
    while after is not None:
        page = await api.get(f"/codebases/{codebase}/log?after={after}&limit=3")
        events += page["events"]
        after = page["next"]
    recorded = await api.service.store.read_stream(codebase, 0, 100)  # type: ignore[arg-type]
    assert [event["sequence"] for event in events] == list(range(1, len(recorded) + 1))
    assert [(e["position"], e["type"], e["hash"]) for e in events] == [
        (r.position, r.topic, leaf_of(r).hex()) for r in recorded
    ]
    assert events[0]["data"]["action"] == "registered"


async def test_an_export_is_verifiable_alone(api: Running) -> None:
    """An export leads to the signed root with nothing but its own lines, also after the codebase was deleted."""
    await history(api, "before")
    codebase = await history(api)
    await history(api, "after")
    assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
    assert (await api.ask("GET", f"/codebases/{codebase}")).status == 404
    first, *lines, last = (await raw(api, f"/codebases/{codebase}/log/export")).splitlines(keepends=True)
    manifest = read_manifest(first)
    events = [read_event(line) for line in lines]
    assert len(events) == manifest.events
    assert [event.sequence for event in events] == list(range(1, manifest.events + 1))
    assert events == await api.service.store.read_stream(codebase, 0, 1000)  # type: ignore[arg-type]
    signed = Checkpoint.parse(open_note(manifest.checkpoint, VerifierKey.parse(manifest.key), verify))
    leaves = {event.position - 1: leaf_of(event) for event in events}
    assert root_with(leaves, signed.size, read_proof(last)) == signed.root
    forged = {**leaves, events[2].position - 1: leaf_hash(b"forged")}
    assert root_with(forged, signed.size, read_proof(last)) != signed.root


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/codebases/cb_none/log", 404, "codebase_not_found"),
        ("/codebases/cb_none/log/export", 404, "codebase_not_found"),
        ("/codebases/{}/log?after=x", 400, "invalid_input"),
        ("/codebases/{}/log?limit=0", 400, "invalid_input"),
        ("/codebases/{}/log?limit=501", 400, "invalid_input"),
        ("/log/tile/0/999", 404, "tile_not_found"),
        ("/log/tile/0/x999/x999/x999/x999/x999/x999/x999/999", 404, "tile_not_found"),
        ("/log/tile/0/0", 404, "tile_not_found"),
        ("/log/tile/0/000.p/256", 404, "tile_not_found"),
        ("/log/tile/0/000.p/257", 404, "tile_not_found"),
        ("/log/tile/0/000.p/0", 404, "tile_not_found"),
        ("/log/tile/0/000.p/200", 404, "tile_not_found"),
        ("/log/tile/7/000.p/1", 404, "tile_not_found"),
        ("/log/tile/9/000", 404, "unknown_route"),
        ("/log/tile/entries/000", 404, "tile_not_found"),
        ("/log/tile/entries/x999/999", 404, "tile_not_found"),
        ("/log/proofs/inclusion", 400, "invalid_input"),
        ("/log/proofs/inclusion?position=0", 400, "invalid_input"),
        ("/log/proofs/inclusion?position=99", 400, "no_proof"),
        ("/log/proofs/inclusion?position=2&size=1", 400, "no_proof"),
        ("/log/proofs/inclusion?position=1&size=99", 400, "no_proof"),
        ("/log/proofs/consistency?from=2&to=1", 400, "no_proof"),
        ("/log/proofs/consistency?from=1&to=99", 400, "no_proof"),
        ("/log/proofs/consistency?to=1", 400, "invalid_input"),
        ("/log/proofs/consistency?from=1&from=1", 400, "invalid_input"),
    ],
)
async def test_what_there_is_no_proof_of(api: Running, path: str, status: int, code: str) -> None:
    """What the log doesn't have is refused with what it is that isn't there."""
    codebase = await history(api)
    answer = await api.ask("GET", path.format(codebase))
    assert (answer.status, answer.body["code"]) == (status, code)
