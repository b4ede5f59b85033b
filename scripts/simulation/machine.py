"""One life of the service, from its start to its end or its crash: the real parts, wired as the composition root does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Handler

from opencode_ledger.actors.codebase_actor import CodebaseActor
from opencode_ledger.actors.mailbox import Answer
from opencode_ledger.actors.settings import ActorSettings
from opencode_ledger.actors.slots.agent_slots import AgentSlots
from opencode_ledger.actors.store.outputs.in_memory import MemoryOutputStore
from opencode_ledger.actors.supervisor import Supervisor
from opencode_ledger.actors.twins.scripted_history import ScriptedHistories
from opencode_ledger.actors.unnamed_outputs import drop_unnamed
from opencode_ledger.actors.whole_outputs import OutputKeeper
from opencode_ledger.domain.codebase.commands import Command
from opencode_ledger.domain.codebase.hindrance import Hindrance
from opencode_ledger.domain.codebase.requests import Request
from opencode_ledger.domain.errors import LedgerError
from opencode_ledger.domain.events import CodebaseRegistered
from opencode_ledger.domain.fault_points import Reach
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.domain.ports import CommitListener, EventStore, OutputStore
from opencode_ledger.domain.principals import Principal
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http.api.idempotency import Repeats
from opencode_ledger.http.api.service import Service
from opencode_ledger.http.api.tasks import create_task
from opencode_ledger.http.streams.cursor import start_of_overviews
from opencode_ledger.http.streams.overview_board import OverviewBoard
from opencode_ledger.http.streams.overviews import OverviewFeed
from opencode_ledger.http.streams.session_spans import ProjectedSpans
from opencode_ledger.http.streams.shutdown import Shutdown
from opencode_ledger.http.streams.stream import EventStreams
from opencode_ledger.http.web.errors import errors
from opencode_ledger.http.web.principal import sent_by
from opencode_ledger.http.web.refused_access import RefusedAccess
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.tree.file import TreeFile
from opencode_ledger.projections.tree.log_tree import Tree
from opencode_ledger.projections.tree.signing import SigningKey
from opencode_ledger.projections.views.codebases import Codebase

from .agents import Agents
from .ground import Disk, SimulatedClock, SimulatedIds
from .loop import SimulatedLoop
from .network import NumberedStreams
from .people import HEADER
from .record import Asked

KEPT = 100
"""Bytes of a whole output that are kept."""

TUNING = ActorSettings(idle_limit=20, permission_limit=30, unrecorded_limit=10)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What exists before the service and outlives it.

    `open_log`: gives the log that is on the disk; `committed`: is called with each of its commits; `asked`: with each command that reaches an actor. `reach`: with each
    point in the writing of views and tree. `hindered`: whether an agent could start. `page` and `backlog`: of the event streams. `slowness`: see `Disk`.
    """

    loop: SimulatedLoop
    chance: Random
    data: Path
    key: SigningKey
    histories: ScriptedHistories
    max_agents: int
    page: int
    backlog: int
    slowness: float
    ids: SimulatedIds
    make_agents: Callable[[SimulatedClock], Agents]
    open_log: Callable[[], Awaitable[EventStore]]
    committed: CommitListener
    asked: Asked
    reach: Reach
    hindered: Callable[[CodebaseRegistered | Codebase], Awaitable[Hindrance | None]]
    outputs: MemoryOutputStore


@dataclass(frozen=True, kw_only=True)
class SimulatedService(Service):
    """The service as handlers see it, where the world says what keeps agents from starting."""

    environment: Environment

    async def hindrance(self, codebase: CodebaseRegistered | Codebase) -> Hindrance | None:
        """See `Service`."""
        return await self.environment.hindered(codebase)


class WatchedActor(CodebaseActor):
    """An actor of which it is noted in which order its mailbox got what."""

    def __init__(self, codebase: CodebaseId, *, asked: Asked, **rest: Any) -> None:
        super().__init__(codebase, **rest)
        self._asked = asked

    async def ask(self, command: Command, request: Request | None = None) -> Answer:
        """See `CodebaseActor`."""
        self._asked(self.codebase, command)
        return await super().ask(command, request)


