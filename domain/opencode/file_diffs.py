"""What a prompt's work did to each file, as the agent compares it with its snapshots: also what shells changed.

The comparison comes with the user's message, again and again while the agent works. The last one counts, and is
reported once the run has ended. Without a repository there are no snapshots, and so no comparisons.
"""

from collections.abc import Iterator, Mapping
from posixpath import join, normpath
from typing import Final, Literal

from ..codebase.facts import FileCompared
from ..file_trees import Action
from ..untrusted_json import Fields, fields, items, text, whole
from .streamed_text import Origin

LARGEST: Final = 256 * 1024
"""Characters of a difference that is recorded."""

MOST: Final = 1000
"""Files of one prompt whose differences are recorded."""

ACTIONS: Final[Mapping[str, Action]] = {"added": "create", "modified": "modify", "deleted": "delete"}


class FileDiffs:
    """The newest comparison of each prompt of a session."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._compared: dict[str, tuple[FileCompared, ...]] = {}
        self._reported: set[str] = set()

    def comparison(self, origin: Origin, prompt: str, diffs: object, root: str) -> None:
        """All that changed since a prompt. `root`: what the paths are relative to."""
        if prompt not in self._reported and origin.subagent is None:
            found = (self._of(origin, fields(diff), root) for diff in items(diffs)[:MOST])
            self._compared[prompt] = tuple(filter(None, found))

    def ended(self) -> Iterator[FileCompared]:
        """No more comparisons of these prompts will come."""
        compared, self._compared = self._compared, {}
        self._reported.update(compared)
        for files in compared.values():
            yield from files

    def _of(self, origin: Origin, diff: Fields, root: str) -> FileCompared | None:
        path, action = self._inside(join(root, text(diff.get("file")))), ACTIONS.get(text(diff.get("status")), "modify")
        if not path or path.startswith('"'):  # git puts odd names in quotes, and the agent then garbles them
            return None
        patch = text(diff.get("patch"))
        missing = _missing(patch)
        return FileCompared(
            session_id=origin.session_id,
            action=action,
            path=path,
            additions=max(0, whole(diff.get("additions"))),
            deletions=max(0, whole(diff.get("deletions"))),
            diff=None if missing else patch,
            missing=missing,
        )

    def _inside(self, file: str) -> str:
        path = normpath(file)
        return path.removeprefix(f"{self._directory}/") if path.startswith(f"{self._directory}/") else ""


def _missing(patch: str) -> Literal["binary_or_empty", "too_large"] | None:
    """Why a difference is not recorded. opencode compares a binary file as one without lines, as it does an empty one."""
    if "@@" not in patch:
        return "binary_or_empty"
    return "too_large" if len(patch) > LARGEST else None
