"""The bodies of responses about the files that sessions changed."""

from typing import Literal

from ....projections.views.changes import Unrecorded
from .parts import Count, Listing, Shape


class ChangedFile(Shape):
    """A file that a session changed. `action`: what became of it in the session as a whole.

    - `additions`, `deletions`: lines, as far as the file was compared.
    - `diff_recorded`: whether its newest difference is on record. If not, `reason` says why: opencode compared nothing
      (`not_compared`: there is no git repository, the file is too large for it, or the run was cut short), the file has no
      lines (`binary_or_empty`), or the difference is `too_large`.
    - `path_encoding`: present for a name that is not UTF-8; percent-decoded, `path` then gives the name's bytes.
    """

    path: str
    action: Literal["create", "modify", "delete"]
    additions: Count
    deletions: Count
    diff_recorded: bool
    reason: Unrecorded | None = None
    path_encoding: Literal["percent"] | None = None


class ChangedFiles(Listing):
    """The files that a session changed, the last changed first."""

    files: list[ChangedFile]
