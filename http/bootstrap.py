"""The composition root: it makes every part once, by hand, and closes them in the opposite order."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Final

import structlog

from ..actors.clock import SystemClock
from ..actors.codebase_actor import CodebaseActor
from ..actors.ids import SortableIds
from ..actors.opencode import (
    OpencodeAgents,
    OpencodeSettings,
    OwnHome,
    ToolOutputFiles,
    adopts_orphans,
    clear_scratch,
    learn_secrets,
    reap_orphans,
    sweep_all,
)
from ..actors.opencode.homes.own_home import SUFFIX
from ..actors.opencode.settings import MIB
from ..actors.service_stream import ServiceStream
from ..actors.settings import ActorSettings
from ..actors.slots.agent_slots import AgentSlots
from ..actors.store.evidence.directory import check_directory
from ..actors.store.lock import DataLock
from ..actors.store.outputs.schema import OUTPUTS_NAME
from ..actors.store.outputs.sqlite_store import SqliteOutputStore
from ..actors.store.sqlite_store import SqliteEventStore
from ..actors.supervisor import Supervisor
from ..actors.unnamed_outputs import drop_unnamed
from ..actors.whole_outputs import OutputKeeper
from ..domain.errors import AgentUnavailable, StoreError
from ..domain.ids import CodebaseId, Position
from ..domain.ports import Clock
from ..domain.secrets.masker import Secrets
from ..projections.as_of.views_at import Moments
from ..projections.private_file import make_private
from ..projections.runner import Projections
from ..projections.tree.file import is_begun
from ..projections.tree.log_tree import Tree
from ..projections.tree.signing import SigningKey
from .api.service import AgentHost, Service
from .api.usable import hindered_by
from .data_directory import (
    INSTANCE_NAME,
    KEY_NAME,
    LOG_NAME,
    LOGINS_NAME,
    MOMENTS_NAME,
    SCRATCH_NAME,
    SHELL_NAME,
    TREE_NAME,
    VIEWS_NAME,
)
from .derived_files import DERIVED_FROM_THE_LOG
from .limits import Limits
from .metrics import Metrics
from .offline.erasing import finish
from .running import RunningService
from .settings import Settings
from .setup.place import tools_dir
from .streams.admission import StreamAdmission
from .streams.overview_board import OverviewBoard
from .streams.overviews import OverviewFeed
from .streams.session_spans import ProjectedSpans
from .streams.shutdown import Shutdown
from .streams.stream import EventStreams
from .traces.follow import TraceFollower
from .traces.spans import open_spans
from .web.logins.kept import Logins
from .web.refused_access import RefusedAccess

log = structlog.get_logger()

FIRST_LOOK: Final = 5.0
"""Seconds that the start waits to learn whether opencode can be used. If opencode hangs, a warning follows later."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """The opened files of a data directory."""

    store: SqliteEventStore
    outputs: SqliteOutputStore
    tree: Tree
    projections: Projections
    moments: Moments


@dataclass(frozen=True, kw_only=True)
class Agents:
    """What the codebases' actors run agents with."""

    host: AgentHost
    slots: AgentSlots
    keeper: OutputKeeper
    tuning: ActorSettings


@asynccontextmanager
async def running_service(
    settings: Settings,
    *,
    tuning: ActorSettings | None = None,
    agents: AgentHost | None = None,
    secrets: Secrets | None = None,
) -> AsyncGenerator[RunningService, None]:
    """The whole service without its socket: locked, recovered and caught up. At the end none of its processes is left.

    `agents` replaces opencode in tests. `secrets`: the secrets that are known already; more are learned here.
    """
    secrets, clock = secrets or Secrets(), SystemClock()
    async with AsyncExitStack() as stack:
        instance = await _take(stack, settings)
        data = await _open(stack, settings, clock)
        opencode = agent_settings(settings, instance, secrets)
        await learn_secrets(opencode)
        host = agents or OpencodeAgents(opencode)
        stack.push_async_callback(host.close)
        keeper = OutputKeeper(data.outputs, secrets, settings.tool_output_limit * MIB, ToolOutputFiles(opencode))
        stack.push_async_callback(keeper.close)
        tuning = tuning or ActorSettings(permission_limit=settings.permission_limit)
        team = Agents(host=host, slots=AgentSlots(settings.max_agents), keeper=keeper, tuning=tuning)
        logins = await Logins.open(settings.data / LOGINS_NAME, clock)
        running = _wire(settings=settings, clock=clock, data=data, agents=team, secrets=secrets, logins=logins)
        running = await _traced(stack, settings, running)
        stack.push_async_callback(running.shutdown.run)
        await _recover(running.service)
        await _begin_watching(stack, host, data)
        yield running


