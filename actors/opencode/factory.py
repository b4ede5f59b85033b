"""The factory of agents, and what can be asked of opencode without any codebase."""

import asyncio
import tempfile
from pathlib import Path

from ...domain.errors import AgentUnavailable, LedgerError
from ...domain.ids import CodebaseId
from ...domain.ports import Deliver
from . import survivors
from .agent import OpencodeAgent
from .binary import find_binary, read_version, supported, wrong_version
from .catalog import Model, models_of
from .environment import agent_environment
from .server import OpencodeServer
from .settings import OpencodeSettings
from .trust import refuse_untrusted

MODELS = "models"
"""What stands in place of a codebase for the short-lived server that is asked for models."""


class OpencodeAgents:
    """Makes agents (see the port `AgentFactory`) and knows whether any can be made."""

    def __init__(self, settings: OpencodeSettings) -> None:
        self._settings = settings
        self._path = agent_environment(settings, marked="", password="", trusted=False)["PATH"]
        self._checked: tuple[Path, float, str | None] | None = None
        self._binary: Path | None = None
        self._models: tuple[float, list[Model]] | None = None
        self._asking: asyncio.Task[list[Model]] | None = None
        self._checking = asyncio.Lock()

    def __call__(self, codebase: CodebaseId, directory: str, *, trusted: bool, deliver: Deliver) -> OpencodeAgent:
        """The agent of a codebase; starts nothing."""
        return OpencodeAgent(self._settings, codebase, directory, trusted=trusted, deliver=deliver)

    @property
    def binary(self) -> Path | None:
        """The executable that agents are started from, as the last question of `unavailable` found it."""
        return self._binary

    async def unavailable(self) -> str | None:
        """Why no agent can be started, saying what to do; None if they can. An executable is asked for its version once."""
        async with self._checking:
            try:
                binary, made = await asyncio.to_thread(self._find)
                self._binary = binary
                if self._checked is None or self._checked[:2] != (binary, made):
                    version = await read_version(binary, self._path, self._settings.start_limit)
                    self._checked = (binary, made, None if supported(version) else wrong_version(version))
            except AgentUnavailable as error:
                self._binary = None
                return error.message
            return self._checked[2]

    async def check_trust(self, directory: str, *, trusted: bool) -> None:
        """Raise `ProjectConfigUntrusted` if the codebase brings configuration that it isn't trusted with."""
        if not trusted:
            await asyncio.to_thread(refuse_untrusted, directory)

    async def models(self) -> list[Model]:
        """The models that agents can use. Asked for at most once at a time, and kept for a while.

        Raises `AgentUnavailable`.
        """
        now = asyncio.get_running_loop().time()
        if self._models is not None and now - self._models[0] < self._settings.models_lifetime:
            return self._models[1]
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_models())
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)

    async def close(self) -> None:
        """End what is still being asked."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await survivors.sweep(self._settings.instance, MODELS)

    def _find(self) -> tuple[Path, float]:
        """The executable, and when it was made. Blocking."""
        binary = find_binary(self._settings.binary, self._settings.tools_dir, self._path)
        try:
            return binary, binary.stat().st_mtime
        except OSError as error:
            raise AgentUnavailable(f"{binary} can't be read: {error.strerror}.") from None

    async def _ask_models(self) -> list[Model]:
        if (reason := await self.unavailable()) is not None:
            raise AgentUnavailable(reason)
        try:
            nowhere = await asyncio.to_thread(tempfile.TemporaryDirectory[str], prefix="opencode-ledger-")
            try:
                server = await OpencodeServer.start(self._settings, MODELS, nowhere.name, trusted=False)
                try:
                    return models_of(await server.client.providers())
                finally:
                    await server.close(self._settings.farewell_limit)
            finally:
                await asyncio.to_thread(nowhere.cleanup)
        except LedgerError as error:
            raise AgentUnavailable(error.message) from error

    def _asked(self, asking: asyncio.Task[list[Model]]) -> None:
        self._asking = None
        if not asking.cancelled() and asking.exception() is None:
            self._models = (asyncio.get_running_loop().time(), asking.result())
