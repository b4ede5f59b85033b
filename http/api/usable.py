"""Whether an agent could work on a codebase now. Checked at a trigger, and again before queued work starts."""

import asyncio
from typing import Protocol

from ...domain.agent_config import AgentConfig
from ...domain.codebase.hindrance import Hindered, Hindrance
from ...domain.errors import AgentUnavailable, LedgerError
from ...domain.events import CodebaseRegistered
from ..settings import Settings
from .paths import check_unmoved


class Host(Protocol):
    """What these checks need of the agents' host."""

    async def unavailable(self) -> str | None:
        """None where agents can run; else a sentence that says what to do."""
        ...

    async def check_trust(self, directory: str, *, trusted: bool) -> None:
        """Raise `ProjectConfigUntrusted` if the directory has an agent configuration that isn't trusted."""
        ...


async def check_program(host: Host, directory: str, settings: Settings) -> None:
    """Raise `LedgerError` if opencode is not available, or the directory is gone or not allowed."""
    if (reason := await host.unavailable()) is not None:
        raise AgentUnavailable(reason)
    await asyncio.to_thread(check_unmoved, directory, settings)


async def check_usable(host: Host, directory: str, settings: Settings, config: AgentConfig) -> None:
    """Raise `LedgerError` as `check_program`, or if the directory has an agent configuration that isn't trusted."""
    await check_program(host, directory, settings)
    await host.check_trust(directory, trusted=config.trusted)


def hindered_by(host: Host, settings: Settings) -> Hindered:
    """The check before queued work starts. What refuses a trigger also keeps queued work from starting."""

    async def hindered(codebase: CodebaseRegistered) -> Hindrance | None:
        try:
            await check_usable(host, codebase.path, settings, AgentConfig.of(codebase.agent_config))
        except LedgerError as error:
            return Hindrance(code=error.code, message=error.message)
        return None

    return hindered
