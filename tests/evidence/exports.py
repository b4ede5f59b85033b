"""Hostile exports: each is made of a sound one, or of nothing."""

import base64
import gzip
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.proofs.export import Manifest, event_line, manifest_line, proof_line, read_manifest
from opencode_ledger.domain.proofs.signed_notes import VerifierKey, sign_note

Lines = list[bytes]
Make = Callable[[Path, Lines, Path], object]

MIB: Final = 2**20


def lines(change: Callable[[Lines], Any]) -> Make:
    """A change of the lines of a sound export."""

    def make(path: Path, sound: Lines, _decoy: Path) -> None:
        path.write_bytes(b"".join(change(list(sound)) or []))

    return make


def first(change: Callable[[bytes], bytes]) -> Make:
    """A change of the manifest."""
    return lines(lambda sound: [change(sound[0]), *sound[1:]])


def event(change: Callable[[bytes], bytes]) -> Make:
    """A change of the third event's line."""
    return lines(lambda sound: [*sound[:3], change(sound[3]), *sound[4:]])


def proof(line: bytes) -> Make:
    """Another line in the place of the proof."""
    return lines(lambda sound: [*sound[:-1], line])


def member(name: str, value: Any) -> Make:
    """Another value in the manifest."""

    def change(line: bytes) -> bytes:
        return json.dumps(json.loads(line) | {name: value}, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

    return first(change)


def signed(text: Callable[[str], str], more: str = "") -> Make:
    """A checkpoint that says what its signer likes, with a key of their own."""

    def make(path: Path, sound: Lines, _decoy: Path) -> None:
        private = Ed25519PrivateKey.generate()
        manifest = read_manifest(sound[0])
        key = VerifierKey("mine", private.public_key().public_bytes_raw())
        old = manifest.checkpoint.rpartition("\n\n")[0] + "\n"
        note = sign_note(text(old), key, private.sign) + more
        mine = Manifest(selection=manifest.selection, events=manifest.events, key=str(key), checkpoint=note)
        path.write_bytes(b"".join([manifest_line(mine), *sound[1:]]))

    return make


def sized(size: str) -> Callable[[str], str]:
    return lambda text: re.sub(r"\n\d+\n", f"\n{size}\n", text)


def far_event(position: int) -> bytes:
    return event_line(RecordedEvent(Position(position), CodebaseId("cb_x"), Sequence(1), "x", b"{}"))


def tombstone(path: Path, sound: Lines, _decoy: Path) -> None:
    """An event that says it was erased, nested deeper than anything can be read."""
    data = b'{"answer":' + b'{"a":' * 1000 + b"1" + b"}" * 1000
    data += b',"erased":{"by":1,"sha256":"' + b"0" * 64 + b'"}}'
    made = RecordedEvent(Position(3), CodebaseId("cb_x"), Sequence(3), "request", data)
    path.write_bytes(b"".join([*sound[:3], event_line(made), *sound[4:]]))


def erasure(data: bytes) -> Make:
    made = RecordedEvent(Position(3), CodebaseId("cb_x"), Sequence(3), "erasure", data)
    return lines(lambda sound: [*sound[:3], event_line(made), *sound[4:]])


def link(to: str) -> Make:
    return lambda path, _sound, decoy: path.symlink_to(decoy / to)


def sparse(path: Path, sound: Lines, _decoy: Path) -> None:
    path.write_bytes(sound[0])
    os.truncate(path, 2**41)


def long_line(path: Path, sound: Lines, _decoy: Path) -> None:
    """A line of a gigabyte, of which nothing is on the disk."""
    path.write_bytes(sound[0])
    os.truncate(path, 2**30)


def bomb(path: Path, sound: Lines, _decoy: Path) -> None:
    path.write_bytes(gzip.compress(b"\0" * 64 * MIB))


DEEP: Final = b"[" * 100_000 + b"]" * 100_000
NOT: Final = "does not begin with the manifest"
OTHERWISE: Final = "has the wrong form"

HOSTILE: Final[dict[str, tuple[Make, str]]] = {
    "link": (link("precious"), "is a link"),
    "link to what never ends": (link("/dev/zero"), "is a link"),
    "link to nothing": (link("nothing"), "is a link"),
    "pipe": (lambda path, _sound, _decoy: os.mkfifo(path), "is a pipe"),
    "mostly holes": (sparse, "mostly holes"),
    "nothing": (lines(lambda _sound: []), NOT),
    "line of a gigabyte": (long_line, "it has a line of more than"),
    "first line without an end": (lines(lambda _sound: [b"{" * 65 * MIB]), "it has a line of more than"),
    "event without an end": (event(lambda line: line[:-2] + b"x" * 65 * MIB), "it has a line of more than"),
    "compressed": (bomb, NOT),
    "NUL": (event(lambda _line: b"\0" * 1000 + b"\n"), "A line is not an event"),
    "NUL in a name": (event(lambda line: line.replace(b'"codebase_id":"', b'"codebase_id":"\0')), "A line is not an event"),
    "byte order mark": (first(lambda line: b"\xef\xbb\xbf" + line), NOT),
    "ends of lines of another system": (lines(lambda sound: [line[:-1] + b"\r\n" for line in sound]), OTHERWISE),
    "nested manifest": (first(lambda _line: DEEP + b"\n"), NOT),
    "nested selection": (first(lambda line: line.replace(b'"selection":{}', b'"selection":{"x":' + b"[" * 300 + b"]" * 300 + b"}")), OTHERWISE),
    "nested event": (event(lambda line: line.replace(b'"data":{', b'"data":{"x":' + DEEP + b",")), "not the events that were signed"),
    "nested proof": (proof(b'{"proof":' + DEEP + b"}\n"), "damaged or truncated"),
    "huge count": (member("events", 10**30), "incomplete"),
    "count of another type": (member("events", True), "incomplete"),
    "count below nothing": (member("events", -1), "The manifest lists -1"),
    "count with a fraction": (member("events", 3.0), "incomplete"),
    "format of another type": (member("format", ["opencode-ledger export v1"]), NOT),
    "format of another version": (member("format", "opencode-ledger export v9"), NOT),
    "selection of another type": (member("selection", []), "incomplete"),
    "key of another type": (member("key", {}), "incomplete"),
    "key that is none": (member("key", "x+y+z"), "base64"),
    "key that is empty": (member("key", ""), "Ed25519"),
    "checkpoint of another type": (member("checkpoint", None), "incomplete"),
    "checkpoint that is none": (member("checkpoint", "x"), "not a signed note"),
    "member nobody knows": (member("note", "all is well"), OTHERWISE),
    "member twice": (first(lambda line: line.replace(b'{"format"', b'{"events":1,"format"')), OTHERWISE),
    "selection twice": (first(lambda line: line.replace(b'"events":', b'"selection":{},"events":')), OTHERWISE),
    "surrogate": (first(lambda line: line.replace(b'"selection":{}', b'"selection":{"x":"\\ud800"}')), NOT),
    "surrogate in an event": (event(lambda line: line.replace(b'"data":{', b'"data":{"x":"\\ud800",')), "not the events that were signed"),
    "bytes that are no text": (event(lambda line: line.replace(b'"codebase_id":"', b'"codebase_id":"\xff')), "A line is not an event"),
    "position of another type": (event(lambda line: re.sub(rb'"position":\d+', b'"position":"3"', line)), "A line is not an event"),
    "position 0": (event(lambda line: re.sub(rb'"position":\d+', b'"position":0', line)), "A line is not an event"),
    "position far away": (event(lambda _line: far_event(10**18)), "not the events that were signed"),
    "position with endless digits": (event(lambda line: re.sub(rb'"position":\d+', b'"position":' + b"9" * 5000, line)), "A line is not an event"),
    "sequence far away": (event(lambda line: re.sub(rb'"sequence":\d+', b'"sequence":9999999999999999999', line)), "not the events that were signed"),
    "event is an array": (event(lambda _line: b"[]\n"), "A line is not an event"),
    "event twice": (lines(lambda sound: [*sound[:3], sound[2], *sound[3:]]), "does not come after"),
    "without its end": (lines(lambda sound: sound[:-1]), "does not end with its proof"),
    "more after the end": (lines(lambda sound: [*sound, sound[1]]), "goes on after its proof"),
    "proof of another type": (proof(b'{"proof":{}}\n'), "does not end with its proof"),
    "proof of numbers": (proof(b'{"proof":[1,2]}\n'), "malformed"),
    "proof of other hashes": (proof(proof_line([b"x" * 32] * 1000)), "not the events that were signed"),
    "proof of short hashes": (proof(proof_line([b"x"])), "not the events that were signed"),
    "proof with a member more": (proof(b'{"proof":[],"note":"x"}\n'), "malformed"),
    "erasure that is none": (erasure(b"{"), "not the events that were signed"),
    "erasure of everything else": (erasure(b'{"tombstones":[1],"reason":1,"erased_by":{},"timestamp":5}'), "not the events that were signed"),
    "erasure with endless digits": (
        erasure(b'{"tombstones":{"' + b"9" * 5000 + b'":"x"},"reason":"x","erased_by":"x","timestamp":"2026-01-01T00:00:00.000Z"}'),
        "not the events that were signed",
    ),
    "tombstone nested deeply": (tombstone, "not the events that were signed"),
    "log of an endless size": (signed(sized("9" * 5000)), "not a checkpoint"),
    "log of a huge size": (signed(sized("9" * 19)), "not the events that were signed"),
    "log of no size": (signed(sized("0")), "not the events that were signed"),
    "checkpoint with endless signatures": (
        signed(str, "".join(f"— mine {base64.b64encode(bytes(68)).decode()}\n" for _ in range(2000))),
        "at most",
    ),
    "millions of misplaced events": (lines(lambda sound: [sound[0], *[far_event(7)] * 20_000, sound[-1]]), "does not come after"),
}  # fmt: skip
