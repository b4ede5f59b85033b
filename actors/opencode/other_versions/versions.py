"""The versions that executables report, and which of them are later than ours."""

import asyncio
import re
from pathlib import Path

from ..homes.migrations import File
from ..program.binary import SUPPORTED, read_version

_versions: dict[File, str] = {}
"""The answer of each file: the same file always gives the same answer."""


async def version_of(binary: Path, path: str, limit: float) -> str:
    """The version that an executable reports, asked once; empty if that is no version. Raises `AgentUnavailable`."""
    file = await asyncio.to_thread(File.at, binary)
    if file not in _versions:
        _versions[file] = await read_version(binary, path, limit)
    return _versions[file]


def is_later(version: str) -> bool:
    """Whether a version is later than the supported ones; a build of a channel, `0.0.0-beta-1`, counts as that."""
    numbers = [int(number) for number in re.findall(r"\d+", version)[:2]]
    return version.startswith("0.0.0-") or numbers > [int(number) for number in SUPPORTED.strip(".").split(".")]
