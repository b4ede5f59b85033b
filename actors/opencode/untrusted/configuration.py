"""A codebase's own opencode configuration is found here, so that it isn't run unless it is trusted.

opencode merges settings and runs plugins that lie in the codebase or above it: up to the repository's root, or without
one up to the file system's. Its own switch against that has a leak, so a prompt is refused if such files exist. Before
a prompt opencode itself is asked which root it sees. Before it runs, the nearest directory that looks like a
repository's root is taken.
"""

import os
from pathlib import Path

from ....domain.errors import ProjectConfigUntrusted
from .git import git_config

NAMES = (".opencode", "opencode.json", "opencode.jsonc")
_NAMED = 5


def project_config(directory: str, root: str | None = None) -> list[str]:
    """The configuration that opencode would take from the codebase and above it, by absolute path. Blocking.

    `root` is where opencode stops to look. A link counts as what it is called, wherever it leads. What the user
    keeps in the home directory for all projects is the user's own, and not the codebase's.
    """
    own = Path.home() / ".opencode"
    found = [place / name for place in _places(Path(os.path.realpath(directory)), root) for name in NAMES]
    return [str(path) for path in found if os.path.lexists(path) and path != own]


def refuse_untrusted(directory: str, root: str | None = None) -> None:
    """Raise `ProjectConfigUntrusted`, naming the files and the way out, if there is configuration. Blocking."""
    if found := project_config(directory, root):
        named = ", ".join(found[:_NAMED]) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
        raise ProjectConfigUntrusted(
            f"This codebase brings its own opencode configuration ({named}), which could run commands. "
            "Read it; then change the codebase's agent_config.trusted to true with PATCH, or move these files away."
        )
    if settings := git_config(directory):
        raise ProjectConfigUntrusted(
            f"This codebase's git configuration ({', '.join(settings[:_NAMED])}) runs programs or leads elsewhere as soon as "
            "git looks at it. Read it; then change the codebase's agent_config.trusted to true with PATCH, or take it out."
        )


def _places(directory: Path, root: str | None) -> list[Path]:
    upward = [directory, *directory.parents]
    is_root = _is_repository if root is None else Path(root).__eq__
    last = next((index for index, place in enumerate(upward) if is_root(place)), len(upward) - 1)
    return upward[: last + 1]


def _is_repository(place: Path) -> bool:
    git = place / ".git"
    if git.is_file():
        with git.open("rb") as file:
            target = file.read(4096).removeprefix(b"gitdir:").strip()
        return (place / os.fsdecode(target)).is_dir()
    return all((git / name).exists() for name in ("HEAD", "objects", "refs"))
