"""Files that go along with a prompt, in opencode's form."""

import mimetypes
import stat
from pathlib import Path

from ...domain.errors import AgentError

_AS_THEY_ARE = ("image/", "application/pdf")


def unfit(real: Path, limit: int) -> str | None:
    """Why a file can't go along with a prompt, in words; None if it can. `limit`: in bytes. Blocking.

    Nothing is opened: a pipe would wait for a writer, and a device may have no end.
    """
    found = real.stat()
    if stat.S_ISDIR(found.st_mode):
        return None
    if not stat.S_ISREG(found.st_mode):
        return "is neither a regular file nor a directory"
    return f"has more than {limit:,} bytes" if found.st_size > limit else None


def file_parts(directory: str, files: tuple[str, ...], limit: int) -> list[dict[str, str]]:
    """A part for each file, named by its real path; none larger than `limit` bytes. Blocking.

    Raises `AgentError` for a file that is gone, leads out of the codebase, or is of the wrong kind.
    """
    return [_part(Path(directory), name, limit) for name in files]


def _part(directory: Path, name: str, limit: int) -> dict[str, str]:
    try:
        real = (directory / name).resolve(strict=True)
    except (OSError, RuntimeError):
        raise AgentError(f"The file {name!r} is no longer in the codebase.", code="FILE_NOT_FOUND") from None
    if not real.is_relative_to(directory):
        raise AgentError(f"The file {name!r} leads out of the codebase.", code="FILE_OUTSIDE")
    try:
        why = unfit(real, limit)
    except OSError:
        raise AgentError(f"The file {name!r} is no longer in the codebase.", code="FILE_NOT_FOUND") from None
    if why:
        raise AgentError(f"The file {name!r} {why}.", code="FILE_UNFIT")
    return {"type": "file", "mime": _mime(real), "filename": name, "url": real.as_uri()}


def _mime(path: Path) -> str:
    """opencode reads files of plain text into the prompt and passes the rest to the model as it is."""
    if path.is_dir():
        return "application/x-directory"
    guessed = mimetypes.guess_type(path.name)[0] or ""
    return guessed if guessed.startswith(_AS_THEY_ARE) and guessed != "image/svg+xml" else "text/plain"