class Machine:
    """A running service. `started`: it takes requests. `over`: it was ended or crashed."""

    supervisor: Supervisor
    projections: Projections
    tree: Tree
    streams: EventStreams
    shutdown: Shutdown
    server: web.Server

    def __init__(self, environment: Environment, off: float) -> None:
        self._environment = environment
        self.clock = SimulatedClock(environment.loop)
        self.clock.off = off
        self.disk = Disk(environment.chance, self.clock, environment.slowness, environment.outputs)
        self.agents = environment.make_agents(self.clock)
        self.slots = AgentSlots(environment.max_agents)
        self.actors: dict[CodebaseId, CodebaseActor] = {}
        self._unhear: Callable[[], None] = lambda: None
        self._tree_file: TreeFile | None = None
        self.started = False
        self.over = False

    async def start(self) -> None:
        """Open everything, bring to a truthful state what was cut off, and take requests. Raises `LedgerError`."""
        environment = self._environment
        log = await environment.open_log()
        self._unhear = log.on_commit(environment.committed)
        self.disk.hold(log)
        outputs = cast(OutputStore, self.disk)
        await drop_unnamed(self.disk, outputs)
        numbers = environment.ids
        self._keeper = OutputKeeper(outputs, Secrets(), KEPT, new=lambda: (numbers.output(), b"salt"))
        self.projections = await Projections.open(
            environment.data / "views.db", self.disk, clock=self.clock, reach=environment.reach
        )
        self.tree = await Tree.open(
            environment.data / "tree.db", self.disk, environment.key, sleep=self.clock.sleep, reach=environment.reach
        )
        self._tree_file = self.tree._file  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self.supervisor = Supervisor(self.disk, self._actor, self.clock, TUNING)
        self.streams = NumberedStreams(
            self.disk,
            ProjectedSpans(self.disk, self.projections),
            self.clock,
            page=environment.page,
            backlog=environment.backlog,
        )
        board = OverviewBoard(self.projections, self.clock)
        self.overviews = OverviewFeed(board, self.projections, self.clock)
        self.refused_access = RefusedAccess(self.supervisor, self.clock)
        self.shutdown = Shutdown(self.supervisor, self.streams, self.refused_access)
        self.server = await self._serve()
        await self._recover()
        self.started = True

    async def end(self) -> None:
        """End in good order, as the service does."""
        self.started = False
        await self.shutdown.run()
        await self.tree.close()
        await self.projections.close()
        self.over = True

    def crash(self) -> None:
        """End as by `kill -9`: nothing is carried out any more, and nothing of it is heard outside."""
        self.started, self.over = False, True
        self.clock.stopped = True
        self.disk.break_off()
        self._unhear()
        if self._tree_file is not None:
            self._tree_file.close()
        for agent in self.agents.alive:
            agent.vanish()

    async def _recover(self) -> None:
        views = self.projections.views
        paths = {view.path: view.id for view in await views.codebases.all()}
        unsettled = dict.fromkeys((*await views.agents.unsettled(), *await views.tasks.queued()))
        await self.supervisor.start(paths, unsettled)

    async def _serve(self) -> web.Server:
        async def events(request: web.Request) -> web.StreamResponse:
            return await self.streams.codebase_events(request, CodebaseId(request.match_info["codebase"]))

        async def everything(request: web.Request) -> web.StreamResponse:
            return await self.streams.all_events(request)

        async def overviews(request: web.Request) -> web.StreamResponse:
            await self.projections.caught_up(self.disk.head)
            await self.overviews.board.refresh()
            return await self.streams.answer(request, start_of_overviews(request, self.disk.head), self.overviews.feed)

        # Not as a middleware of the application: aiohttp remembers those for ever, and with them all of this life.
        secrets, app = Secrets(), web.Application()
        answer = errors(secrets)
        app.router.add_get("/events", partial(answer, handler=everything))
        app.router.add_get("/overview/events", partial(answer, handler=overviews))
        app.router.add_get("/{codebase}/events", partial(answer, handler=events))
        app.router.add_post("/{codebase_id}/tasks", partial(answer, handler=self._queueing(secrets)))
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
        await runner.setup()
        if (server := runner.server) is None:
            raise LedgerError("nobody listens")
        return server

    def _queueing(self, secrets: Secrets) -> Handler:
        """The handler of requests for new tasks, which may come with a key."""
        none = cast(Any, None)  # what these requests have no use for
        service = SimulatedService(
            environment=self._environment,
            store=self.disk,
            own_stream=none,
            outputs=none,
            supervisor=self.supervisor,
            projections=self.projections,
            tree=self.tree,
            slots=self.slots,
            streams=self.streams,
            secrets=secrets,
            ids=self._environment.ids,
            settings=none,
            moments=none,
            metrics=none,
            admission=none,
            overviews=none,
            agents=none,
        )
        once = Repeats(service).once(partial(create_task, service))

        async def queue(request: web.Request) -> web.StreamResponse:
            sent_by(request, Principal(request.headers[HEADER]))
            return await once(request)

        return queue

    def _actor(self, codebase: CodebaseId) -> CodebaseActor:
        actor = WatchedActor(
            codebase,
            asked=self._environment.asked,
            store=self.disk,
            agents=self.agents,
            histories=self._environment.histories,
            slots=self.slots,
            clock=self.clock,
            settings=TUNING,
            outputs=self._keeper,
            hindered=self._environment.hindered,
        )
        self.actors[codebase] = actor
        return actor
