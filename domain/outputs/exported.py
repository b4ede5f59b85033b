"""The form in which whole outputs go along with an export: JSON Lines, beside the export's own file.

Nothing may follow an export's proof, and nothing needs to: the events that are proved have the hashes of these texts.
The first line says how many outputs there are. Then one line for each, with the salt of its hashes, followed by its text in
pieces, and a last line that says that this is all.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from ..ids import CodebaseId, OutputId
from ..proofs.export import BadExport
from .record import KeptOutput

FORMAT: Final = "opencode-ledger outputs v1"

_SALT: Final = re.compile(r"(?:[0-9a-f]{2}){1,64}")


@dataclass(frozen=True, slots=True)
class Measured:
    """An output of an export's file: how many bytes its text has, and its salted hash."""

    bytes: int
    sha256: str


def first_line(outputs: int) -> bytes:
    """The first line."""
    return _line({"format": FORMAT, "outputs": outputs})


def output_lines(kept: KeptOutput, salt: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of an output."""
    yield output_line(kept, salt)
    for chunk in chunks:
        yield text_line(chunk)


def output_line(kept: KeptOutput, salt: bytes) -> bytes:
    """The line that an output begins with."""
    place = {"output_id": kept.output_id, "codebase_id": kept.codebase, "position": kept.position}
    return _line({**place, "bytes": kept.bytes, "salt": salt.hex()})


def text_line(chunk: bytes) -> bytes:
    """The line of a piece of text; each piece is whole characters."""
    return _line({"text": chunk.decode("utf-8", "replace")})


def last_line(outputs: int) -> bytes:
    """The last line."""
    return _line({"end": outputs})


def read_outputs(lines: Iterable[bytes]) -> dict[tuple[CodebaseId, OutputId], Measured]:
    """The outputs of a file, measured. Raises `BadExport` where it isn't such a file, or not a whole one."""
    left, found, open_output = iter(lines), dict[tuple[CodebaseId, OutputId], Measured](), None
    told = _members(next(left, b""))
    if told.get("format") != FORMAT:
        raise BadExport(f"The file does not begin as {FORMAT} does: it is another file, or cut off.")
    digest, size = sha256(), 0
    for line in left:
        match members := _members(line):
            case {"text": str(text)} if open_output is not None:
                data = text.encode("utf-8", "replace")
                digest.update(data)
                size += len(data)
                found[open_output] = Measured(size, digest.hexdigest())
            case {"output_id": str(name), "codebase_id": str(codebase), "salt": str(salt)} if _SALT.fullmatch(salt):
                open_output = CodebaseId(codebase), OutputId(name)
                if open_output in found:
                    raise BadExport(f"The output {name} is there twice.")
                digest, size = sha256(bytes.fromhex(salt)), 0
                found[open_output] = Measured(0, digest.hexdigest())
            case {"end": int(count)}:
                if count != len(found) or count != told.get("outputs") or next(left, b""):
                    raise BadExport("The outputs are not as many as the file says, or something follows its end.")
                return found
            case _:
                raise BadExport(f"A line is none of a file of outputs: {str(members)[:60]}.")
    raise BadExport("The file does not end as it should: a part of it is missing.")


def _line(members: dict[str, Any]) -> bytes:
    return orjson.dumps(members) + b"\n"


def _members(line: bytes) -> dict[str, Any]:
    try:
        members: object = orjson.loads(line) if line.endswith(b"\n") else None
    except orjson.JSONDecodeError:
        members = None
    if not isinstance(members, dict):
        raise BadExport("A line is not a JSON object: the file is damaged or cut off.")
    return members  # pyright: ignore[reportUnknownVariableType]
