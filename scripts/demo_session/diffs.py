"""What has changed in a file since it was last looked at."""

import difflib
from pathlib import Path


class FileWatch:
    """Remembers the files of `folder` as they are, and returns what is new in one of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = {path.name: _lines(path) for path in folder.iterdir() if path.is_file()}

    def news(self, name: str) -> list[str]:
        """The lines that came and went, as `+ line` and `- line`, blank ones left out; from now on they are known."""
        before, now = self._known.get(name, []), _lines(self._folder / name)
        self._known[name] = now
        found = difflib.ndiff(before, now)
        return [line for line in found if line[:1] in "+-" and line[2:].strip()]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
