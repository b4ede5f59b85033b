"""Opens opencode's files of whole outputs. An agent gives the path, so it is checked with suspicion.

An agent's tools can write to its home. A link, a pipe or a device that is put in such a file's place would have the
server read what the agent may not, or wait forever.
"""

import os
import re
import stat
from pathlib import Path
from typing import Final

from ...whole_outputs import NotKept
from ..program.environment import agent_environment, opencode_data, shared_data
from ..settings import OpencodeSettings

_NAME: Final = re.compile(r"tool_[A-Za-z0-9]{1,64}")
_FOLDER: Final = "tool-output"


class ToolOutputFiles:
    """Opens files of opencode's own folder for them, and no other."""

    def __init__(self, settings: OpencodeSettings) -> None:
        self._settings = settings

    def __call__(self, path: str) -> int:
        """See `OutputFiles`."""
        folder, _, name = path.rpartition("/")
        try:
            parent = self._parent(folder) if path.startswith("/") and _NAME.fullmatch(name) else None
            if parent is None:
                raise NotKept("refused")
            return _open(parent, name)
        except FileNotFoundError:
            raise NotKept("gone") from None
        except PermissionError:
            raise NotKept("unreadable") from None
        except OSError:  # a link in its place, or a loop of them
            raise NotKept("refused") from None

    def _parent(self, folder: str) -> Path | None:
        """The directory of opencode's that the folder lies in; None where it is in none of them."""
        parent, _, name = folder.rpartition("/")
        # An agent that started before there was a home of our own goes on in the shared one.
        now = opencode_data(agent_environment(self._settings, marked="", password="", trusted=False))
        places = (now, shared_data(self._settings)) if name == _FOLDER else ()
        return next((place for place in places if os.path.realpath(parent) == os.path.realpath(place)), None)


def _open(parent: Path, name: str) -> int:
    place = os.open(parent / _FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        # Nothing waits here: a pipe that nobody writes to is opened, too, and then refused.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY, dir_fd=place)
    finally:
        os.close(place)
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_uid != os.geteuid():
        os.close(file)
        raise NotKept("refused")
    return file