async def _traced(stack: AsyncExitStack, settings: Settings, running: RunningService) -> RunningService:
    """The service, with traces if they are asked for and can be exported. They end after everything that is recorded."""
    spans = await asyncio.to_thread(open_spans, running.service.secrets) if settings.traces else None
    if spans is None:
        return running
    follower = TraceFollower(running.service.store, spans, running.clock)
    stack.push_async_callback(follower.close)
    await follower.start(await running.service.current_views())
    return replace(running, spans=spans)


async def _take(stack: AsyncExitStack, settings: Settings) -> str:
    """Lock the data directory, and clear what an earlier server left. Returns the directory's instance name."""
    data = settings.data
    stack.enter_context(await asyncio.to_thread(DataLock.acquire, data))
    await asyncio.to_thread(_check_found, data)
    instance = await asyncio.to_thread(_instance, data / INSTANCE_NAME)
    await asyncio.to_thread(_make_home, settings.opencode_home)
    await sweep_all(instance)
    await asyncio.to_thread(clear_scratch, data / SCRATCH_NAME)
    stack.push_async_callback(sweep_all, instance)
    return instance


async def _open(stack: AsyncExitStack, settings: Settings, clock: Clock) -> Data:
    """Open the log and everything that belongs to it."""
    data = settings.data
    if await asyncio.to_thread(finish, data / LOG_NAME, [data / name for name in DERIVED_FROM_THE_LOG]):
        log.warning("finished an interrupted erasure")
    store = await stack.enter_async_context(SqliteEventStore.open(data / LOG_NAME))
    outputs = await SqliteOutputStore.open(data / OUTPUTS_NAME)
    stack.push_async_callback(outputs.close)
    await drop_unnamed(store, outputs)
    created = await asyncio.to_thread(_check_proofs, settings, store.head)
    key = await asyncio.to_thread(SigningKey.open, data / KEY_NAME)
    tree = await Tree.open(data / TREE_NAME, store, key, renew=KEY_NAME in created, sleep=clock.sleep)
    stack.push_async_callback(tree.close)
    projections = await Projections.open(data / VIEWS_NAME, store, clock=clock)
    stack.push_async_callback(projections.close)
    moments = await Moments.open(data / MOMENTS_NAME, store)
    stack.push_async_callback(moments.close)
    return Data(store=store, outputs=outputs, tree=tree, projections=projections, moments=moments)


async def _begin_watching(stack: AsyncExitStack, host: AgentHost, data: Data) -> None:
    """Start the tasks that run concurrently with the service, and wait a little for the first word on opencode."""
    if adopts_orphans():
        stack.push_async_callback(_cancelled, asyncio.create_task(reap_orphans(), name="orphans"))
    looking = asyncio.create_task(_look_for(host), name="is opencode there")
    stack.push_async_callback(_cancelled, looking)
    stack.push_async_callback(_cancelled, asyncio.create_task(data.projections.check_daily(), name="views: check"))
    # A client that reads the line "listening" may ask at once whether opencode can be used.
    await asyncio.wait({looking}, timeout=FIRST_LOOK)


def _wire(
    *, settings: Settings, clock: Clock, data: Data, agents: Agents, secrets: Secrets, logins: Logins
) -> RunningService:
    metrics = Metrics(clock, settings.prefix)
    data.store.on_commit(metrics.committed)
    supervisor = _supervisor(settings, clock, data.store, agents, secrets)
    streams = EventStreams(data.store, ProjectedSpans(data.store, data.projections), clock)
    refused_access = RefusedAccess(supervisor, clock)
    service = Service(
        settings=settings,
        store=data.store,
        own_stream=ServiceStream(data.store, clock, secrets),
        outputs=data.outputs,
        supervisor=supervisor,
        projections=data.projections,
        moments=data.moments,
        tree=data.tree,
        slots=agents.slots,
        metrics=metrics,
        streams=streams,
        overviews=OverviewFeed(OverviewBoard(data.projections, clock), data.projections, clock),
        admission=StreamAdmission(Limits.of(settings)),
        agents=agents.host,
        secrets=secrets,
        ids=SortableIds(clock),
    )
    shutdown = Shutdown(supervisor, streams, refused_access)
    return RunningService(service=service, refused_access=refused_access, logins=logins, shutdown=shutdown, clock=clock)


