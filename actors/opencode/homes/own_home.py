"""A home of our own, beside the data directory, for when another version of opencode works in the shared one.

opencode keeps sessions, state and caches in it. The configuration stays where it is. Logins are linked, so that a token
that either version renews is good for both.
"""

import os
import stat
from pathlib import Path
from typing import Final

from ....domain.errors import AgentUnavailable
from ...store.evidence.foreign import Stamp, stamp_of
from ..starting.first_start import FirstStart
from .database import NAME, opened_by_another

SUFFIX: Final = "-opencode"
"""The suffix of its name, after the data directory's."""

LOGINS: Final = ("auth.json", "mcp-auth.json")

INSTEAD_OF: Final = "instead-of"
"""The file in it that names the shared home's directory which it replaces."""

_PLACES: Final = {"XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache"}


class OwnHome:
    """The home at `place`. `reason`: a sentence on why it is used; None while the shared one is.

    Once opencode has worked in it, it stays: its sessions are nowhere else. `first_start`: lets the first agent start
    alone.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.reason: str | None = None
        self.first_start = FirstStart()
        self._seen: tuple[Path, Stamp | None] | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The variables that make it opencode's; none while it isn't worked in."""
        if self.reason is None:
            return {}
        return {name: str(self.place / folder) for name, folder in _PLACES.items()}

    def decide(self, shared: Path, binary: Path, later: str | None) -> None:
        """Decide whether it is used from now on, and make it if so. Blocking. Raises `AgentUnavailable`.

        `shared`: opencode's directory in the shared home. `later`: a later version that works there, in words.
        """
        if self.reason is None:
            self.reason = self._why(shared, binary, later)
        if self.reason is not None:
            self._make(shared)

    def _why(self, shared: Path, binary: Path, later: str | None) -> str | None:
        instead = f"Agents work in a home of their own, {self.place}, and not in {shared}"
        if self._was_used_for(shared):
            return f"{instead}: they did so before, and their sessions are there."
        if later is not None:
            return f"{instead}: {later} works there, and after it has, {binary} no longer can."
        database = shared / NAME
        look = (binary, stamp_of(database))
        if look[1] is None or look == self._seen:
            return None
        if sign := opened_by_another(database, binary):
            return f"{instead}: another version of opencode has opened {database} ({sign}), with which {binary} can't work."
        self._seen = look
        return None

    def _was_used_for(self, shared: Path) -> bool:
        """Whether opencode has worked in it instead of in this shared home, and not in place of another."""
        if not os.path.lexists(self._data / NAME):
            return False
        try:
            return (self.place / INSTEAD_OF).read_bytes() == os.fsencode(shared)
        except OSError:
            return False

    @property
    def _data(self) -> Path:
        return self.place / _PLACES["XDG_DATA_HOME"] / "opencode"

    def _make(self, shared: Path) -> None:
        try:
            for place in (self.place, *(self.place / folder for folder in _PLACES.values())):
                _make_private(place)
            _make_private(self._data)
            for name in LOGINS:
                _link(self._data / name, shared / name)
            (self.place / INSTEAD_OF).write_bytes(os.fsencode(shared))
        except OSError as error:
            raise AgentUnavailable(
                f"{self.reason} It can't be created ({error.strerror or error}): fix this, or choose another with --opencode-home."
            ) from None


def _make_private(place: Path) -> None:
    """A directory of ours, which nobody else may enter. Raises `OSError` for anything else in its place."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NotADirectoryError(f"{place} is no directory of this user")
    if found.st_mode & 0o077:
        place.chmod(0o700)


def _link(place: Path, target: Path) -> None:
    """A link to the shared file, also where that isn't there yet. A file that somebody put there stays."""
    if place.is_symlink() and place.readlink() != target:
        place.unlink()
    if not os.path.lexists(place):
        place.symlink_to(target)
