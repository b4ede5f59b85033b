#!/usr/bin/env python3
"""Verifies an export of opencode-ledger with nothing but Python: python3 verify.py EXPORT --key KEY [--outputs FILE]

Written from docs/audit-format.md, and imports nothing of the service: read it, and trust it instead of the service.

- KEY: the log's public key, or a file with it, which you got from somebody you trust. Without it the file's own key is used, and
  a forger can put his own there.
- `--checkpoint FILE`: a checkpoint that you kept; may be given several times. One of the same size must be equal.
- Exit code 0: sound. 1: not sound. 2: this is not an export, or it is signed by another key.
"""

import argparse
import base64
import bisect
import hashlib
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn, cast

EXPORT, OUTPUTS = "opencode-ledger export v1", "opencode-ledger outputs v1"

Object = dict[str, Any]
Name = tuple[str, str]
"""A whole output's codebase and id."""
Named = tuple[int, int, str]
"""A whole output's event by its position, its bytes, and the salted SHA-256 of them."""

MOST = 100
"""Sentences about events at most: a forged file may have millions."""

EVENT = re.compile(
    rb'\{"position":([1-9][0-9]{0,18}),"codebase_id":("[^"\\]*"),"sequence":([1-9][0-9]{0,18}),'
    rb'"type":("[^"\\]*"),"data":(.*)\}\n',
    re.DOTALL,
)
TOMBSTONE = re.compile(rb'[,{]"erased":\{"by":([1-9][0-9]{0,18}),"sha256":"([0-9a-f]{64})"\}\}\Z')
OUTPUT_ID = re.compile(r"out_[0-9a-f]{32}")
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
SALT = re.compile(r"(?:[0-9a-f]{2}){1,64}")

LEFT = frozenset(
    """
    about action additions agent agent_message_id agent_permission_id agent_session_id agent_type attempt before by
    call_id code codebase codebase_id correlation_id cost created_at decided_by deletions diff_missing digests ended_at
    exit_code expires_at fingerprint finish id imported key kind left_out message_id model parent_id part_id
    path_encoding permission_id priority read reason replaces reply retry_of revision role schema_version session_id
    started_at status subagent success task_id times timestamp tokens tool type via waiting whole_bytes whole_id
    whole_kept whole_kept_sha256 whole_missing whole_sha256 worker_id
    """.split()
)
"""The members of an event that an erasure leaves as they are."""
NESTED, FREE, AMOUNTS = ("answer", "tools"), ("agent_config", "args", "metadata"), ("digests", "tokens")
"""Members whose own members are judged by their names; whose names are content too; and that hold amounts by name."""


class NotAnExport(ValueError):
    """The file has not the form of an export, or is not signed by the expected key."""


class Event(NamedTuple):
    """An event as its line has it. `data`: the recorded bytes."""

    position: int
    codebase: str
    sequence: int
    kind: str
    data: bytes

    def __str__(self) -> str:
        """The event's place in the log."""
        return f"event {self.position} ({self.kind} of {self.codebase}, {self.sequence})"


# --- JSON, and the one way in which the service writes it -----------------------------------------------------------


def members_of(line: bytes, problem: str = "A line is not a JSON object: the file is damaged or truncated.") -> Object:
    """The object of a line. It must be written as the service writes it: compact, no name twice, no needless escape."""
    members = object_of(line)
    if compact(members) + b"\n" != line:
        raise NotAnExport(problem)
    return members


def object_of(data: bytes) -> Object:
    """The members of a JSON object; none where it is something else."""
    value = parsed(data)
    return cast("Object", value) if isinstance(value, dict) else {}


def elements_of(array: Any) -> Iterator[Any]:
    """What a JSON array has."""
    yield from array


def parsed(data: bytes) -> Any:
    """JSON as a value; None where it is none."""
    try:
        return json.loads(data.decode(), parse_constant=no_number)
    except (ValueError, RecursionError):
        return None


