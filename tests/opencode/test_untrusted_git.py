"""A delivered `.git` that runs programs, or leads elsewhere, as soon as git looks is seen before anything is run."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from opencode_ledger.actors.opencode.untrusted.configuration import refuse_untrusted
from opencode_ledger.actors.opencode.untrusted.git import git_config
from opencode_ledger.domain.errors import ProjectConfigUntrusted

from .live import make_repository
from .odd_names import ODD_NAMES


def git(directory: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=directory, check=True, capture_output=True)


def setting(name: str, value: str) -> Callable[[Path], object]:
    return lambda repository: git(repository, "config", name, value)


def _worktree_config(repository: Path) -> None:
    git(repository, "config", "extensions.worktreeConfig", "true")
    git(repository, "config", "--worktree", "core.fsmonitor", "./x.sh")


def _included(repository: Path) -> None:
    (repository / ".gitconfig").write_text("[user]\n\tname = Ann\n")
    git(repository, "config", "include.path", "../.gitconfig")


def _strange_spelling(repository: Path) -> None:
    with (repository / ".git/config").open("a") as config:
        config.write('[FILTER "X.y"] CLEAN = "./x\\\n.sh"\n')


def _hook(repository: Path) -> None:
    hook = repository / ".git/hooks/post-index-change"
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)


def _hooks_path(repository: Path) -> None:
    (repository / "hooks").mkdir()
    (repository / "hooks/post-index-change").write_text("#!/bin/sh\n")
    (repository / "hooks/post-index-change").chmod(0o755)
    git(repository, "config", "core.hooksPath", "hooks")


def _promisor(repository: Path) -> None:
    git(repository, "config", "remote.far.promisor", "true")
    git(repository, "config", "remote.far.uploadpack", "./x.sh")


def _pointing_elsewhere(repository: Path) -> None:
    other = make_repository(repository.parent / "other")
    (repository / ".git").rename(repository.parent / "aside")
    (repository / ".git").write_text(f"gitdir: {other}/.git\n")


def _linked_elsewhere(repository: Path) -> None:
    other = make_repository(repository.parent / "other")
    (repository / ".git").rename(repository.parent / "aside")
    (repository / ".git").symlink_to(other / ".git")


def _pointing_inside(repository: Path) -> None:
    (repository / ".git").rename(repository / "store")
    (repository / ".git").write_text("gitdir: store\n")
    git(repository, "config", "core.fsmonitor", "./x.sh")


REFUSED: dict[str, Callable[[Path], object]] = {
    "a working tree beside": lambda repository: git(repository, "config", "core.worktree", "../../beside"),
    "a working tree above": setting("core.worktree", "../.."),
    "an absolute working tree": setting("core.worktree", "/"),
    "a file monitor": setting("core.fsmonitor", "./x.sh"),
    "a filter that cleans": setting("filter.x.clean", "./x.sh"),
    "a filter that smudges": setting("filter.x.smudge", "./x.sh"),
    "a filter's process": setting("filter.a.b.process", "./x.sh"),
    "a filter that only begins like Git LFS": setting("filter.lfs.process", "git-lfs filter-process; ./x.sh"),
    "a text conversion": setting("diff.x.textconv", "./x.sh"),
    "a diff command": setting("diff.x.command", "./x.sh"),
    "an external diff": setting("diff.external", "./x.sh"),
    "an include": _included,
    "an include on a condition": setting("includeIf.onbranch:main.path", "../x"),
    "configuration of the working tree": _worktree_config,
    "another spelling": _strange_spelling,
    "a hook": _hook,
    "hooks elsewhere": _hooks_path,
    "a partial clone with a program": _promisor,
    ".git that points elsewhere": _pointing_elsewhere,
    ".git that is a link": _linked_elsewhere,
    ".git that points inside": _pointing_inside,
}

ALLOWED: dict[str, Callable[[Path], object]] = {
    "a plain repository": setting("user.name", "Ann"),
    "Git LFS": setting("filter.lfs.process", "git-lfs filter-process"),
    "git's own file monitor": setting("core.fsmonitor", "false"),
    "hooks for commits": setting("core.hooksPath", ".husky"),
    "an ssh command": setting("core.sshCommand", "ssh -i key"),
    "an alias": setting("alias.x", "!./x.sh"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_runs_or_leads_elsewhere_is_refused(tmp_path: Path, case: str) -> None:
    """Each is named, in the repository's root and below it, and nothing of it is run for that."""
    repository = make_repository(tmp_path / "repository")
    (tmp_path / "beside").mkdir()
    (repository / "below").mkdir()
    (repository / "x.sh").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (repository / "x.sh").chmod(0o755)
    REFUSED[case](repository)
    for directory in (repository, repository / "below"):
        with pytest.raises(ProjectConfigUntrusted, match="git configuration"):
            refuse_untrusted(str(directory))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ODD_NAMES)
def test_git_is_understood_in_a_directory_of_any_name(tmp_path: Path, name: str) -> None:
    """A plain repository is plain, and a hook is found, whatever line breaks and blanks are in the path."""
    repository = make_repository(tmp_path / name)
    assert git_config(str(repository)) == []
    _hook(repository)
    assert git_config(str(repository)) == ["the hook post-index-change"]


@pytest.mark.parametrize("case", ALLOWED)
def test_what_takes_a_command_to_run_is_not(tmp_path: Path, case: str) -> None:
    """What many repositories have, and does nothing when git only looks, keeps nobody from working."""
    repository = make_repository(tmp_path / "repository")
    ALLOWED[case](repository)
    assert git_config(str(repository)) == []


def test_linked_working_trees_and_submodules_are_what_git_made(tmp_path: Path) -> None:
    """Where `.git` is a file because git made it so, it is known by what points back to it."""
    repository, other = make_repository(tmp_path / "repository"), make_repository(tmp_path / "other")
    git(repository, "worktree", "add", "-q", "../linked")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", os.fspath(other), "module")
    for directory in (tmp_path / "linked", repository / "module", repository):
        assert git_config(str(directory)) == [], directory
