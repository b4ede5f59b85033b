"""Which files an agent changed, and how: its tools report that at once, its shell by scans of the directory.

Where the directory can't be scanned, the agent's own reports count. It reports what a shell changed in two ways:

- A `patch` names the files of a step, but not how they changed.
- The user's message has a comparison of all steps since, some time later.

A file of a patch waits for a comparison that has it. If it still waits when the agent's run ends, the status of the
version control decides.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import Final, TypeAlias

from ..codebase.facts import FileChanged
from ..file_trees import Action, Look
from ..ids import SessionId
from ..untrusted_json import Fields, fields, items, number, text
from .seen_files import SeenFiles
from .streamed_text import Origin

Compared: TypeAlias = Mapping[str, str]
"""Per path: `added`, `modified` or `deleted`."""

WRITING: Final = frozenset({"write", "edit", "multiedit", "apply_patch"})
"""Tools that report themselves what they change."""

HARMLESS: Final = WRITING | frozenset(
    """read glob grep list ls webfetch websearch codesearch todowrite todoread question skill task invalid
    plan_enter plan_exit""".split()
)
"""Tools that change no file without reporting it. Every other tool may change any file: a shell, or a plugin's tool."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    origin: Origin
    prompt: str
    path: str


@dataclass(slots=True)
class FileChanges:
    """The file changes of one run. Paths are relative to `directory`; a path outside of it is absolute."""

    directory: str
    seen: SeenFiles = field(default_factory=SeenFiles)
    _exists: dict[str, bool] = field(default_factory=dict[str, bool])
    _by_tool: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    _by_helpers: set[str] = field(default_factory=set[str])
    _seen_parts: set[str] = field(default_factory=set[str])
    _waiting: list[_Waiting] = field(default_factory=list[_Waiting])
    _compared: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])
    patched: bool = False

    @property
    def waiting(self) -> bool:
        """Whether there are changed files whose outcome is still unknown."""
        return bool(self._waiting)

    def begin(self, session: SessionId, before: Look | None = None) -> None:
        """A new run: earlier knowledge of the files is no longer certain, except what a scan saw just now."""
        self.seen.begin(session, before)
        self._exists.clear()
        self._by_tool.clear()
        self._by_helpers.clear()
        self._waiting.clear()
        self._compared.clear()
        self.patched = False

    def tool(self, origin: Origin, part: Fields) -> Iterator[FileChanged]:
        """A tool call; a successful call that writes files reports what it did."""
        state, part_id, tool = fields(part.get("state")), text(part.get("id")), text(part.get("tool"))
        status = state.get("status")
        if part_id in self._seen_parts or status not in ("running", "completed", "error"):
            return
        ended = status != "running"
        if tool not in HARMLESS or (tool in WRITING and status == "error"):
            self.seen.ran(ended=ended)
        if ended:
            self._seen_parts.add(part_id)
        for action, file in _by_tool(tool, state) if status == "completed" else ():
            path = self._inside(file)
            if not path and file:
                yield self._changed(origin, action, normpath(join(self.directory, file)))
            elif path:
                self._by_tool.setdefault(text(part.get("messageID")), set()).add(path)
                if origin.subagent:
                    self._by_helpers.add(path)
                began = number(fields(state.get("time")).get("start"))
                if self.seen.reported(path.encode("utf-8", "surrogatepass"), began, exists=action != "delete"):
                    yield self._changed(origin, action, path)

    def patch(self, origin: Origin, prompt: str, part: Fields) -> None:
        """The files that a step changed, by any tool. `prompt`: the user's message that it answers."""
        part_id = text(part.get("id"))
        self.patched = True
        if part_id in self._seen_parts or self.seen.known:
            return
        self._seen_parts.add(part_id)
        reported = self._by_tool.get(text(part.get("messageID")), set())
        paths = [path for file in items(part.get("files")) if (path := self._by_git(text(file)))]
        if origin.subagent:
            self._by_helpers.update(paths)
        else:  # the step in which a subagent worked names the subagent's files again
            reported, self._by_helpers = reported | self._by_helpers, set()
        self._waiting += [_Waiting(origin, prompt, path) for path in paths if path not in reported]

    def comparison(self, origin: Origin, prompt: str, diffs: object, root: str) -> Iterator[FileChanged]:
        """All changes since a prompt, as the agent compared them. `root`: what its paths are relative to."""
        if self.seen.known:
            return
        status = self._statuses(diffs, root)
        news = self._news(prompt, diffs, root)
        for waiting in list(self._waiting):
            if waiting.prompt == prompt and waiting.path in news:
                news.remove(waiting.path)
                self._waiting.remove(waiting)
                yield self._settled(waiting, status[waiting.path])
        # A file that was moved away is in no patch: only the comparison shows that it is gone.
        for path, state in status.items():
            if state == "deleted" and self._exists.get(path) is not False and not self._waits(path):
                yield self._changed(origin, "delete", path)

    def rest(self, status: Iterable[object], root: str) -> Iterator[FileChanged]:
        """No more comparisons will come: the version control's status decides about the files that still wait."""
        known = self._statuses(list(status), root)
        waiting, self._waiting = self._waiting, []
        for index, one in enumerate(waiting):
            again = any(later.path == one.path for later in waiting[index + 1 :])
            if one.path in known and not again:
                yield self._settled(one, known[one.path])
            elif self._exists.get(one.path) is True:
                yield self._changed(one.origin, "modify" if again else "delete", one.path)
            else:
                yield self._changed(one.origin, "create" if again else "modify", one.path)

    def _news(self, prompt: str, diffs: object, root: str) -> set[str]:
        """The paths whose difference changed since the last comparison; an old difference settles nothing new."""
        before = self._compared.get(prompt, {})
        found = {self._by_git(join(root, text(fields(diff).get("file")))): diff for diff in items(diffs)}
        news = {path for path, diff in found.items() if path and before.get(path) != diff}
        self._compared[prompt] = found
        return news

    def _waits(self, path: str) -> bool:
        return any(waiting.path == path for waiting in self._waiting)

    def _settled(self, waiting: _Waiting, status: str) -> FileChanged:
        before = self._exists.get(waiting.path)
        if status == "deleted":
            return self._changed(waiting.origin, "delete", waiting.path)
        new = before is False or (before is None and status == "added")
        return self._changed(waiting.origin, "create" if new else "modify", waiting.path)

    def _changed(self, origin: Origin, action: Action, path: str) -> FileChanged:
        self._exists[path] = action != "delete"
        return FileChanged(session_id=origin.session_id, action=action, path=path)

    def _statuses(self, diffs: object, root: str) -> dict[str, str]:
        found = [fields(diff) for diff in items(diffs)]
        named = [(self._by_git(join(root, text(diff.get("file")))), text(diff.get("status"))) for diff in found]
        return {path: status for path, status in named if path}

    def _inside(self, file: str) -> str:
        """The path relative to the codebase; empty for a file that is not in it."""
        path = normpath(join(self.directory, file)) if file else ""
        return path.removeprefix(f"{self.directory}/") if path.startswith(f"{self.directory}/") else ""

    def _by_git(self, file: str) -> str:
        """As `_inside`; empty too for a name that git puts in quotes, since the agent then garbles it."""
        inside = self._inside(file)
        return "" if inside.startswith('"') else inside


def _by_tool(tool: str, state: Fields) -> Iterator[tuple[Action, str]]:
    metadata, given = fields(state.get("metadata")), fields(state.get("input"))
    match tool:
        case "write":
            yield "modify" if metadata.get("exists") else "create", text(metadata.get("filepath"))
        case "edit":
            file = text(fields(metadata.get("filediff")).get("file")) or text(given.get("filePath"))
            yield "modify" if text(given.get("oldString")) else "create", file
        case "apply_patch":
            for patched in items(metadata.get("files")):
                yield from _patched(fields(patched))
        case _:
            return


def _patched(file: Fields) -> Iterator[tuple[Action, str]]:
    path = text(file.get("filePath"))
    match file.get("type"):
        case "add":
            yield "create", path
        case "delete":
            yield "delete", path
        case "move":
            yield "delete", path
            yield "create", text(file.get("movePath"))
        case _:
            yield "modify", path
