"""Writes docs/audit-vectors.json: exports, sound and not, for those who write a verifier: python -m scripts.make_audit_vectors

Each case has a name, the lines of the file, and the verdict: `sound`, `not sound`, or `refused` for what is no export or
is signed by another key. The log is small and the key's seed is known, so the file is always the same.
"""

import json
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from opencode_ledger.domain.erasure.tombstones import tombstone_of
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.proofs.batch_inclusion import spans_beside
from opencode_ledger.domain.proofs.export import Manifest, event_line, manifest_line, proof_line
from opencode_ledger.domain.proofs.growing_tree import GrowingTree
from opencode_ledger.domain.proofs.leaves import leaf_of
from opencode_ledger.domain.proofs.merkle import span_hash
from opencode_ledger.domain.proofs.signed_notes import Checkpoint, VerifierKey, sign_note
from opencode_ledger.domain.proofs.tiles import node_in

PAGE: Final = Path(__file__).resolve().parents[1] / "docs/audit-vectors.json"
SEED: Final = bytes(range(32))
SHOP, API = CodebaseId("cb_shop"), CodebaseId("cb_api")

Verdict = Literal["sound", "not sound", "refused"]
Lines = list[bytes]
Case = tuple[str, Lines, Verdict]


def the_log() -> list[RecordedEvent]:
    """Eleven events of two codebases; the fourth was erased, as the last one says."""
    log: list[RecordedEvent] = []

    def add(stream: CodebaseId, topic: str, **members: object) -> None:
        sequence = Sequence(sum(event.stream == stream for event in log) + 1)
        said = {**members, "timestamp": f"2026-11-30T08:04:{len(log):02}.000Z"}
        data = json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()
        log.append(RecordedEvent(Position(len(log) + 1), stream, sequence, topic, data))

    for number in range(10):
        stream = API if number % 3 == 2 else SHOP
        add(stream, "output", content=f"Line {number} – “as said”", session_id=f"sess_{number % 2}")
    blank = tombstone_of(log[3], Position(11)) or b""
    log[3] = log[3]._replace(data=blank)
    add(SHOP, "erasure", reason="On request", erased_by="anna", tombstones={"4": sha256(blank).hexdigest()})
    return log


class Example:
    """The log with its tree, its key, and a checkpoint of all of it."""

    def __init__(self) -> None:
        self.log, self.private, tree = the_log(), Ed25519PrivateKey.from_private_bytes(SEED), GrowingTree()
        self.key = VerifierKey("example.org/log", self.private.public_key().public_bytes_raw())
        tree.extend([leaf_of(event) for event in self.log])
        self.root, self.tiles = tree.root(), tree.take()
        self.checkpoint = Checkpoint(self.key.name, len(self.log), self.root)
        self.note = sign_note(self.checkpoint.text, self.key, self.private.sign)

    def export(self, selection: dict[str, Any], events: list[RecordedEvent], count: int | None = None) -> Lines:
        """An export of these events, with the proof that they are in the log."""
        beside = spans_beside(sorted({event.position - 1 for event in events}), len(self.log))
        number = len(events) if count is None else count
        manifest = Manifest(selection=selection, events=number, key=str(self.key), checkpoint=self.note)
        hashes = [span_hash(span, partial(node_in, self.tiles)) for span in beside]
        return [manifest_line(manifest), *map(event_line, events), proof_line(hashes)]

    def of(self, stream: CodebaseId, session: str | None = None) -> list[RecordedEvent]:
        """The events of a codebase, or of a session in it."""
        named = f'"session_id":"{session}"'.encode()
        return [event for event in self.log if event.stream == stream and (session is None or named in event.data)]


def cases() -> list[Case]:
    """Every case, in the order of the file."""
    here = Example()
    shop, session = here.of(SHOP), here.of(SHOP, "sess_0")
    codebase: dict[str, Any] = {"codebase_id": SHOP, "from": 1, "to": len(shop)}
    one: dict[str, Any] = {
        "codebase_id": SHOP, "from": session[0].sequence, "to": session[-1].sequence, "session_id": "sess_0"
    }  # fmt: skip
    sound = here.export(codebase, shop)
    return [
        ("a codebase", sound, "sound"),
        ("the whole log", here.export({}, here.log), "sound"),
        ("a range", here.export({**codebase, "from": 2, "to": 4}, shop[1:4]), "sound"),
        ("one event", here.export({**codebase, "from": 3, "to": 3}, shop[2:3]), "sound"),
        ("a session", here.export(one, session), "sound"),
        *parts(here, codebase, shop),
        *manifests(here, codebase, shop),
        *changed_lines(sound),
        *tombstones(here, codebase, shop),
    ]


def parts(here: Example, codebase: dict[str, Any], shop: list[RecordedEvent]) -> list[Case]:
    """Some of the events, proved again under the same manifest."""
    other = here.of(API)
    some: dict[str, list[RecordedEvent]] = {
        "the first event is missing": shop[1:],
        "the last event is missing": shop[:-1],
        "an event in the middle is missing": shop[:2] + shop[3:],
        "no event at all": [],
        "an event twice": [*shop[:2], shop[1], *shop[2:]],
        "two events in another order": [shop[1], shop[0], *shop[2:]],
        "an event of another codebase": sorted([*shop, other[0]]),
    }
    made: list[Case] = [(name, here.export(codebase, events, len(shop)), "not sound") for name, events in some.items()]
    return [*made, ("another number of events", here.export(codebase, shop, len(shop) + 1), "not sound")]


