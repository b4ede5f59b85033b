"""Whether an agent could work on a codebase now: asked by who triggers, and again when what waited has its turn."""

import asyncio
from typing import Protocol

from ...domain.codebase.hindrance import Hindered, Hindrance
from ...domain.errors import AgentUnavailable, LedgerError
from ...domain.events import CodebaseRegistered
from ..settings import Settings
from .paths import check_unmoved


class Host(Protocol):
    """What is asked of the agents' host."""

    async def unavailable(self) -> str | None:
        """None where agents can run; else a sentence that says what to do."""
        ...

    async def check_trust(self, directory: str, *, trusted: bool) -> None:
        """Raise `ProjectConfigUntrusted` where the directory brings an agent configuration that isn't trusted."""
        ...


async def check_program(host: Host, directory: str, settings: Settings) -> None:
    """Raise where opencode is not there, or the directory isn't."""
    if (reason := await host.unavailable()) is not None:
        raise AgentUnavailable(reason)
    await asyncio.to_thread(check_unmoved, directory, settings)


async def check_usable(host: Host, directory: str, settings: Settings, *, trusted: bool) -> None:
    """Raise where no agent could run: no opencode, no directory, or one that brings what it isn't trusted with."""
    await check_program(host, directory, settings)
    await host.check_trust(directory, trusted=trusted)


def hindered_by(host: Host, settings: Settings) -> Hindered:
    """What refuses a trigger keeps work that waits from starting, until it is over."""

    async def hindered(codebase: CodebaseRegistered) -> Hindrance | None:
        trusted = codebase.agent_config.get("trusted") is True
        try:
            await check_usable(host, codebase.path, settings, trusted=trusted)
        except LedgerError as error:
            return Hindrance(error.code, error.message)
        return None

    return hindered
