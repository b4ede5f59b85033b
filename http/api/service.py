"""The service as the handlers see it: the parts that the composition root wired together."""

from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiohttp import web

from ...actors.opencode import Model
from ...actors.slots.agent_slots import AgentSlots
from ...actors.supervisor import Supervisor
from ...domain.callers import Caller
from ...domain.codebase.hindrance import Hindrance
from ...domain.errors import CodebaseNotFound, LedgerError
from ...domain.events import CodebaseRegistered
from ...domain.ids import CodebaseId, Sequence
from ...domain.ports import AgentFactory, Clock, EventStore, Histories, IdSource, OutputStore
from ...domain.secrets.masker import Secrets
from ...projections.as_of.named_moment import moment_of
from ...projections.as_of.views_at import Moments
from ...projections.runner import Projections
from ...projections.tree.log_tree import Tree
from ...projections.views.codebases import Codebase
from ...projections.views.views import Views
from ..metrics import Metrics
from ..settings import Settings
from ..streams.admission import StreamPlaces
from ..streams.shutdown import Farewell
from ..streams.stream import EventStreams
from ..web.parameters import AT
from ..web.refused_access import RefusedAccess
from .usable import check_program, check_usable


class AgentHost(AgentFactory, Protocol):
    """Makes agents, and knows whether and with what they can run."""

    @property
    def binary(self) -> Path | None:
        """The agent's executable, if there is one."""
        ...

    @property
    def note(self) -> str | None:
        """What is to be said about the agent's program although agents can run; None for nothing."""
        ...

    @property
    def histories(self) -> Histories:
        """What was done with the agent's program, by whomever."""
        ...

    async def unavailable(self) -> str | None:
        """None where agents can run; else a sentence that says what to do."""
        ...

    async def condition(self, patience: float) -> str | None:
        """As `unavailable`, or that nothing is known yet; waits for no more than about `patience` seconds."""
        ...

    @property
    def any_there(self) -> bool:
        """Whether a process of any agent may be there."""
        ...

    async def caller(self, client: object, server: object) -> Caller:
        """Who is at the client's end of a connection between two ends, as sockets tell them."""
        ...

    async def models(self) -> Many[Model]:
        """The models that agents can use. Raises `AgentUnavailable`."""
        ...

    async def check_model(self, model: str) -> None:
        """Raise `UnknownModel` where it is known that agents can't use this model."""
        ...

    async def check_trust(self, directory: str, *, trusted: bool) -> None:
        """Raise `ProjectConfigUntrusted` where the directory brings an agent configuration that isn't trusted."""
        ...

    async def close(self) -> None:
        """End what isn't any codebase's own."""
        ...


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything a handler may use."""

    settings: Settings
    store: EventStore
    outputs: OutputStore
    supervisor: Supervisor
    projections: Projections
    moments: Moments
    tree: Tree
    slots: AgentSlots
    metrics: Metrics
    streams: EventStreams
    places: StreamPlaces
    refused_access: RefusedAccess
    farewell: Farewell
    agents: AgentHost
    secrets: Secrets
    clock: Clock
    ids: IdSource

    async def current_views(self) -> Views:
        """The views, showing at least everything that was committed before this call."""
        await self.projections.caught_up(self.store.head)
        return self.projections.views

    async def codebase(self, request: web.Request) -> Codebase:
        """The codebase that the request's path names. Raises `CodebaseNotFound`, also for a deleted one."""
        views = await self.current_views()
        codebase = await views.codebases.get(CodebaseId(request.match_info["codebase_id"]))
        if codebase is None:
            raise CodebaseNotFound
        return codebase

    async def registered(self, request: web.Request) -> CodebaseRegistered | Codebase:
        """The codebase as it was registered, for a command that its actor refuses where it was deleted since.

        So it needs not wait for the views to show the commands before this one, nor be read from them where its actor
        is up. Raises `CodebaseNotFound`.
        """
        codebase = CodebaseId(request.match_info["codebase_id"])
        return (
            self.supervisor.registration(codebase)
            or await self.projections.views.codebases.get(codebase)
            or await self.codebase(request)
        )

    async def views_then(self, request: web.Request) -> tuple[CodebaseId, Views]:
        """The codebase of the request's path, and its views at the moment that the query's `at` names, or now.

        Raises `CodebaseNotFound` where there is no such codebase, `InvalidInput` for what is no moment of it.
        """
        codebase = (await self.codebase(request)).id
        at = AT.given(request)
        if at is None:
            return codebase, self.projections.views
        return codebase, await self.moments.views(codebase, await self._moment(codebase, at))

    async def _moment(self, codebase: CodebaseId, given: str) -> Sequence:
        return await moment_of(given, codebase, await self.store.stream_head(codebase), self.moments)

    async def usable_model(self, model: str | None, agent_config: Mapping[str, object]) -> None:
        """Raise `UnknownModel` where it is known that there is no such model; a trusted codebase may bring its own."""
        if model is not None and agent_config.get("trusted") is not True:
            await self.agents.check_model(model)

    async def usable_agent(self, codebase: CodebaseRegistered | Codebase) -> None:
        """Raise where no agent could run: no opencode, no directory, or one that brings what it isn't trusted with."""
        trusted = codebase.agent_config.get("trusted") is True
        await check_usable(self.agents, codebase.path, self.settings, trusted=trusted)

    async def hindrance(self, codebase: CodebaseRegistered | Codebase) -> Hindrance | None:
        """What would keep work that is queued now from starting, or None."""
        try:
            await self.usable_agent(codebase)
        except LedgerError as error:
            return Hindrance(error.code, error.message)
        return None

    async def usable_program(self, codebase: Codebase) -> None:
        """Raise where opencode is not there, or the directory isn't."""
        await check_program(self.agents, codebase.path, self.settings)


SERVICE = web.AppKey("service", Service)

ServiceHandler = Callable[[Service, web.Request], Awaitable[web.StreamResponse]]
