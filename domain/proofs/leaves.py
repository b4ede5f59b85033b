"""The leaves of the log's tree: each identifies an event and its bytes.

An entry is five lines of text. It has the hash of the bytes, not the bytes: an entry stays short whatever an agent
printed, and the entry of an erased event (see `tombstones`) stays the same.
"""

from collections.abc import Iterable
from hashlib import sha256

from ..erasure.tombstones import END, digest_of
from ..events.recorded import RecordedEvent
from ..ids import CodebaseId, Sequence
from .merkle import leaf_hash

FORMAT = "opencode-ledger event v1"


def entry(event: RecordedEvent) -> bytes:
    """The entry of an event."""
    return entry_of(event.stream, event.sequence, event.topic, digest_of(event.data))


def entry_of(stream: CodebaseId, sequence: Sequence, topic: str, digest: str) -> bytes:
    """The entry of an event, from the SHA-256 of its bytes in hexadecimal."""
    return f"{FORMAT}\n{stream}\n{sequence}\n{topic}\n{digest}\n".encode()


def leaf_of(event: RecordedEvent) -> bytes:
    """The leaf hash of an event."""
    return leaf_hash(entry(event))


def leaves_of(events: Iterable[RecordedEvent]) -> list[bytes]:
    """The leaf hashes of many events: `leaf_of` for each, inlined, since an audit spends its time here."""
    begin = f"\0{FORMAT}\n"
    return [
        sha256(
            f"{begin}{stream}\n{sequence}\n{topic}\n{digest_of(data) if data.endswith(END) else sha256(data).hexdigest()}\n".encode()
        ).digest()
        for _position, stream, sequence, topic, data in events
    ]
