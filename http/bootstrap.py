"""The composition root: every part is made here, by hand, once, and closed in the opposite order."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
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
from ..actors.opencode.other_versions.own_home import SUFFIX
from ..actors.opencode.settings import MIB
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
from ..domain.ports import OutputStore
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
    MADE_OF_THE_LOG,
    MOMENTS_NAME,
    SCRATCH_NAME,
    SHELL_NAME,
    TREE_NAME,
    VIEWS_NAME,
)
from .limits import Limits
from .metrics import Metrics
from .offline.erasing import finish
from .settings import Settings
from .streams.admission import StreamPlaces
from .streams.session_spans import ProjectedSpans
from .streams.shutdown import Farewell
from .streams.stream import EventStreams
from .web.refused_access import RefusedAccess

log = structlog.get_logger()

TOOLS = Path(__file__).resolve().parents[1] / ".tools"
"""Where `scripts/setup` puts programs in a clone; an installed package has none there."""

FIRST_LOOK: Final = 5.0
"""Seconds that the start waits for the first word on opencode; one that hangs is told of later."""


@asynccontextmanager
async def running_service(
    settings: Settings,
    *,
    tuning: ActorSettings | None = None,
    agents: AgentHost | None = None,
    secrets: Secrets | None = None,
) -> AsyncGenerator[Service, None]:
    """The whole service but its socket: locked, recovered, caught up; at the end no process of it is left.

    `agents` stands in for opencode in tests. `secrets`: what is known to be secret already; more is learned here.
    """
    data, secrets = settings.data, secrets or Secrets()
    async with AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(DataLock.acquire, data))
        await asyncio.to_thread(_check_found, data)
        instance = await asyncio.to_thread(_instance, data / INSTANCE_NAME)
        await asyncio.to_thread(_make_home, settings.opencode_home)
        await sweep_all(instance)
        await asyncio.to_thread(clear_scratch, data / SCRATCH_NAME)
        stack.push_async_callback(sweep_all, instance)
        clock = SystemClock()
        if await asyncio.to_thread(finish, data / LOG_NAME, [data / name for name in MADE_OF_THE_LOG]):
            log.warning("finished an interrupted erasure")
        store = await stack.enter_async_context(SqliteEventStore.open(data / LOG_NAME))
        outputs = await SqliteOutputStore.open(data / OUTPUTS_NAME)
        stack.push_async_callback(outputs.close)
        await drop_unnamed(store, outputs)
        made = await asyncio.to_thread(_check_proofs, settings, store.head)
        key = await asyncio.to_thread(SigningKey.open, data / KEY_NAME)
        tree = await Tree.open(data / TREE_NAME, store, key, renew=KEY_NAME in made, sleep=clock.sleep)
        stack.push_async_callback(tree.close)
        projections = await Projections.open(data / VIEWS_NAME, store, clock=clock)
        stack.push_async_callback(projections.close)
        moments = await Moments.open(data / MOMENTS_NAME, store)
        stack.push_async_callback(moments.close)
        opencode = agent_settings(settings, instance, secrets)
        await learn_secrets(opencode)
        host = agents or OpencodeAgents(opencode)
        stack.push_async_callback(host.close)
        tuning = tuning or ActorSettings(permission_limit=settings.permission_limit)
        keeper = OutputKeeper(outputs, secrets, settings.tool_output_limit * MIB, ToolOutputFiles(opencode))
        stack.push_async_callback(keeper.close)
        service = _wire(settings, tuning, clock, store, projections, moments, tree, host, secrets, keeper, outputs)
        stack.push_async_callback(service.farewell.say)
        await _recover(service)
        if adopts_orphans():
            stack.push_async_callback(_given_up, asyncio.create_task(reap_orphans(), name="orphans"))
        looking = asyncio.create_task(_look_for(host), name="is opencode there")
        stack.push_async_callback(_given_up, looking)
        stack.push_async_callback(_given_up, asyncio.create_task(projections.check_daily(), name="views: check"))
        # Whoever is told that the server listens may ask at once whether opencode can be used.
        await asyncio.wait({looking}, timeout=FIRST_LOOK)
        yield service


def _wire(
    settings: Settings,
    tuning: ActorSettings,
    clock: SystemClock,
    store: SqliteEventStore,
    projections: Projections,
    moments: Moments,
    tree: Tree,
    agents: AgentHost,
    secrets: Secrets,
    keeper: OutputKeeper,
    outputs: OutputStore,
) -> Service:
    slots, metrics = AgentSlots(settings.max_agents), Metrics()
    store.on_commit(metrics.committed)

    def actor(codebase: CodebaseId) -> CodebaseActor:
        return CodebaseActor(
            codebase,
            store=store,
            agents=agents,
            histories=agents.histories,
            slots=slots,
            clock=clock,
            settings=tuning,
            secrets=secrets,
            hindered=hindered_by(agents, settings),
            outputs=keeper,
        )

    supervisor = Supervisor(store, actor, clock, tuning)
    streams = EventStreams(store, ProjectedSpans(store, projections), clock)
    refused_access = RefusedAccess(supervisor, clock)
    return Service(
        settings=settings,
        store=store,
        outputs=outputs,
        supervisor=supervisor,
        projections=projections,
        moments=moments,
        tree=tree,
        slots=slots,
        metrics=metrics,
        streams=streams,
        places=StreamPlaces(Limits.of(settings)),
        refused_access=refused_access,
        farewell=Farewell(supervisor, streams, refused_access),
        agents=agents,
        secrets=secrets,
        clock=clock,
        ids=SortableIds(clock),
    )


def agent_settings(settings: Settings, instance: str, secrets: Secrets) -> OpencodeSettings:
    """What the agents of a service are given."""
    return OpencodeSettings(
        instance=instance,
        binary=settings.opencode_binary,
        tools_dir=TOOLS,
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
    """Bring to a truthful state what an earlier server left in the middle of its work."""
    views = service.projections.views
    paths = {view.path: view.id for view in await views.codebases.all()}
    unsettled = dict.fromkeys((*await views.agents.unsettled(), *await views.tasks.queued()))
    await service.supervisor.start(paths, unsettled)


def _check_found(data: Path) -> None:
    """Follow nothing that somebody else may have put into the directory. Raises `StoreError`."""
    if (data / SCRATCH_NAME).is_symlink():
        raise StoreError(f"{data / SCRATCH_NAME} is a link, not a directory: remove it.")
    files = (KEY_NAME, f"{KEY_NAME}.new", INSTANCE_NAME)
    check_directory(data, (LOG_NAME, TREE_NAME, OUTPUTS_NAME, *MADE_OF_THE_LOG), files, (SHELL_NAME,))


def _check_proofs(settings: Settings, head: Position) -> list[str]:
    """Make no key and no tree over a recorded log unless told to: whoever changed it and took these away would get new ones.

    Returns which are to be made. Raises `StoreError`.
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
    """Make the agents' private home now: a place that can't be used is better told at the start than by every agent."""
    try:
        if home is not None:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise AgentUnavailable(
            f"The agents' home {home} can't be used ({error.strerror}); name another directory with --opencode-home."
        ) from None


async def _look_for(host: AgentHost) -> None:
    """Ask for opencode's version at the start, so that no first trigger waits for it and nobody learns too late of none."""
    if (reason := await host.unavailable()) is not None:
        log.warning("agents can't be started", reason=reason)


async def _given_up(asking: asyncio.Task[None]) -> None:
    """The end doesn't wait for what is done beside the service."""
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def sweep_agents(settings: Settings) -> None:
    """Kill every process of every agent of this data directory."""
    await sweep_all(await asyncio.to_thread(_instance, settings.data / INSTANCE_NAME))


def _instance(path: Path) -> str:
    """The name of this data directory, by which the processes that it starts are known again. Raises `StoreError`."""
    try:
        make_private(path)
        if not path.stat().st_size:
            path.write_text(token_hex(16), encoding="ascii")
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} can't be used ({error}): remove it, then start again.") from None
