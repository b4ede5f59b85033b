"""The factory of agents, and what can be asked of opencode without any codebase."""

import asyncio
from collections.abc import Sequence as Many
from math import inf
from pathlib import Path

from ...domain.callers import UNKNOWN, Caller
from ...domain.errors import AgentUnavailable, LedgerError
from ...domain.ids import CodebaseId
from ...domain.ports import Deliver
from .agent import OpencodeAgent
from .callers.caller_lookup import Callers
from .callers.socket_table import Ends
from .catalog import Model, models_of
from .history import OpencodeHistories, server_nowhere
from .host import survivors
from .host.binary import find_binary, read_version, supported, wrong_version
from .host.configuration import Stamp, configuration_stamp
from .host.environment import agent_environment
from .host.untrusted_configuration import refuse_untrusted
from .model_list import ModelList
from .settings import OpencodeSettings

MODELS = "models"
"""What stands in place of a codebase for the short-lived server that is asked for models."""


class OpencodeAgents:
    """Makes agents (see the port `AgentFactory`) and knows whether any can be made."""

    def __init__(self, settings: OpencodeSettings) -> None:
        self._settings = settings
        self.histories = OpencodeHistories(settings)
        self._callers = Callers(settings.instance, settings.presence)
        self._path = agent_environment(settings, marked="", password="", trusted=False)["PATH"]
        self._checked: tuple[Path, float, str | None] | None = None
        self._binary: Path | None = None
        self._models = ModelList(
            self._ask_models, self._configured, lifetime=settings.models_lifetime, pause=settings.models_pause
        )
        self._checking = asyncio.Lock()
        self._reason: str | None = None
        self._look_again = -inf

    def __call__(self, codebase: CodebaseId, directory: str, *, trusted: bool, deliver: Deliver) -> OpencodeAgent:
        """The agent of a codebase; starts nothing."""
        learn = None if trusted else self._models.learn  # a trusted codebase may bring models of its own
        return OpencodeAgent(self._settings, codebase, directory, trusted=trusted, deliver=deliver, learn=learn)

    @property
    def binary(self) -> Path | None:
        """The executable that agents are started from, as `unavailable` found it last."""
        return self._binary

    async def unavailable(self) -> str | None:
        """Why no agent can be started, saying what to do; None if they can. Known for `look_lifetime` once it was found out."""
        if self._is_known():
            return self._reason
        async with self._checking:
            if not self._is_known():  # to whom waited
                self._reason = await self._look()
                self._look_again = asyncio.get_running_loop().time() + self._settings.look_lifetime
            return self._reason

    async def check_trust(self, directory: str, *, trusted: bool) -> None:
        """Raise `ProjectConfigUntrusted` if the codebase brings configuration that it isn't trusted with."""
        if not trusted:
            await asyncio.to_thread(refuse_untrusted, directory)

    @property
    def any_there(self) -> bool:
        """Whether a process of any agent may be there."""
        return bool(self._settings.presence)

    async def caller(self, client: object, server: object) -> Caller:
        """Who is at the client's end of a connection between two ends, as sockets tell them."""
        try:
            return await self._callers.of(Ends.of(client, server))
        except ValueError:
            return UNKNOWN

    async def models(self) -> Many[Model]:
        """The models that agents can use, at once where a list is known. Raises `AgentUnavailable`."""
        return await self._models.all()

    async def check_model(self, model: str) -> None:
        """Raise `UnknownModel` where it is known that there is no such model."""
        await self._models.check(model)

    async def close(self) -> None:
        """End what is still being asked."""
        await self._models.close()
        await self._callers.close()
        await survivors.sweep(self._settings.instance, MODELS)

    def _is_known(self) -> bool:
        return asyncio.get_running_loop().time() < self._look_again

    async def _look(self) -> str | None:
        """Find the executable, and ask a new one for its version."""
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

    def _find(self) -> tuple[Path, float]:
        """The executable, and when it was made. Blocking."""
        binary = find_binary(self._settings.binary, self._settings.tools_dir, self._path)
        try:
            return binary, binary.stat().st_mtime
        except OSError as error:
            raise AgentUnavailable(f"{binary} can't be read: {error.strerror}.") from None

    def _configured(self) -> Stamp:
        """What the configuration looks like now. Blocking."""
        return configuration_stamp(agent_environment(self._settings, marked="", password="", trusted=False))

    async def _ask_models(self) -> Many[Model]:
        if (reason := await self.unavailable()) is not None:
            raise AgentUnavailable(reason)
        try:
            async with server_nowhere(self._settings, MODELS) as server:
                return models_of(await server.client.providers())
        except LedgerError as error:
            raise AgentUnavailable(error.message) from error