def manifests(here: Example, codebase: dict[str, Any], shop: list[RecordedEvent]) -> list[Case]:
    """Other claims about the same events."""
    claims: dict[str, tuple[dict[str, Any], Verdict]] = {
        "as of another codebase": ({**codebase, "codebase_id": API}, "not sound"),
        "as if it began later": ({**codebase, "from": 2}, "not sound"),
        "as if it went on": ({**codebase, "to": len(shop) + 1}, "not sound"),
        "as the whole log": ({}, "not sound"),
        "as a session": ({**codebase, "session_id": "sess_0"}, "not sound"),
        "with a member that means nothing": ({**codebase, "note": "all is well"}, "refused"),
        "without an end": ({"codebase_id": SHOP, "from": 1}, "refused"),
        "with a truth value for a number": ({**codebase, "from": True}, "refused"),
        "with a fraction": ({**codebase, "from": 1.0}, "refused"),
        "from nothing": ({**codebase, "from": 0}, "refused"),
        "with a session that is no text": ({**codebase, "session_id": None}, "refused"),
    }
    return [(f"claimed {name}", here.export(claim, shop), verdict) for name, (claim, verdict) in claims.items()]


def changed_lines(sound: Lines) -> list[Case]:
    """A sound export, changed here and there."""
    other = VerifierKey(
        "example.org/log", Ed25519PrivateKey.from_private_bytes(SEED[::-1]).public_key().public_bytes_raw()
    )
    first = json.loads(sound[0])

    def manifest(change: Callable[[bytes], bytes]) -> Lines:
        return [change(sound[0]), *sound[1:]]

    def replaced(line: int, old: bytes, new: bytes) -> Lines:
        assert old in sound[line], old
        return [*sound[:line], sound[line].replace(old, new, 1), *sound[line + 1 :]]

    size, signature = b"\\n11\\n", first["checkpoint"].rpartition(" ")[2].encode()[:8]
    made: dict[str, tuple[Lines, Verdict]] = {
        "a word of an event": (replaced(1, b"Line 0", b"Line 9"), "not sound"),
        "a time": (replaced(1, b"08:04:00", b"08:04:01"), "not sound"),
        "an event's number in its codebase": (replaced(2, b'"sequence":2', b'"sequence":3'), "not sound"),
        "an event's number in the log": (replaced(2, b'"position":2', b'"position":3'), "not sound"),
        "an event's kind": (replaced(1, b'"type":"output"', b'"type":"status"'), "not sound"),
        "an event's codebase": (replaced(1, b'"cb_shop"', b'"cb_api"'), "not sound"),
        "a blank in an event": (replaced(1, b'{"content"', b'{ "content"'), "not sound"),
        "a blank in the manifest": (manifest(lambda line: line.replace(b":", b": ", 1)), "refused"),
        "a member twice in the manifest": (manifest(lambda line: line.replace(b"{", b'{"events":8,', 1)), "refused"),
        "another format": (replaced(0, b"export v1", b"export v2"), "refused"),
        "another key": (manifest(lambda line: line.replace(first["key"].encode(), str(other).encode())), "refused"),
        "a key and its id that disagree": (replaced(0, first["key"].split("+")[1].encode(), b"00000000"), "refused"),
        "a larger log": (replaced(0, size, b"\\n12\\n"), "refused"),
        "a byte of the signature": (manifest(lambda line: line.replace(signature, signature[:-1] + b"B")), "refused"),
        "a second signature": (manifest(lambda line: line.replace(b'\\n"}', '\\n— x AAAAAAAA\\n"}'.encode())), "refused"),
        "no proof": (sound[:-1], "refused"),
        "something after the proof": ([*sound, sound[1]], "refused"),
        "the last line feed": ([*sound[:-1], sound[-1].rstrip(b"\n")], "refused"),
        "no hash in the proof": ([*sound[:-1], b'{"proof":[]}\n'], "not sound"),
        "a hash too many": ([*sound[:-1], sound[-1].replace(b"[", b'["' + b"A" * 43 + b'=",', 1)], "not sound"),
        "nothing for a hash in the proof": ([*sound[:-1], b'{"proof":[null]}\n'], "refused"),
        "a line that is no event": ([*sound[:2], b"{}\n", *sound[2:]], "refused"),
        "nothing": ([], "refused"),
    }  # fmt: skip
    return [(f"changed: {name}", lines, verdict) for name, (lines, verdict) in made.items()]


def tombstones(here: Example, codebase: dict[str, Any], shop: list[RecordedEvent]) -> list[Case]:
    """Events that look erased."""

    def with_second(data: bytes) -> Lines:
        return here.export(codebase, [shop[0], shop[1]._replace(data=data), *shop[2:]])

    erased = shop.index(here.log[3])
    words = shop[erased].data.replace(b'"content":""', b'"content":"I did it"')
    number = shop[erased].data.replace(b'"2026-11-30T08:04:03.000Z"', b"1e5")
    part = {**codebase, "from": erased + 1, "to": erased + 1}
    return [
        ("an erased event without its erasure", here.export(part, [shop[erased]]), "sound"),
        ("words in an erased event", here.export(part, [shop[erased]._replace(data=words)]), "not sound"),
        ("an odd number in an erased event", here.export(part, [shop[erased]._replace(data=number)]), "not sound"),
        ("erased by an event that says nothing of it", with_second(tombstone_of(shop[1], Position(11)) or b""), "not sound"),
        ("erased by an earlier event", with_second(tombstone_of(shop[1], Position(1)) or b""), "not sound"),
        ("erased by an event beyond the log", with_second(tombstone_of(shop[1], Position(12)) or b""), "not sound"),
    ]  # fmt: skip


def text() -> str:
    """The whole file."""
    listed = [
        {"name": name, "verdict": verdict, "export": b"".join(lines).decode()} for name, lines, verdict in cases()
    ]
    example = Example()
    return json.dumps({"key": str(example.key), "cases": listed}, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    print(f"written: {PAGE.name}")