def _supervisor(
    settings: Settings, clock: Clock, store: SqliteEventStore, agents: Agents, secrets: Secrets
) -> Supervisor:
    def actor(codebase: CodebaseId) -> CodebaseActor:
        return CodebaseActor(
            codebase,
            store=store,
            agents=agents.host,
            histories=agents.host.histories,
            slots=agents.slots,
            clock=clock,
            settings=agents.tuning,
            secrets=secrets,
            hindered=hindered_by(agents.host, settings),
            outputs=agents.keeper,
        )

    return Supervisor(store, actor, clock, agents.tuning)


def agent_settings(settings: Settings, instance: str, secrets: Secrets) -> OpencodeSettings:
    """The settings of the service's agents."""
    return OpencodeSettings(
        instance=instance,
        binary=settings.opencode_binary,
        tools_dir=tools_dir(),
        config_file=settings.opencode_config,
        home=settings.opencode_home,
        own_home=OwnHome(settings.data.with_name(settings.data.name + SUFFIX)),
        roots=settings.allow_root,
        data=settings.data,
        secrets=secrets,
        shell_dir=settings.data / SHELL_NAME,
        scratch_dir=settings.data / SCRATCH_NAME,
        hang_limit=settings.silence_limit,
        attachment_limit=settings.attachment_size * MIB,
        memory_limit=settings.agent_memory * MIB,
    )


async def _recover(service: Service) -> None:
    """Bring the work that an earlier server left unfinished to a truthful state."""
    views = service.projections.views
    paths = {view.path: view.id for view in await views.codebases.all()}
    unsettled = dict.fromkeys((*await views.agents.unsettled(), *await views.tasks.queued()))
    await service.supervisor.start(paths, unsettled)


def _check_found(data: Path) -> None:
    """Refuse links and other surprises that somebody else may have put into the directory. Raises `StoreError`."""
    if (data / SCRATCH_NAME).is_symlink():
        raise StoreError(f"{data / SCRATCH_NAME} is a link, not a directory: remove it.")
    files = (KEY_NAME, f"{KEY_NAME}.new", INSTANCE_NAME, LOGINS_NAME)
    check_directory(data, (LOG_NAME, TREE_NAME, OUTPUTS_NAME, *DERIVED_FROM_THE_LOG), files, (SHELL_NAME,))


def _check_proofs(settings: Settings, head: Position) -> list[str]:
    """The names of missing proofs that may be created. Raises `StoreError` if they may not.

    New proofs over a recorded log need `--new-proofs`. Otherwise a person who changed the log and removed its proofs would
    get new ones.
    """
    gone = [] if (settings.data / KEY_NAME).exists() else [KEY_NAME]
    gone += [] if is_begun(settings.data / TREE_NAME) else [TREE_NAME]
    if not head or not gone:
        return []
    if not settings.new_proofs:
        raise StoreError(
            f"The log has {head} events, but {settings.data} has no {' and no '.join(gone)}, which prove that they are "
            "unchanged: restore a backup, or start once with --new-proofs to create what is missing."
        )
    log.warning("created new proofs: they can't show whether the log was changed before now", created=gone)
    return gone


def _make_home(home: Path | None) -> None:
    """Create the agents' private home at the start, so that a bad path fails now and not in every agent."""
    try:
        if home is not None:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise AgentUnavailable(
            f"The agents' home {home} can't be used ({error.strerror}); name another directory with --opencode-home."
        ) from None


async def _look_for(host: AgentHost) -> None:
    """Ask for opencode's version at the start. So the first trigger doesn't wait, and a missing opencode is noticed early."""
    if (reason := await host.unavailable()) is not None:
        log.warning("agents can't be started", reason=reason)


async def _cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task that runs concurrently with the service: the shutdown doesn't wait for its work."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def sweep_agents(settings: Settings) -> None:
    """Kill every process of every agent of this data directory."""
    await sweep_all(await asyncio.to_thread(_instance, settings.data / INSTANCE_NAME))


def _instance(path: Path) -> str:
    """The name of this data directory, which marks the processes that it starts. Raises `StoreError`."""
    try:
        make_private(path)
        if not path.stat().st_size:
            path.write_text(token_hex(16), encoding="ascii")
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} can't be used ({error}): remove it, then start again.") from None
