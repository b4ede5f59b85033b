"""Signed notes and checkpoints, in the C2SP formats `signed-note` and `tlog-checkpoint`.

A note is text, a blank line, and lines of signatures. A checkpoint is a note with the size and the root hash of a log.
Keys are Ed25519. The functions that sign and verify are passed in, so nothing here knows a secret.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

ED25519: Final = b"\x01"
"""The type of a key, in a key's text and in its id."""

DASH: Final = "— "
ID_LENGTH: Final = 4

LONGEST_NOTE: Final = 2**16
"""Characters of a note at most: a forger could add any number of signatures, and checking each takes time."""

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class BadNote(ValueError):
    """This is not a signed note, or not one that can be trusted."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the signer's name, as the text `name+id+key`."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() for c in self.name) or len(self.public) != 32:
            raise BadNote("A key needs a name without blanks and plus signs, and 32 bytes.")

    @property
    def id(self) -> bytes:
        """Four bytes that distinguish keys."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:ID_LENGTH]

    def __str__(self) -> str:
        """The key as a verifier needs it."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a key. Raises `BadNote`."""
        name, _, rest = text.strip().partition("+")
        identity, _, key = rest.partition("+")
        raw = _decoded(key)
        if raw[:1] != ED25519 or len(raw) != 33:
            raise BadNote("This is not an Ed25519 key.")
        parsed = cls(name, raw[1:])
        if parsed.id.hex() != identity:
            raise BadNote("The key and its id don't agree.")
        return parsed


Sign = Callable[[bytes], bytes]
"""Makes the 64 bytes of the Ed25519 signature over a text."""

Verify = Callable[[bytes, bytes, bytes], bool]
"""Whether (public key, signature, text) match."""


def sign_note(text: str, key: VerifierKey, sign: Sign) -> str:
    """A note: the text, which must end with a line feed, and its signature."""
    if not text.endswith("\n"):
        raise BadNote("The text of a note must end with a line feed.")
    signature = base64.b64encode(key.id + sign(text.encode())).decode()
    return f"{text}\n{DASH}{key.name} {signature}\n"


def open_note(note: str, key: VerifierKey, verify: Verify) -> str:
    """The text of a note, if `key` signed it. Other signatures are ignored. Raises `BadNote`."""
    text, blank, signatures = note.rpartition("\n\n")
    if len(note) > LONGEST_NOTE:
        raise BadNote(f"A note has at most {LONGEST_NOTE:,} characters.")
    if not blank or not signatures.endswith("\n"):
        raise BadNote("This is not a signed note.")
    text += "\n"
    ours = [s for s in map(_signature, signatures.splitlines()) if s[:2] == (key.name, key.id)]
    if not any(verify(key.public, signature, text.encode()) for _, _, signature in ours):
        raise BadNote(f"The note carries no valid signature of {key.name}.")
    return text


def is_signed_alone(note: str, key: VerifierKey) -> bool:
    """Whether a note is exactly as `sign_note` writes it: with one signature, by `key`, and nothing else."""
    text, _, signatures = note.rpartition("\n\n")
    lines = signatures.splitlines()
    return len(lines) == 1 and note == sign_note(f"{text}\n", key, lambda _text: _signature(lines[0])[2])


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's commitment. `origin`: the log's name. `size`: the number of leaves. `root`: 32 bytes."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint; lines after the third are extensions. Raises `BadNote`."""
        origin, size, root, *_ = [*text.split("\n"), "", ""]
        decoded = _decoded(root)
        if not origin or not _SIZE.fullmatch(size) or len(decoded) != 32:
            raise BadNote("This is not a checkpoint.")
        return cls(origin, int(size), decoded)


def checkpoint_in(note: str) -> Checkpoint:
    """The checkpoint of a note, with unchecked signatures. Raises `BadNote`."""
    return Checkpoint.parse(note.rpartition("\n\n")[0] + "\n")


def _signature(line: str) -> tuple[str, bytes, bytes]:
    """A line's key name, key id and signature."""
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    raw = _decoded(encoded)
    if not line.startswith(DASH) or not name or len(raw) <= ID_LENGTH:
        raise BadNote("A line of the signatures is malformed.")
    return name, raw[:ID_LENGTH], raw[ID_LENGTH:]


def _decoded(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("This is not base64.") from None
    if base64.b64encode(raw).decode() != text:  # bits that are left over, and say nothing
        raise BadNote("This is not base64.")
    return raw
