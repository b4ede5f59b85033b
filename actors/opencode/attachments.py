"""Files that go along with a prompt, in opencode's form."""

import mimetypes
from pathlib import Path

from ...domain.errors import AgentError

_AS_THEY_ARE = ("image/", "application/pdf")


def file_parts(directory: str, files: tuple[str, ...]) -> list[dict[str, str]]:
    """A part for each file, named by its real path. Blocking.

    Raises `AgentError` for one that has gone, or now leads out of the codebase.
    """
    return [_part(Path(directory), name) for name in files]


def _part(directory: Path, name: str) -> dict[str, str]:
    try:
        real = (directory / name).resolve(strict=True)
    except (OSError, RuntimeError):
        raise AgentError(f"The file {name!r} is no longer in the codebase.", "FILE_NOT_FOUND") from None
    if not real.is_relative_to(directory):
        raise AgentError(f"The file {name!r} leads out of the codebase.", "FILE_OUTSIDE")
    return {"type": "file", "mime": _mime(real), "filename": name, "url": real.as_uri()}


def _mime(path: Path) -> str:
    """opencode reads files of plain text into the prompt and passes the rest to the model as it is."""
    if path.is_dir():
        return "application/x-directory"
    guessed = mimetypes.guess_type(path.name)[0] or ""
    return guessed if guessed.startswith(_AS_THEY_ARE) and guessed != "image/svg+xml" else "text/plain"
