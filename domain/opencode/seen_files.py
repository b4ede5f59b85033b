"""What scans of its directory show of a codebase's files in a run: the changes that no tool has reported itself.

- A scan takes time, and a tool may write meanwhile: what a tool reported since a scan began is left to the next scan.
- A scan may see what a tool wrote before the tool reports it: such a report is then not repeated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..codebase.facts import FileChanged, FilesUnknown
from ..file_trees import Action, Look, Mark, carried_on, changes, fewest_first, path_text
from ..ids import SessionId

NAMED = 2000
"""Changes of one scan that are listed; the rest is counted."""
_LISTED = 3

TOO_MUCH = "What shell commands change here is not known for certain: there are too many files to compare, or it takes too long."


@dataclass(slots=True)
class SeenFiles:
    """The known state of the files. `shell`: something ran that may change any file. `due`: something of it ended."""

    shell: bool = False
    due: bool = False
    touched: dict[bytes, bool] = field(default_factory=dict[bytes, bool])
    """Reported paths that still have to be checked, each with whether the file should exist now."""
    _session: SessionId | None = None
    _files: dict[bytes, Mark] | None = None
    _hidden: frozenset[bytes] = frozenset()
    _meanwhile: set[bytes] = field(default_factory=set[bytes])
    _seen_at: dict[tuple[bytes, bool], float] = field(default_factory=dict[tuple[bytes, bool], float])
    """When the last scan ended that found a file created, changed (True) or gone (False)."""
    _said: set[str] = field(default_factory=set[str])

    @property
    def known(self) -> bool:
        """Whether scans compare the files: the agent's own comparisons are then not needed."""
        return self._files is not None

    def begin(self, session: SessionId, before: Look | None) -> None:
        """A run begins. `before`: what a scan saw just now; None continues from the last scan."""
        self._session = session
        if before is not None:
            self._keep(before)
        self.shell = self.due = False
        self.touched.clear()
        self._seen_at.clear()

    def ran(self, *, ended: bool) -> None:
        """A call that may change any file is running, or has ended."""
        self.shell = True
        self.due = self.due or ended

    def reported(self, path: bytes, began: float, *, exists: bool) -> bool:
        """A tool wrote or removed a file; whether that is news. `began`: when its call began, in ms since the epoch."""
        self.touched[path] = exists
        self._meanwhile.add(path)
        return self._seen_at.get((path, exists), -1.0) < began

    def looking(self) -> None:
        """A scan of the whole directory begins."""
        self.due = False
        self._meanwhile = set(self.touched)

    def seen(self, look: Look, at: float) -> Iterator[FileChanged | FilesUnknown]:
        """Take what a scan saw. The moment of its end is in ms since the epoch."""
        before = Look(self._files, self._hidden)
        if self._session is None or self._files is None:
            return
        yield from self._unknown(TOO_MUCH if look.files is None else _unread(before.hidden | look.hidden))
        if look.files is None:
            self._files = None
            return
        found = [change for change in changes(before, look) if change.path not in self._meanwhile]
        known = {path: self._files.get(path) for path in self._meanwhile}
        self._keep(Look(carried_on(before, look), look.hidden))
        for path, mark in known.items():
            _put(self._files, path, mark)
        named, left = fewest_first(found, NAMED)
        for change in named:
            self._seen_at[change.path, change.action != "delete"] = at
            yield _changed(self._session, change.action, change.path)
        if left:
            yield FilesUnknown(session_id=self._session, reason=_many(left))

    def seen_one(self, path: bytes, expected: bool, mark: Mark | None) -> Iterator[FileChanged]:
        """Take what is at a reported path; None for nothing. `expected`: whether the report implies a file there."""
        if self.touched.get(path) is not expected:
            return  # there is a newer report
        del self.touched[path]
        if self._files is None or self._session is None:
            return
        _put(self._files, path, mark)
        if expected != (mark is not None):
            yield _changed(self._session, "delete" if expected else "create", path)

    def out_of_sight(self, path: bytes) -> None:
        """A tool reported a file that no scan finds under this name."""
        self.touched.pop(path, None)

    def not_compared(self) -> Iterator[FilesUnknown]:
        """Something ran that may change any file, and scans can't compare the files."""
        yield from self._unknown(TOO_MUCH)

    def forget(self) -> None:
        """No run is under way, and none goes on from here."""
        self._session, self._files = None, None

    def _keep(self, look: Look) -> None:
        self._files = None if look.files is None else dict(look.files)
        self._hidden = look.hidden

    def _unknown(self, reason: str) -> Iterator[FilesUnknown]:
        if reason and reason not in self._said and self._session is not None:
            self._said.add(reason)
            yield FilesUnknown(session_id=self._session, reason=reason)


def _changed(session: SessionId, action: Action, path: bytes) -> FileChanged:
    shown, encoding = path_text(path)
    return FileChanged(session_id=session, action=action, path=shown, path_encoding=encoding)


def _put(files: dict[bytes, Mark], path: bytes, mark: Mark | None) -> None:
    if mark is None:
        files.pop(path, None)
    else:
        files[path] = mark


def _unread(hidden: frozenset[bytes]) -> str:
    if not hidden:
        return ""
    named = _listed([path_text(path)[0] or "the codebase's directory itself" for path in sorted(hidden)])
    return f"What shell commands changed in directories that can't be read is not known: {named}."


def _many(left: Mapping[bytes, int]) -> str:
    most = sorted(left.items(), key=lambda item: (-item[1], item[0]))
    named = _listed([f"{path_text(path)[0]} ({count})" for path, count in most])
    return f"{sum(left.values())} more files changed than are named here: {named}."


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
