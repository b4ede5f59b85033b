"""The format of an export: JSON Lines that can be read and verified without anything else.

- The first line is the manifest: the selection, the signed checkpoint, and the key to verify it with.
- Each event has one line; its data come last, byte for byte as in the log.
- The last line has the hashes of the other events, as far as the checkpoint's root depends on them.
"""

import base64
import re
from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Final

import orjson

from ..events import Json
from ..events.recorded import RecordedEvent
from ..ids import CodebaseId, Position, Sequence
from ..outputs.exported import BadExport

FORMAT: Final = "opencode-ledger export v1"

_EVENT: Final = re.compile(
    rb'\{"position":([1-9][0-9]{0,18}),"codebase_id":("[^"\\]*"),"sequence":([1-9][0-9]{0,18}),"type":("[^"\\]*"),"data":(.*)\}\n',
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an export contains. `selection`: (name, value) pairs that describe the choice. `events`: the number of event lines."""

    selection: Mapping[str, Json]
    events: int
    key: str
    checkpoint: str


def manifest_line(manifest: Manifest) -> bytes:
    """The first line."""
    members = {
        "format": FORMAT,
        "selection": manifest.selection,
        "events": manifest.events,
        "key": manifest.key,
        "checkpoint": manifest.checkpoint,
    }
    return orjson.dumps(members) + b"\n"


def event_line(event: RecordedEvent) -> bytes:
    """The line of an event."""
    place = {"position": event.position, "codebase_id": event.stream, "sequence": event.sequence, "type": event.topic}
    return orjson.dumps(place)[:-1] + b',"data":' + event.data + b"}\n"


def proof_line(hashes: Many[bytes]) -> bytes:
    """The last line."""
    return orjson.dumps({"proof": [base64.b64encode(hashed).decode() for hashed in hashes]}) + b"\n"


def read_manifest(line: bytes) -> Manifest:
    """Read the first line. Raises `BadExport`."""
    try:
        members = _members(line)
    except BadExport:
        members = {}
    if members.get("format") != FORMAT:
        raise BadExport(f"The file does not begin with the manifest of an {FORMAT}: it is another file, or truncated.")
    match members:
        case {"selection": dict(selection), "events": int(events), "key": str(key), "checkpoint": str(checkpoint)} if (
            type(events) is int
        ):
            manifest = Manifest(selection=selection, events=events, key=key, checkpoint=checkpoint)
        case _:
            raise BadExport("The manifest is incomplete.")
    # Duplicate or unknown members: a person might read something else there than was read here.
    try:
        as_ours = manifest_line(manifest) == line
    except TypeError:  # nested far deeper than any of ours
        as_ours = False
    if not as_ours:
        raise BadExport("The manifest has the wrong form: it was changed.")
    return manifest


def read_event(line: bytes) -> RecordedEvent:
    """Read the line of an event; its data are exactly the bytes of the line. Raises `BadExport`."""
    parts = _EVENT.fullmatch(line)
    if parts is None:
        raise BadExport("A line is not an event.")
    try:
        stream, topic = orjson.loads(parts[2]), orjson.loads(parts[4])
    except orjson.JSONDecodeError:
        raise BadExport("A line is not an event.") from None
    return RecordedEvent(Position(int(parts[1])), CodebaseId(stream), Sequence(int(parts[3])), str(topic), parts[5])


def read_proof(line: bytes) -> list[bytes]:
    """Read the last line. Raises `BadExport`."""
    hashes = _members(line).get("proof")
    if not isinstance(hashes, list):
        raise BadExport("The file does not end with its proof: a part of it is missing.")
    try:
        found = [base64.b64decode(str(hashed), validate=True) for hashed in hashes]
    except ValueError:
        raise BadExport("The proof is malformed.") from None
    if proof_line(found) != line:
        raise BadExport("The proof is malformed.")
    return found


def _members(line: bytes) -> dict[str, Json]:
    try:
        members: Json = orjson.loads(line)
    except orjson.JSONDecodeError:
        members = None
    if not isinstance(members, dict) or not line.endswith(b"\n"):
        raise BadExport("A line is not a JSON object: the file is damaged or truncated.")
    return members
