"""opencode's files of whole outputs: opened by a path that an agent gives, and so looked at with suspicion.

An agent's tools can write to its home. A link, a pipe or a device that is put in such a file's place would have the
server read what the agent may not, or wait for ever.
"""

import os
import re
import stat
from pathlib import Path
from typing import Final

from ...whole_outputs import NotKept
from ..settings import OpencodeSettings
from .environment import agent_environment

_NAME: Final = re.compile(r"tool_[A-Za-z0-9]{1,64}")
_FOLDER: Final = "tool-output"


class ToolOutputFiles:
    """Opens files of opencode's own folder for them, and no other."""

    def __init__(self, settings: OpencodeSettings) -> None:
        chosen = agent_environment(settings, marked="", password="", trusted=False)
        home = chosen.get("XDG_DATA_HOME") or str(Path(chosen.get("HOME") or Path.home()) / ".local/share")
        self._parent = Path(home) / "opencode"

    def __call__(self, path: str) -> int:
        """See `OutputFiles`."""
        folder, _, name = path.rpartition("/")
        try:
            if not (path.startswith("/") and _NAME.fullmatch(name) and self._is_ours(folder)):
                raise NotKept("refused")
            return self._open(name)
        except FileNotFoundError:
            raise NotKept("gone") from None
        except PermissionError:
            raise NotKept("unreadable") from None
        except OSError:  # a link in its place, or a loop of them
            raise NotKept("refused") from None

    def _is_ours(self, folder: str) -> bool:
        parent, _, name = folder.rpartition("/")
        return name == _FOLDER and os.path.realpath(parent) == os.path.realpath(self._parent)

    def _open(self, name: str) -> int:
        place = os.open(self._parent / _FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
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
