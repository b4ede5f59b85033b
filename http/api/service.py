"""The service as the handlers see it: the parts that they may use. The composition root makes it."""

from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web

from ...actors.opencode import Model
from ...actors.service_stream import ServiceStream
from ...actors.slots.agent_slots import AgentSlots
from ...actors.supervisor import Supervisor
from ...domain.agent_config import AgentConfig
from ...domain.callers import Caller
from ...domain.codebase.hindrance import Hindrance
from ...domain.errors import CodebaseNotFound, LedgerError
from ...domain.events import CodebaseRegistered
from ...domain.ids import CodebaseId, Sequence
from ...domain.ports import AgentFactory, EventStore, Histories, IdSource, OutputStore
from ...domain.secrets.masker import Secrets
from ...projections.as_of.named_moment import moment_of
from ...projections.as_of.views_at import Moments
from ...projections.runner import Projections
from ...projections.tree.log_tree import Tree
from ...projections.views.codebases import Codebase
from ...projections.views.views import Views
from ..metrics import Metrics
from ..settings import Settings
from ..streams.admission import StreamAdmission
from ..streams.overview_board import ID_PREFIX, within
from ..streams.overviews import OverviewFeed
from ..streams.stream import EventStreams
from ..web.parameters import AT
from ..web.principal import limit_of
from .codebase_name import resolve
from .usable import check_program, check_usable

RESOLVED: Final = web.RequestKey("codebase_id", str)
"""The codebase that the request's path names."""


class AgentHost(AgentFactory, Protocol):
    """Makes agents, and knows whether they can run and with which models."""

    @property
    def binary(self) -> Path | None:
        """The agent's executable, or None."""
        ...

    @property
    def note(self) -> str | None:
        """A remark about the agent's program although agents can run, or None."""
        ...

    @property
    def histories(self) -> Histories:
        """The sessions that anyone ran with the agent's program."""
        ...

    async def unavailable(self) -> str | None:
        """None where agents can run; else a sentence that says what to do."""
        ...

    async def condition(self, patience: float) -> str | None:
        """As `unavailable`, or that nothing is known yet. Waits for at most about `patience` seconds."""
        ...

    @property
    def any_there(self) -> bool:
        """Whether a process of any agent may be there."""
        ...

    async def caller(self, client: object, server: object) -> Caller:
        """Who is at the client's end of a connection. `client` and `server`: the socket addresses of its two ends."""
        ...

    async def models(self) -> Many[Model]:
        """The models that agents can use. Raises `AgentUnavailable`."""
        ...

    async def check_model(self, model: str) -> None:
        """Raise `UnknownModel` if it is known that agents can't use this model."""
        ...

    async def check_trust(self, directory: str, *, trusted: bool) -> None:
        """Raise `ProjectConfigUntrusted` if the directory has an agent configuration that isn't trusted."""
        ...

    async def close(self) -> None:
        """End everything that belongs to no single codebase."""
        ...


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything a handler may use."""

    settings: Settings
    store: EventStore
    own_stream: ServiceStream
    outputs: OutputStore
    supervisor: Supervisor
    projections: Projections
    moments: Moments
    tree: Tree
    slots: AgentSlots
    metrics: Metrics
    streams: EventStreams
    overviews: OverviewFeed
    admission: StreamAdmission
    agents: AgentHost
    secrets: Secrets
    ids: IdSource

    async def current_views(self) -> Views:
        """The views, showing at least everything that was committed before this call."""
        await self.projections.caught_up(self.store.head)
        return self.projections.views

    async def codebase_id(self, request: web.Request) -> CodebaseId:
        """The id of the codebase that the request's path names, by its id or its name: see `resolve`.

        The result stays the same for the whole request, also if the request changes the name.
        """
        if (known := request.get(RESOLVED)) is not None:
            return CodebaseId(known)
        codebase = await resolve(
            request.match_info["codebase_id"], self.store, self.current_views, await self.allowed(request)
        )
        request[RESOLVED] = codebase
        return codebase

    async def allowed(self, request: web.Request) -> frozenset[CodebaseId] | None:
        """The codebases that the request's token is limited to; None for all of them.

        A name stands for the codebases that have it now, and an id for itself, also once it is deleted.
        """
        if (limit := limit_of(request)) is None:
            return None
        ids = frozenset(CodebaseId(one) for one in limit if one.startswith(ID_PREFIX))
        if len(ids) == len(limit):
            return ids
        views = await self.current_views()
        return ids | {codebase.id for codebase in await views.codebases.all() if codebase.name in limit - ids}

    async def codebase(self, request: web.Request) -> Codebase:
        """The codebase that the request's path names. Raises `CodebaseNotFound`, also for a deleted one."""
        codebase_id = await self.codebase_id(request)
        views = await self.current_views()
        codebase = await views.codebases.get(codebase_id)
        # It may have got another name since it was looked up by the limit.
        if codebase is None or not within(limit_of(request), codebase_id, codebase.name):
            raise CodebaseNotFound
        return codebase

    async def registered(self, request: web.Request) -> CodebaseRegistered | Codebase:
        """The codebase as it was registered, for a command that the actor refuses if it was deleted since.

        If the actor is running, its registration is used directly, without waiting for the views. Raises
        `CodebaseNotFound`.
        """
        codebase = await self.codebase_id(request)
        return (
            self.supervisor.registration(codebase)
            or await self.projections.views.codebases.get(codebase)
            or await self.codebase(request)
        )

    async def views_then(self, request: web.Request) -> tuple[CodebaseId, Views]:
        """The codebase of the request's path, and its views at the time that the query's `at` names, or now.

        Raises `CodebaseNotFound`, or `InvalidInput` for an `at` that is not in its history.
        """
        codebase = (await self.codebase(request)).id
        at = AT.given(request)
        if at is None:
            return codebase, self.projections.views
        return codebase, await self.moments.views(codebase, await self._moment(codebase, at))

    async def _moment(self, codebase: CodebaseId, given: str) -> Sequence:
        return await moment_of(given, codebase, await self.store.stream_head(codebase), self.moments)

    async def usable_model(self, model: str | None, agent_config: Mapping[str, object]) -> None:
        """Raise `UnknownModel` if it is known that this model doesn't exist. A trusted codebase may have its own models."""
        if model is not None and not AgentConfig.of(agent_config).trusted:
            await self.agents.check_model(model)

    async def usable_agent(self, codebase: CodebaseRegistered | Codebase) -> None:
        """Raise `LedgerError` if no agent could run: see `check_usable`."""
        await check_usable(self.agents, codebase.path, self.settings, AgentConfig.of(codebase.agent_config))

    async def hindrance(self, codebase: CodebaseRegistered | Codebase) -> Hindrance | None:
        """What would keep a task that is queued now from starting, or None."""
        try:
            await self.usable_agent(codebase)
        except LedgerError as error:
            return Hindrance(code=error.code, message=error.message)
        return None

    async def usable_program(self, codebase: Codebase) -> None:
        """Raise `LedgerError` if opencode or the directory is missing: see `check_program`."""
        await check_program(self.agents, codebase.path, self.settings)


ServiceHandler = Callable[[Service, web.Request], Awaitable[web.StreamResponse]]
