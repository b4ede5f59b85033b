"""The file of whole outputs that goes along with an export: JSON Lines, beside the export's own file.

Nothing may follow an export's proof, and nothing needs to: the proved events have the hashes of these texts.

- The first line has the number of outputs.
- Each output has one line with the salt of its hashes, followed by lines with pieces of its text.
- The last line marks the end.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

import orjson

from ..ids import CodebaseId, OutputId
from .record import KeptOutput

FORMAT: Final = "opencode-ledger outputs v1"

_OUTPUT: Final = ("output_id", "codebase_id", "position", "bytes", "salt")
_SALT: Final = re.compile(r"(?:[0-9a-f]{2}){1,64}")


class BadExport(ValueError):
    """This is not an export or its file of outputs, or an incomplete one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """An output of an export's file: the salted hash and the size of its text, as they were measured.

    `position`, `said`: the position of its event and the size, as its line claims them.
    """

    position: int
    said: int
    bytes: int
    sha256: str

    def grown(self, size: int, digest: str) -> "Measured":
        """With that number of bytes added."""
        return replace(self, bytes=self.bytes + size, sha256=digest)


def first_line(outputs: int) -> bytes:
    """The first line."""
    return _line({"format": FORMAT, "outputs": outputs})


def output_lines(kept: KeptOutput, salt: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of an output."""
    yield output_line(kept, salt)
    for chunk in chunks:
        yield text_line(chunk)


def output_line(kept: KeptOutput, salt: bytes) -> bytes:
    """The first line of an output."""
    place = {"output_id": kept.output_id, "codebase_id": kept.codebase, "position": kept.position}
    return _line({**place, "bytes": kept.bytes, "salt": salt.hex()})


def text_line(chunk: bytes) -> bytes:
    """The line of a piece of text; a piece has whole characters only."""
    return _line({"text": chunk.decode("utf-8", "replace")})


def last_line(outputs: int) -> bytes:
    """The last line."""
    return _line({"end": outputs})


def read_outputs(lines: Iterable[bytes]) -> dict[tuple[CodebaseId, OutputId], Measured]:
    """The outputs of a file, measured, in its order. Raises `BadExport` for another or an incomplete file."""
    left, found, digest = iter(lines), dict[tuple[CodebaseId, OutputId], Measured](), sha256()
    first = next(left, b"")
    if _members(first).get("format") != FORMAT:
        raise BadExport(f"The file does not begin as {FORMAT} does: it is another file, or truncated.")
    output: tuple[CodebaseId, OutputId] | None = None
    for line in left:
        members = _members(line)
        match members:
            case {"text": str(text), **rest} if output is not None and text and not rest:
                data = text.encode("utf-8", "replace")
                digest.update(data)
                found[output] = found[output].grown(len(data), digest.hexdigest())
            case {"output_id": str(name), "codebase_id": str(codebase), "position": position, "bytes": size}:
                output = CodebaseId(codebase), OutputId(name)
                if output in found:
                    raise BadExport(f"The output {name} is there twice.")
                digest = sha256(_salt(members))
                found[output] = Measured(int(position), int(size), 0, digest.hexdigest())
            case {"end": _}:
                if line != last_line(len(found)) or first != first_line(len(found)) or next(left, b""):
                    raise BadExport("The file has more or fewer outputs than it says, or something follows its end.")
                return found
            case _:
                raise _none_of_ours(members)
    raise BadExport("The file does not end as it should: a part of it is missing.")


def _salt(members: dict[str, Any]) -> bytes:
    """The salt of an output's line, which must have the known members only."""
    plain = tuple(members) == _OUTPUT and type(members["position"]) is type(members["bytes"]) is int
    if plain and _SALT.fullmatch(str(members["salt"])):
        return bytes.fromhex(str(members["salt"]))
    raise _none_of_ours(members)


def _none_of_ours(members: dict[str, Any]) -> BadExport:
    return BadExport(f"A line doesn't belong in a file of outputs: {str(members)[:60]}.")


def _line(members: dict[str, Any]) -> bytes:
    return orjson.dumps(members) + b"\n"


def _members(line: bytes) -> dict[str, Any]:
    try:
        members: object = orjson.loads(line) if line.endswith(b"\n") else None
    except orjson.JSONDecodeError:
        members = None
    if not isinstance(members, dict):
        raise BadExport("A line is not a JSON object: the file is damaged or truncated.")
    # Duplicate members: a person might read other values there than were read here.
    if orjson.dumps(members) + b"\n" != line:
        raise BadExport("A line has the wrong form: it was changed.")
    return members  # pyright: ignore[reportUnknownVariableType]
