"""Chooses among the executables that are there: the first of a version that we understand."""

import asyncio
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ....domain.errors import AgentUnavailable
from ...clock import loop_seconds
from ..homes.migrations import File
from ..program.binary import SUPPORTED, candidates, on_path, supported, wrong_version
from ..program.environment import shared_data
from ..settings import OpencodeSettings
from .versions import is_later, version_of

NAMES: Final = ("opencode", "opencode2")
"""What another version of opencode is called on PATH."""

SILENCE: Final = 60.0
"""Seconds before an executable that didn't answer is asked again, if there is another one."""

_silent: dict[File, float] = {}
"""Those that didn't answer when they were asked, by the loop's clock."""


@dataclass(frozen=True)
class Executable:
    """An executable. `version`: what it says it is; empty for one that says nothing."""

    binary: Path
    version: str

    def __str__(self) -> str:
        return f"opencode {self.version or 'of an unknown version'} at {self.binary}"


@dataclass(frozen=True)
class Choice:
    """The chosen executable, and those before it. `later`: one of a later version that works in the same home."""

    used: Executable
    passed_over: Many[Executable] = ()
    later: Executable | None = None

    @property
    def note(self) -> str | None:
        """A remark on the choice, in a sentence; None if the first executable was chosen."""
        if not self.passed_over:
            return None
        others = ", ".join(map(str, self.passed_over))
        return f"{self.used} is used, since only {SUPPORTED}x is supported and these are found first: {others}."


async def settle(settings: OpencodeSettings, path: str) -> Choice:
    """Choose the executable and the home that it works in from now on. Raises `AgentUnavailable`."""
    choice = await choose(settings, path)
    if (home := settings.own_home) is not None:
        later = str(choice.later) if choice.later is not None else None
        shared = await asyncio.to_thread(shared_data, settings)
        await asyncio.to_thread(home.decide, shared, choice.used.binary, later)
    return choice


async def choose(settings: OpencodeSettings, path: str) -> Choice:
    """Ask those that may be used for their versions, until one is supported. Raises `AgentUnavailable`."""
    found = await asyncio.to_thread(candidates, settings.binary, settings.tools_dir, path)
    passed_over = list[Executable]()
    why = list[AgentUnavailable]()
    for binary in found:
        try:
            version = await _version(binary, path, settings.version_limit, alone=len(found) == 1)
        except AgentUnavailable as error:
            why.append(error)
            passed_over.append(Executable(binary, ""))
            continue
        executable = Executable(binary, version)
        if supported(version):
            return Choice(executable, passed_over, await _later(settings, path, executable))
        why.append(AgentUnavailable(wrong_version(version)))
        passed_over.append(executable)
    raise why[0]


async def _later(settings: OpencodeSettings, path: str, used: Executable) -> Executable | None:
    """One on PATH that is of a later version than ours, if the agents have the home that it works in."""
    if settings.home is not None:
        return None
    own = await asyncio.to_thread(File.at, used.binary)
    for binary in await asyncio.to_thread(_others, path):
        try:
            if await asyncio.to_thread(File.at, binary) == own:
                continue
            version = await _version(binary, path, settings.version_limit, alone=False)
        except AgentUnavailable:
            continue
        if is_later(version):
            return Executable(binary, version)
    return None


def _others(path: str) -> list[Path]:
    return [binary for name in NAMES for binary in on_path(name, path)]


async def _version(binary: Path, path: str, limit: float, *, alone: bool) -> str:
    """What it says its version is. Raises `AgentUnavailable`, at once for a while after it didn't answer."""
    file, now = await asyncio.to_thread(File.at, binary), loop_seconds()
    if not alone and now - _silent.get(file, -SILENCE) < SILENCE:
        raise AgentUnavailable(f"{binary} did not report its version.")
    try:
        return await version_of(binary, path, limit)
    except AgentUnavailable:
        _silent[file] = now
        raise
