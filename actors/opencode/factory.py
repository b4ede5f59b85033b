"""The factory of agents, and what opencode can be asked without a codebase."""

import asyncio
from collections.abc import Sequence as Many
from pathlib import Path

from ...domain.callers import UNKNOWN, Caller
from ...domain.errors import AgentUnavailable, LedgerError
from ...domain.ids import CodebaseId
from ...domain.ports import Deliver
from .agent import OpencodeAgent
from .callers.caller_lookup import Callers
from .callers.socket_table import Ends
from .catalog import Model, models_of
from .host.availability import NOT_KNOWN, Availability
from .host.configuration import Stamp, configuration_stamp
from .model_list import ModelList
from .others.history import OpencodeHistories, server_nowhere
from .processes import survivors
from .program.environment import agent_environment
from .settings import OpencodeSettings
from .untrusted.configuration import refuse_untrusted

MODELS = "models"
"""What stands in place of a codebase for the short-lived server that is asked for models."""


class OpencodeAgents:
    """Makes agents (see the port `AgentFactory`) and knows whether any can be made."""

    def __init__(self, settings: OpencodeSettings) -> None:
        self._settings = settings
        self.histories = OpencodeHistories(settings)
        self._callers = Callers(settings.instance, settings.presence)
        path = agent_environment(settings, marked="", password="", trusted=False)["PATH"]
        self._availability = Availability(settings, path)
        self._models = ModelList(
            self._ask_models, self._configured, lifetime=settings.models_lifetime, pause=settings.models_pause
        )

    def __call__(self, codebase: CodebaseId, directory: str, *, trusted: bool, deliver: Deliver) -> OpencodeAgent:
        """The agent of a codebase; starts nothing."""
        learn = self._models.learn
        return OpencodeAgent(self._settings, codebase, directory, trusted=trusted, deliver=deliver, learn=learn)

    @property
    def binary(self) -> Path | None:
        """The executable that agents are started from, as `unavailable` found it last."""
        return self._availability.binary

    @property
    def note(self) -> str | None:
        """A remark on the executable and the home, as `unavailable` found them last; None if there is none."""
        return self._availability.note

    async def unavailable(self) -> str | None:
        """Why no agent can be started; None if they can, or if nothing is known for `look_limit` seconds."""
        reason = await self._availability.reason(self._settings.look_limit)
        return None if reason == NOT_KNOWN else reason

    async def condition(self, patience: float) -> str | None:
        """As `unavailable`, but says so if nothing is known yet, after at most `patience` seconds."""
        return await self._availability.reason(patience)

    async def check_trust(self, directory: str, *, trusted: bool) -> None:
        """Raise `ProjectConfigUntrusted` if the codebase brings configuration that it isn't trusted with."""
        if not trusted:
            await asyncio.to_thread(refuse_untrusted, directory)

    @property
    def any_there(self) -> bool:
        """Whether a process of any agent may be there."""
        return bool(self._settings.presence)

    async def caller(self, client: object, server: object) -> Caller:
        """The process at the client's end of a connection, given both ends as sockets show them."""
        try:
            return await self._callers.of(Ends.of(client, server))
        except ValueError:
            return UNKNOWN

    async def models(self) -> Many[Model]:
        """The models that agents can use, at once if a list is known. Raises `AgentUnavailable`."""
        return await self._models.all()

    async def check_model(self, model: str) -> None:
        """Raise `UnknownModel` if it is known that there is no such model."""
        await self._models.check(model)

    async def close(self) -> None:
        """Cancel the requests that are still under way."""
        await self._models.close()
        await self._availability.close()
        await self._callers.close()
        await survivors.sweep(self._settings.instance, MODELS)

    def _configured(self) -> Stamp:
        """What the configuration looks like now. Blocking."""
        return configuration_stamp(agent_environment(self._settings, marked="", password="", trusted=False))

    async def _ask_models(self) -> Many[Model]:
        if (reason := await self.condition(self._settings.look_limit)) is not None:
            raise AgentUnavailable(reason)
        try:
            async with server_nowhere(self._settings, MODELS) as server:
                return models_of(await server.client.providers())
        except LedgerError as error:
            raise AgentUnavailable(error.message) from error
