"""A codebase's own git configuration: the parts that run programs or lead elsewhere as soon as git only looks.

opencode has git look at the repository (`status`, `diff`, `rev-parse`) without any agent's call, and within git's
working tree it asks for no permission. A clone brings no configuration, but a whole directory that comes from others
brings its `.git`. Settings that run only with a commit, a fetch or a pager are not searched for: those take a command.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Final

RUNS: Final = re.compile(
    r"core\.fsmonitor|filter\..*\.(clean|smudge|process)|diff\..*\.(textconv|command)|diff\.external"
    r"|include\.path|includeif\..*\.path"
)
"""Settings that run a program when git looks, or take in others from a file that can change at any time."""

FETCHES: Final = re.compile(
    r"remote\..*\.(uploadpack|vcs|proxy)|core\.(sshcommand|gitproxy|askpass)|credential(\..*)?\.helper|protocol(\..*)?\.allow"
)
"""Settings that run a program when git fetches; in a partial clone it does so when it looks."""

PARTIAL: Final = re.compile(r"extensions\.partialclone|remote\..*\.promisor")
HARMLESS: Final = frozenset(
    {"git-lfs clean -- %f", "git-lfs smudge -- %f", "git-lfs smudge --skip -- %f", "git-lfs filter-process"}
    | {"git-lfs filter-process --skip", "true", "false", "1", "0", "yes", "no", "on", "off", ""}
)
"""Values that run nothing of the codebase: Git LFS is found on PATH."""

HOOK: Final = "post-index-change"
"""The one hook that git runs when it only looks."""

_HOOKS: Final = ("--git-path", "hooks")

LIMIT: Final = 10.0
"""Seconds that git may take to answer."""


def git_config(directory: str) -> list[str]:
    """The settings of the codebase's git that run programs or lead elsewhere, by name. Blocking; runs none of it."""
    if not any(os.path.lexists(place / ".git") for place in (Path(directory), *Path(directory).parents)):
        return []
    git_dir, root, hooks = _path(directory, "--git-dir"), _path(directory, "--show-toplevel"), _path(directory, *_HOOKS)
    if not git_dir:
        return []  # no git, or no repository that git itself would use
    settings = _settings(directory)
    found = sorted({name for name, value in settings if RUNS.fullmatch(name) and value not in HARMLESS})
    if any(PARTIAL.fullmatch(name) for name, _ in settings):
        found += sorted({name for name, _ in settings if FETCHES.fullmatch(name)})
    if os.access(Path(hooks) / HOOK, os.X_OK):
        found.append(f"the hook {HOOK}")
    return [*found, *_elsewhere(directory, root, git_dir)]


def _elsewhere(directory: str, root: str, git_dir: str) -> list[str]:
    """Where git's working tree or its own directory is not the one that the codebase has or lies in."""
    places = (Path(directory), *Path(directory).parents)
    holder = next((place for place in places if os.path.lexists(place / ".git")), None)
    if holder is None:
        return []
    found = [] if not root or Path(root) == holder else [f"core.worktree, which leads to {root}"]
    real = os.path.realpath(git_dir)
    own = Path(real).is_relative_to(holder) or _points_back(Path(real), holder)
    return (
        found if own or (not found and _is_submodule(Path(real), holder)) else [*found, f".git, which leads to {real}"]
    )


def _points_back(git_dir: Path, holder: Path) -> bool:
    """Whether a linked working tree is known where it was made: its `gitdir` names it."""
    try:
        named = (git_dir / "gitdir").read_bytes().strip()
    except OSError:
        return False
    return os.path.realpath(git_dir / os.fsdecode(named)) == os.path.realpath(holder / ".git")


def _is_submodule(git_dir: Path, holder: Path) -> bool:
    """Whether it lies among the modules of a repository above, and its `core.worktree` leads back to the submodule."""
    above = any(git_dir.is_relative_to(place / ".git/modules") for place in holder.parents)
    return above and _git(str(holder), "config", "--local", "core.worktree") is not None


def _settings(directory: str) -> list[tuple[str, str]]:
    """The repository's own settings, names in small letters but for a part in the middle; what includes bring too."""
    listed = _git(directory, "config", "--list", "-z", "--show-scope", "--includes") or ""
    fields = listed.split("\0")
    pairs = [entry.partition("\n") for scope, entry in zip(fields[::2], fields[1::2], strict=False) if scope in OWN]
    return [(name.lower(), value) for name, _, value in pairs]


OWN: Final = ("local", "worktree")


def _path(directory: str, *asked: str) -> str:
    """A path as git reports it, which may have line breaks in it; empty if git reports none."""
    return (_git(directory, "rev-parse", "--path-format=absolute", *asked) or "").removesuffix("\n")


def _git(directory: str, *arguments: str) -> str | None:
    """The output of git; None if it fails or isn't there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        ended = subprocess.run(
            ["git", *arguments],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return os.fsdecode(ended.stdout) if ended.returncode == 0 else None
