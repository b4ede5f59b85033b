"""The golden logs with their proofs by `domain/proofs`, and what a forger who has the key could sign, as JSON for Node."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from opencode_ledger.domain.erasure.tombstones import tombstone_of
from opencode_ledger.domain.events.members import FREE, NESTED, ON_THE_WIRE
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import Position
from opencode_ledger.domain.proofs.export import read_event
from opencode_ledger.domain.proofs.leaves import leaf_of
from opencode_ledger.domain.proofs.merkle import (
    EMPTY_ROOT,
    Node,
    Span,
    consistency_spans,
    inclusion_spans,
    join,
    node_hash,
    nodes_of,
    span_hash,
)
from opencode_ledger.domain.proofs.signed_notes import Checkpoint, VerifierKey, sign_note
from opencode_ledger.projections.tree.signing import SigningKey

LOGS = Path(__file__).parents[1] / "golden/logs"
SIZES = (0, 1, 2, 3, 64, 100, 255, 256)
"""Sizes of the earlier checkpoints: empty, powers of two, between them."""


def all_golden() -> list[dict[str, Any]]:
    """Each golden log, the newest version last."""
    places = [place for place in LOGS.iterdir() if place.is_dir()]
    return [golden(place) for place in sorted(places, key=lambda place: _version(place.name))]


def golden(place: Path) -> dict[str, Any]:
    """A golden log as the page's tests need it."""
    lines = (place / "export.jsonl").read_bytes().splitlines(keepends=True)
    events = [read_event(line) for line in lines[1:-1]]
    leaves = [leaf_of(event) for event in events]
    key = SigningKey.open(place / "checkpoint.key", make=False)
    sizes = [*SIZES, len(leaves)]
    return {
        "key": str(key.verifier),
        "size": len(leaves),
        "export": (lines[0] + lines[1]).decode(),
        "notes": [_note(key, _root(leaves[:size]), size) for size in sizes],
        "pages": _pages(events),
        "inclusion": {
            f"{at + 1} {size}": _proof(leaves, inclusion_spans(at, size))
            for size in (100, len(leaves))
            for at in range(size)
        },
        "consistency": {
            f"{size} {len(leaves)}": _proof(leaves, consistency_spans(size, len(leaves))) for size in sizes
        },
        "members": {"LEFT": sorted(ON_THE_WIRE), "NESTED": sorted(NESTED), "FREE": sorted(FREE)},
        "tombstones": _tombstones(events),
        **_forged(key, leaves),
    }


def _tombstones(events: Sequence[RecordedEvent]) -> dict[int, str]:
    """What an erasure by the event after the last one would leave of each event that has content."""
    left = ((event.position, tombstone_of(event, Position(len(events) + 1))) for event in events)
    return {position: data.decode() for position, data in left if data is not None}


def _forged(key: SigningKey, leaves: list[bytes]) -> dict[str, Any]:
    """What the key's owner could sign that is not the log; `forged` has the best proofs for it."""
    size, name = len(leaves), key.verifier.name
    changed = [leaves[0][::-1], *leaves[1:]]
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    imposter = VerifierKey(name, stranger.public_key().public_bytes_raw())
    text = Checkpoint(name, size, _root(leaves)).text
    return {
        "imposter": {"key": str(imposter), "note": sign_note(text, imposter, stranger.sign)},
        "foreign": _note(key, _root(leaves), size, "another-log"),
        "nameless": _note(key, _root(leaves), size, ""),
        "endless": _note(key, _root(leaves), 10**18),
        "rewritten": _note(key, _root(changed), size),
        "grown": _note(key, _root([*changed, leaves[0]]), size + 1),
        "forged": {f"{size} {size + 1}": _proof([*changed, leaves[0]], consistency_spans(size, size + 1))},
    }


def _note(key: SigningKey, root: bytes, size: int, origin: str | None = None) -> str:
    name = key.verifier.name if origin is None else origin
    return sign_note(Checkpoint(name, size, root).text, key.verifier, key.sign)


def _pages(events: Sequence[RecordedEvent]) -> list[dict[str, str]]:
    """The log's events by codebase, each as the text that the service answers."""
    pages: list[dict[str, str]] = []
    for stream in dict.fromkeys(event.stream for event in events):
        listed = [
            {
                "sequence": e.sequence,
                "position": e.position,
                "type": e.topic,
                "data": orjson.Fragment(e.data),
                "hash": "",
            }
            for e in events
            if e.stream == stream
        ]
        page = orjson.dumps({"events": listed, "head": len(listed), "next": None}).decode()
        pages.append({"stream": stream, "text": page})
    return pages


def _root(leaves: Sequence[bytes]) -> bytes:
    return span_hash(Span(0, len(leaves)), lambda node: _node(leaves, node)) if leaves else EMPTY_ROOT


def _proof(leaves: Sequence[bytes], spans: Sequence[Span]) -> dict[str, list[str]]:
    hashes = [join([_node(leaves, node) for node in nodes_of(span)]) for span in spans]
    return {"hashes": [base64.b64encode(hashed).decode() for hashed in hashes]}


def _node(leaves: Sequence[bytes], node: Node) -> bytes:
    level = list(leaves[node.number << node.level : (node.number + 1) << node.level])
    while len(level) > 1:
        level = [node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def _version(name: str) -> tuple[int, ...]:
    """A version's order: an alpha comes before its release."""
    release, _, alpha = name.partition("a")
    return (*map(int, release.split(".")), int(alpha or 10**6))


def write_golden(file: Path) -> None:
    """All golden logs as one file."""
    file.write_text(json.dumps(all_golden()))