def no_number(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError(name)


def compact(value: Any) -> bytes:
    """JSON without blanks, in UTF-8."""
    try:
        return written(value).encode()
    except (UnicodeEncodeError, RecursionError):
        raise NotAnExport("A line has text that no JSON has.") from None


def written(value: Any) -> str:
    """A value as the service writes it."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{written(name)}:{written(one)}" for name, one in cast("Object", value).items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, elements_of(value))) + "]"
    return shortest(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def shortest(number: float) -> str:
    """A number with a fraction: 0.00001 where Python writes 1e-05, and 1e-6 where it writes 1e-06."""
    digits, small, exponent = repr(number).partition("e-")
    if not small:
        return digits
    sign, plain = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    return f"{sign}0.0000{plain.replace('.', '')}" if int(exponent) == 5 else f"{digits}e-{int(exponent)}"


# --- Ed25519 (RFC 8032), in plain numbers: slow, short, and enough for one signature ---------------------------------

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)

Point = tuple[int, int, int, int]


def add(one: Point, other: Point) -> Point:
    """The sum of two points, in extended coordinates."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % PRIME
    b = (one[1] + one[0]) * (other[1] + other[0]) % PRIME
    c = 2 * one[3] * other[3] * CURVE % PRIME
    d = 2 * one[2] * other[2] % PRIME
    return (b - a) * (d - c) % PRIME, (d + c) * (b + a) % PRIME, (d - c) * (d + c) % PRIME, (b - a) * (b + a) % PRIME


def times(number: int, point: Point) -> Point:
    """A point added to itself."""
    found: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


def point_of(raw: bytes) -> Point | None:
    """The point that 32 bytes name; None where they name none."""
    number = int.from_bytes(raw, "little")
    y, odd = number & (1 << 255) - 1, number >> 255
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * ROOT_OF_MINUS_ONE % PRIME
    if (x * x - square) % PRIME or y >= PRIME or (x == 0 and odd):
        return None
    if x & 1 != odd:
        x = PRIME - x
    return x, y, 1, x * y % PRIME


def bytes_of(point: Point) -> bytes:
    """The 32 bytes that name a point."""
    inverse = pow(point[2], -1, PRIME)
    x, y = point[0] * inverse % PRIME, point[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_of((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little")) or (0, 1, 1, 0)


def is_signature(public: bytes, signature: bytes, text: bytes) -> bool:
    """Whether 64 bytes are this key's signature of a text."""
    key = point_of(public)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or scalar >= ORDER:
        return False
    digest = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % ORDER
    minus = (PRIME - key[0], key[1], 1, (PRIME - key[3]) % PRIME)
    return bytes_of(add(times(scalar, BASE), times(digest, minus))) == signature[:32]


# --- the signed checkpoint --------------------------------------------------------------------------------------------


class Key(NamedTuple):
    """The log's public key: `name+id+base64`."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that stand before each signature."""
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]

    @classmethod
    def read(cls, text: str) -> "Key":
        """Read the text of a key. Raises `NotAnExport`."""
        name, _, rest = text.strip().partition("+")
        identity, _, encoded = rest.partition("+")
        raw = from_base64(encoded)
        if not name or len(raw) != 33 or raw[:1] != b"\x01" or any(letter.isspace() for letter in name):
            raise NotAnExport("The key is not an Ed25519 key.")
        key = cls(name, raw[1:])
        if key.id.hex() != identity:
            raise NotAnExport("The key and its id don't agree.")
        return key


class Checkpoint(NamedTuple):
    """What was signed: the number of events in the log, and the root of its tree."""

    size: int
    root: bytes


def checkpoint_in(note: str, key: Key, *, alone: bool) -> Checkpoint:
    """The checkpoint of a signed note. `alone`: it must have one signature. Raises `NotAnExport`."""
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    lines = signatures.splitlines(keepends=True)
    if not blank or not lines or not signatures.endswith("\n") or (alone and len(lines) != 1):
        raise NotAnExport("The checkpoint is not a signed note, or has signatures that an export never has.")
    if not any(is_signature(key.public, signature, text.encode()) for signature in signatures_of(key, lines)):
        raise NotAnExport(f"The checkpoint carries no valid signature of {key.name}.")
    origin, size, root, *_ = [*text.split("\n"), "", ""]
    if not origin or not NUMBER.fullmatch(size) or len(from_base64(root)) != 32:
        raise NotAnExport("The signed text is not a checkpoint.")
    return Checkpoint(int(size), from_base64(root))


def signatures_of(key: Key, lines: list[str]) -> Iterator[bytes]:
    """The signatures on a note that bear a key's name and id."""
    for line in lines:
        dash, _, rest = line.rstrip("\n").partition(" ")
        name, _, encoded = rest.partition(" ")
        raw = from_base64(encoded)
        if dash == "\u2014" and name == key.name and raw[:4] == key.id:
            yield raw[4:]


def from_base64(text: str) -> bytes:
    """The bytes of a text that is base64 exactly; nothing where it is not. Raises `NotAnExport`."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise NotAnExport("This is not base64.") from None
    if base64.b64encode(raw).decode() != text:
        raise NotAnExport("This is not base64.")
    return raw


# --- the Merkle tree (RFC 6962) ---------------------------------------------------------------------------------------


def leaf_of(event: Event) -> bytes:
    """The hash of an event's leaf. An erased event has the SHA-256 of its original bytes in its tombstone."""
    erased = TOMBSTONE.search(event.data)
    digest = erased[2].decode() if erased else hashlib.sha256(event.data).hexdigest()
    entry = f"opencode-ledger event v1\n{event.codebase}\n{event.sequence}\n{event.kind}\n{digest}\n"
    return hashlib.sha256(b"\x00" + entry.encode()).digest()


def root_with(leaves: dict[int, bytes], size: int, proof: list[bytes]) -> bytes | None:
    """The root of the tree of `size` leaves, from these and from the hashes of what is beside them; None if they don't fit."""
    places, rest = sorted(leaves), iter(proof)
    if places and places[-1] >= size:
        return None

    def root(start: int, end: int) -> bytes:
        if bisect.bisect_left(places, start) == bisect.bisect_left(places, end):
            return next(rest)
        if end - start == 1:
            return leaves[start]
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        left = root(start, middle)
        return hashlib.sha256(b"\x01" + left + root(middle, end)).digest()

    try:
        found = root(0, size) if size else hashlib.sha256().digest()
    except StopIteration:
        return None
    return None if next(rest, None) is not None else found


# --- what was chosen, and whether all of it is there ------------------------------------------------------------------


class Selection:
    """Checks the events against what the manifest says of them."""

    def __init__(self, members: Object) -> None:
        names = set(members)
        first: Any = members.get("from", 1)
        last: Any = members.get("to")
        plain = type(first) is int and type(last) is int and isinstance(members.get("codebase_id"), str)
        known = names in ({"codebase_id", "from", "to"}, {"codebase_id", "from", "to", "session_id"})
        if names and not (known and plain and 1 <= first <= last and isinstance(members.get("session_id", ""), str)):
            raise NotAnExport("The manifest's selection is not one that an export has.")
        self.codebase: str | None = members.get("codebase_id")
        self.first, self.last, self.session = first, last, members.get("session_id")
        self._before: Event | None = None

    def __str__(self) -> str:
        """The choice in words."""
        if self.codebase is None:
            return "the whole log"
        of_session = f"session {self.session} of " if self.session is not None else ""
        return f"{of_session}codebase {self.codebase}, events {self.first} to {self.last}"

    def take(self, event: Event) -> Iterator[str]:
        """What is wrong with the next event."""
        if self.codebase is not None and (event.codebase != self.codebase or self._is_outside(event.sequence)):
            yield f"{event} is not among what was chosen"
        elif self.session is not None and session_of(event) != self.session:
            yield f"{event} is not of the session that was chosen"
        before = self._before
        number, last = self._number(event), self._number(before) if before else self.first - 1
        if number <= last or (before and event.position <= before.position):
            yield f"{event} does not come after the one before it"
        elif number != last + 1 and (self.session is None or before is None):
            yield f"what comes before {event} is missing"
        self._before = event

    def end(self, size: int) -> Iterator[str]:
        """What is missing after the last event of a log with `size` events."""
        due = size if self.codebase is None else self.last
        if self._before is None or self._number(self._before) != due:
            yield f"the events end before {due}, where they should"

    def _is_outside(self, sequence: int) -> bool:
        return not self.first <= sequence <= (self.last or 0)

    def _number(self, event: Event) -> int:
        return event.position if self.codebase is None else event.sequence


def session_of(event: Event) -> str | None:
    """The session of an event."""
    session = object_of(event.data).get("session_id")
    return session if isinstance(session, str) else None


# --- erased events ------------------------------------------------------------------------------------------------------


class Erasures:
    """Compares what is left of erased events with the events that record the erasures."""

    def __init__(self) -> None:
        self.recorded = 0
        self.open: dict[int, tuple[Event, int]] = {}

    def take(self, event: Event) -> None:
        """Take the next event."""
        found = TOMBSTONE.search(event.data)
        if found:
            plausible = event.kind != "erasure" and is_blank(event)
            self.open[event.position] = event, int(found[1]) if plausible else 0
        elif event.kind == "erasure":
            named = object_of(event.data).get("tombstones")
            for place, digest in cast("Object", named).items() if isinstance(named, dict) else ():
                self._match(place, digest)

    def _match(self, place: str, digest: object) -> None:
        number = int(place) if NUMBER.fullmatch(place) else 0
        event, by = self.open.get(number, (None, 0))
        if event is not None and by and hashlib.sha256(event.data).hexdigest() == digest:
            del self.open[number]
            self.recorded += 1

    def forged(self, known: dict[int, bytes], size: int) -> Iterator[str]:
        """What no erasure in this log can have left."""
        for event, by in self.open.values():
            if not event.position < by <= size or by - 1 in known:
                yield f"{event} was changed, but not by an erasure"


def is_blank(event: Event) -> bool:
    """Whether a tombstone has nothing but structure and marks in it, written as the service writes it."""
    members = object_of(event.data)
    try:
        if compact(members) != event.data:
            return False
        own = {name: value for name, value in members.items() if name != "erased"}
        emptied = own.get("whole_id") or any(not stays(name, value) for name, value in own.items())
        return bool(emptied) and all(blank(name, value, event.kind) == value for name, value in own.items())
    except (NotAnExport, RecursionError):
        return False


def stays(name: str, value: Any) -> bool:
    """Whether an erasure leaves this member as it is."""
    return name in LEFT and (name in AMOUNTS or not isinstance(value, (dict, list)))


def blank(name: str, value: Any, kind: str = "") -> Any:
    """What an erasure leaves of a member."""
    if stays(name, value):
        return value
    if name in NESTED:
        return shaped(value)
    if isinstance(value, str):
        return "[erased]" if value and kind != "output" else ""
    return value if value is None else type(value)()


def shaped(value: Any) -> Any:
    """What an erasure leaves of a nested value: its members' names at every level."""
    if isinstance(value, list):
        return [shaped(item) for item in elements_of(value) if isinstance(item, dict)]
    if not isinstance(value, dict):
        return value
    return {
        name: blank(name, item) if name in FREE or isinstance(item, str) else shaped(item)
        for name, item in cast("Object", value).items()
    }


# --- whole outputs, in a file of their own ----------------------------------------------------------------------------


def named_output(event: Event) -> tuple[Name, Named | None] | None:
    """The whole output that an event names, with its position, size and hash; no such three where it was erased."""
    if event.kind not in ("tool_result", "output_imported") or b'"whole_id":"out_' not in event.data:
        return None
    members = object_of(event.data)
    if not OUTPUT_ID.fullmatch(str(members.get("whole_id"))):
        return None
    for size, digest in (("whole_kept", "whole_kept_sha256"), ("whole_bytes", "whole_sha256")):
        if isinstance(members.get(size), int) and isinstance(members.get(digest), str):
            described = None if TOMBSTONE.search(event.data) else (event.position, members[size], members[digest])
            return (event.codebase, members["whole_id"]), described
    return None


def read_outputs(lines: Iterable[bytes]) -> dict[Name, Named]:
    """The outputs of a file, measured: position, size and salted hash. Raises `NotAnExport`."""
    left = iter(lines)
    first = next(left, b"")
    if members_of(first).get("format") != OUTPUTS:
        raise NotAnExport("This is not a file of whole outputs.")
    found: dict[Name, Named] = {}
    said: dict[Name, int] = {}
    name, digest = ("", ""), hashlib.sha256()
    for line in left:
        members = members_of(line)
        if list(members) == ["text"] and found and isinstance(members["text"], str) and members["text"]:
            data = members["text"].encode()
            digest.update(data)
            found[name] = found[name][0], found[name][1] + len(data), digest.hexdigest()
        elif list(members) == ["output_id", "codebase_id", "position", "bytes", "salt"]:
            name = str(members["codebase_id"]), str(members["output_id"])
            plain = type(members["position"]) is type(members["bytes"]) is int and SALT.fullmatch(str(members["salt"]))
            if name in found or not plain:
                raise NotAnExport("An output is there twice, or its line is malformed.")
            digest, said[name] = hashlib.sha256(bytes.fromhex(members["salt"])), members["bytes"]
            found[name] = members["position"], 0, digest.hexdigest()
        elif (first, line, next(left, b"")) == (*ends_of(len(found)), b""):
            return {name: here if here[1] == said[name] else (0, 0, "") for name, here in found.items()}
        else:
            raise NotAnExport("A line doesn't belong in a file of whole outputs.")
    raise NotAnExport("The file of whole outputs is truncated.")


def ends_of(outputs: int) -> tuple[bytes, bytes]:
    """The first and the last line of a file with this many outputs."""
    return compact({"format": OUTPUTS, "outputs": outputs}) + b"\n", compact({"end": outputs}) + b"\n"


# --- all together -------------------------------------------------------------------------------------------------------


class Result:
    """What was found. `wrong`: sentences, none for a sound export. `said`: what the verdict covers."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.said: list[str] = []


def verify(
    lines: Iterator[bytes], key: Key | None, kept: Iterable[str] = (), outputs: Iterable[bytes] | None = None
) -> Result:
    """Verify the lines of an export. `kept`: notes of checkpoints that somebody kept. Raises `NotAnExport`."""
    manifest = members_of(next(lines, b""), f"The file does not begin with the manifest of an {EXPORT}.")
    chosen, key, signed = read_manifest(manifest, key)
    result, leaves, erasures = Result(), dict[int, bytes](), Erasures()
    named: dict[Name, Named | None] = {}
    last: Event | None = None
    proof: list[bytes] | None = None
    for line in lines:
        if line.startswith(b'{"proof":'):
            proof = read_proof(line)
            break
        last = read_event(line)
        if len(result.wrong) < MOST:
            result.wrong += chosen.take(last)
        leaves[last.position - 1] = leaf_of(last)
        erasures.take(last)
        if output := named_output(last):
            named[output[0]] = output[1]
    if proof is None or next(lines, b""):
        raise NotAnExport("The file does not end with its proof: it is truncated, or goes on behind it.")
    result.wrong += chosen.end(signed.size)
    if len(leaves) != manifest["events"]:
        result.wrong.append(f"the manifest lists {manifest['events']} events, but the file has {len(leaves)}")
    if root_with(leaves, signed.size, proof) != signed.root:
        result.wrong.append("these are not the events that were signed: one was changed, removed, added or moved")
    result.wrong += erasures.forged(leaves, signed.size)
    result.said = [f"{len(leaves)} events of the log that {key.name} signed at {signed.size}", str(chosen)]
    result.said += covered(chosen, len(leaves), signed.size)
    result.said += compared(signed, key, kept)
    if erasures.recorded:
        result.said.append(f"{erasures.recorded} events were erased, as the log records")
    if erasures.open and not result.wrong:
        result.said.append(f"{len(erasures.open)} were erased by events outside this file: what is left is not proved")
    result.wrong += wrong_outputs(named, outputs)
    return result


def read_manifest(manifest: Object, key: Key | None) -> tuple[Selection, Key, Checkpoint]:
    """What the first line says, with the checkpoint's signature checked. Raises `NotAnExport`."""
    types = {"format": str, "selection": dict, "events": int, "key": str, "checkpoint": str}
    if [(name, type(value)) for name, value in manifest.items()] != list(types.items()) or manifest["format"] != EXPORT:
        raise NotAnExport(f"The file does not begin with the manifest of an {EXPORT}.")
    named = Key.read(manifest["key"])
    if (key is not None and key != named) or manifest["key"] != manifest["key"].strip():
        raise NotAnExport(f"The file names another key than the expected one: {manifest['key']}.")
    return Selection(manifest["selection"]), named, checkpoint_in(manifest["checkpoint"], named, alone=True)


def read_proof(line: bytes) -> list[bytes]:
    """The hashes of the last line. Raises `NotAnExport`."""
    members = members_of(line, "The proof is malformed.")
    if list(members) != ["proof"] or not isinstance(members["proof"], list):
        raise NotAnExport("The proof is malformed.")
    hashes = list(elements_of(members["proof"]))
    if not all(isinstance(one, str) for one in hashes):
        raise NotAnExport("The proof is malformed.")
    return [from_base64(one) for one in hashes]


def read_event(line: bytes) -> Event:
    """The event of a line. Raises `NotAnExport`."""
    parts = EVENT.fullmatch(line)
    names = [parsed(parts[2]), parsed(parts[4])] if parts else []
    if not parts or None in names:
        raise NotAnExport("A line is not an event.")
    return Event(int(parts[1]), names[0], int(parts[3]), names[1], parts[5])


def covered(chosen: Selection, events: int, size: int) -> list[str]:
    """What the file can't show."""
    if events == size:
        return []
    if chosen.session is not None:
        return ["whether the session has more events is not shown"]
    return ["whether the codebase has later events is not shown"]


def compared(signed: Checkpoint, key: Key, kept: Iterable[str]) -> list[str]:
    """Which kept checkpoints agree. Raises `NotAnExport` where one of the same size is another one."""
    older = [checkpoint_in(note, key, alone=False) for note in kept]
    if any(each.size == signed.size and each != signed for each in older):
        raise NotAnExport("Its checkpoint and yours have the same size but differ: there are two logs.")
    others = sorted({each.size for each in older} - {signed.size})
    return [f"not compared with your checkpoints at {', '.join(map(str, others))}"] if others else []


def wrong_outputs(named: dict[Name, Named | None], outputs: Iterable[bytes] | None) -> Iterator[str]:
    """Where the whole outputs are not those that the events name."""
    if outputs is None:
        return
    found = read_outputs(outputs)
    positions = [position for position, _, _ in found.values()]
    if positions != sorted(positions):
        yield "the whole outputs are not in the order of their events"
    for name in sorted(named.keys() | found.keys()):
        if named.get(name) != found.get(name):
            yield f"the whole output {name[1]!r} is not the one that an event names"


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file."""
    return iter(file.readline, b"")


def key_of(given: str) -> Key:
    """The key that a person gives: its text, or the name of a file with it. Raises `NotAnExport`."""
    path = Path(given)
    return Key.read(path.read_text(encoding="utf-8") if path.is_file() else given)


def main() -> int:
    """Verify the file that the command line names; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", type=str)
    parser.add_argument("--checkpoint", type=Path, action="append", default=[])
    parser.add_argument("--outputs", type=Path)
    given = parser.parse_args()
    try:
        with given.export.open("rb") as file:
            key = key_of(given.key) if given.key else None
            kept = [path.read_text(encoding="utf-8") for path in given.checkpoint]
            outputs = io.BytesIO(given.outputs.read_bytes()) if given.outputs else None
            result = verify(lines_of(file), key, kept, outputs)
    except (NotAnExport, OSError, UnicodeDecodeError) as error:
        print(f"verify: {ascii(str(error))[1:-1]}", file=sys.stderr)
        return 2
    print("NOT SOUND" if result.wrong else "sound", *(f"- {ascii(one)[1:-1]}" for one in result.said), sep="\n")
    for sentence in result.wrong[:MOST]:
        print(f"! {ascii(sentence)[1:-1]}")
    if not given.key:
        print("! The key was taken from the file itself: compare it with one that you got elsewhere.")
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
