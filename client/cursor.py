"""Where a reader of an event stream is, kept in a file, so that the next start goes on from there."""

import json
import os
from pathlib import Path
from typing import Final, Protocol, cast

from .errors import BadCursor

MOST: Final = 2**63 - 1


class Cursor(Protocol):
    """Keeps the id of the last event that a reader has taken. Its calls may block; they are made outside the loop."""

    def load(self, stream: str) -> int | None:
        """The id of the last event that was taken of this stream, or None. Raises `BadCursor`."""
        ...

    def save(self, stream: str, position: int) -> None:
        """Keep it. Raises `OSError`."""
        ...


class CursorFile:
    """A cursor in a file. It is replaced as a whole, so a crash leaves the old one or the new one.

    The file also names the stream. A cursor of one codebase would skip events of another.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()

    def load(self, stream: str) -> int | None:
        """The id of the last event that was taken of this stream; None where there is no file. Raises `BadCursor`."""
        try:
            given: object = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise BadCursor(f"The cursor in {self.path} can't be read: {error}.") from error
        members = cast("dict[str, object]", given) if isinstance(given, dict) else {}
        position = members.get("after")
        if type(position) is not int or not 0 <= position <= MOST:
            raise BadCursor(f"{self.path} is not a cursor.")
        if members.get("stream") != stream:
            raise BadCursor(f"The cursor in {self.path} is of {members.get('stream')}, not of {stream}.")
        return position

    def save(self, stream: str, position: int) -> None:
        """Replace the file. Raises `OSError`."""
        written = self.path.with_name(f"{self.path.name}.new")
        written.write_text(json.dumps({"after": position, "stream": stream}) + "\n", encoding="utf-8")
        written.replace(self.path)
