"""The supervisor owns the life of every actor.

- It starts an actor with the first command to its codebase.
- It recovers codebases whose work was cut off, and restarts an actor that failed, from its log.
- It forgets the actors of deleted codebases. At the end it has all actors interrupt what runs.
"""

import asyncio
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from contextvars import Context

import structlog

from ..domain.codebase.commands import Command, Delete, Recover, Register, Shutdown
from ..domain.codebase.imported import Synced
from ..domain.codebase.lifecycle_rules import Phase
from ..domain.codebase.requests import Request
from ..domain.errors import (
    ActorStopped,
    AlreadyRegistered,
    CodebaseNotFound,
    LedgerError,
)
from ..domain.events import CodebaseRegistered
from ..domain.ids import CodebaseId, Timestamp
from ..domain.ports import Clock, EventStore
from .codebase_actor import CodebaseActor
from .mailbox import Answer
from .settings import ActorSettings

log = structlog.get_logger()

NOT_STARTED = "The codebase's actor could not be started; try again."

ActorFactory = Callable[[CodebaseId], CodebaseActor]


class Supervisor:
    """One actor per codebase, one codebase per real directory."""

    def __init__(self, store: EventStore, make_actor: ActorFactory, clock: Clock, settings: ActorSettings) -> None:
        self._store, self._make_actor, self._clock, self._settings = store, make_actor, clock, settings
        self._hosts: dict[CodebaseId, asyncio.Task[None]] = {}
        self._ready: dict[CodebaseId, asyncio.Future[CodebaseActor]] = {}
        self._paths: dict[str, CodebaseId] = {}
        self._closing = False

    async def start(self, paths: Mapping[str, CodebaseId], unsettled: Iterable[CodebaseId]) -> None:
        """Learn the registered directories, and recover the codebases whose work was cut off."""
        self._paths = dict(paths)
        await asyncio.gather(*(self._recover(codebase) for codebase in unsettled))

    async def ask(self, codebase: CodebaseId, command: Command, request: Request | None = None) -> Answer:
        """Send a command to a codebase's actor. Raises `LedgerError`, or `CodebaseNotFound` for an unknown codebase."""
        actor = await self._actor(codebase, new=isinstance(command, Register))
        with _not_found_once_deleted(actor):
            answer = await actor.ask(command, request)
        if isinstance(command, Delete):
            self._forget(codebase)
        return answer

    def registration(self, codebase: CodebaseId) -> CodebaseRegistered | None:
        """How a codebase is registered, if its actor is running; None for any other."""
        actor = self._awake(codebase)
        return actor.state.codebase if actor and actor.state.phase is not Phase.DELETED else None

    def next_try(self, codebase: CodebaseId) -> Timestamp | None:
        """When waiting work is tried again that backs off or could not start; None if there is no such work."""
        actor = self._awake(codebase)
        return actor.next_try if actor else None

    async def sync(self, codebase: CodebaseId, request: Request | None = None) -> Synced:
        """Record what others did in a codebase's directory. Returns how many sessions brought something.

        The recorded events name the request. The caller records its answer, because that follows from many appends.
        """
        actor = await self._actor(codebase, new=False)
        with _not_found_once_deleted(actor):
            return await actor.sync(request)

    async def register(self, command: Register, request: Request | None = None) -> Answer:
        """Register a directory. Raises `AlreadyRegistered` with the id of the codebase that has it."""
        if (former := self._paths.get(command.path)) and self._is_deleted(former):
            self._forget(former)
        owner = self._paths.setdefault(command.path, command.codebase_id)
        if owner != command.codebase_id:
            raise AlreadyRegistered(f"This directory is already registered as {owner}.")
        # Shielded, because a caller that leaves takes back neither the command nor the directory.
        registering = asyncio.ensure_future(self._register(command, request))
        registering.add_done_callback(
            lambda done: done.cancelled() or done.exception()
        )  # nobody else may read the error
        return await asyncio.shield(registering)

    async def close(self) -> None:
        """Take no new commands, interrupt and record what runs, leave no process.

        Waits `close_limit` seconds for the record, then as long as the agents need to be stopped.
        """
        self._closing = True
        ended = asyncio.ensure_future(self._shut_down())
        limit = asyncio.ensure_future(self._clock.sleep(self._settings.close_limit))
        await asyncio.wait({ended, limit}, return_when=asyncio.FIRST_COMPLETED)
        limit.cancel()
        for host in self._hosts.values():
            host.cancel()
        await asyncio.gather(ended, *self._hosts.values(), return_exceptions=True)

    async def _recover(self, codebase: CodebaseId) -> None:
        with suppress(CodebaseNotFound):  # the actor finishes a deletion that was cut off as soon as it runs
            await self.ask(codebase, Recover())

    async def _shut_down(self) -> None:
        await asyncio.gather(*(actor.ask(Shutdown()) for actor in self._actors()), return_exceptions=True)

    async def _register(self, command: Register, request: Request | None) -> Answer:
        try:
            return await self.ask(command.codebase_id, command, request)
        except AlreadyRegistered:
            raise
        except BaseException:
            self._forget(command.codebase_id)
            raise

    def _is_deleted(self, codebase: CodebaseId) -> bool:
        """Whether the codebase was deleted although no caller waited for the end of that."""
        return any(a.state.phase is Phase.DELETED for a in self._actors() if a.codebase == codebase)

    def _forget(self, codebase: CodebaseId) -> None:
        self._paths = {path: owner for path, owner in self._paths.items() if owner != codebase}

    # --- the actors -----------------------------------------------------------------------------------------------

    async def _actor(self, codebase: CodebaseId, *, new: bool) -> CodebaseActor:
        if not (self._closing or new or codebase in self._hosts) and await self._store.stream_head(codebase) == 0:
            raise CodebaseNotFound
        # Checked only now: while the store was read, the server may have ended, or another caller started the actor.
        if self._closing:
            raise ActorStopped
        if codebase not in self._hosts:
            self._host(codebase)
        return await asyncio.shield(self._ready[codebase])

    def _awake(self, codebase: CodebaseId) -> CodebaseActor | None:
        ready = self._ready.get(codebase)
        return ready.result() if ready and ready.done() and not ready.cancelled() and not ready.exception() else None

    def _actors(self) -> list[CodebaseActor]:
        """The actors that have begun their work."""
        return [ready.result() for ready in self._ready.values() if ready.done() and not ready.exception()]

    def _host(self, codebase: CodebaseId) -> None:
        self._ready[codebase] = asyncio.get_running_loop().create_future()
        # An actor outlives the request that started it, so that request's log context must not stick to it.
        living = self._keep_alive(codebase)
        self._hosts[codebase] = asyncio.create_task(living, name=f"actor {codebase}", context=Context())

    async def _keep_alive(self, codebase: CodebaseId) -> None:
        """Run a codebase's actor until the codebase is deleted. Restart it after a failure, as after a crash."""
        try:
            while not await self._ran_to_its_end(codebase):
                await self._clock.sleep(self._settings.restart_delay)
        finally:
            self._refuse(codebase, ActorStopped())
        self._forget(codebase)
        del self._hosts[codebase], self._ready[codebase]

    async def _ran_to_its_end(self, codebase: CodebaseId) -> bool:
        try:
            await self._run(codebase)
        except Exception as error:
            log.exception("actor failed; it restarts from the log", codebase=codebase)
            self._refuse(codebase, error if isinstance(error, LedgerError) else ActorStopped(NOT_STARTED))
            self._ready[codebase] = asyncio.get_running_loop().create_future()
            return False
        return True

    async def _run(self, codebase: CodebaseId) -> None:
        actor = self._make_actor(codebase)
        await actor.load()
        if actor.state.phase not in (Phase.VOID, Phase.IDLE, Phase.INTERRUPTED):
            actor.send(Recover())
        self._ready[codebase].set_result(actor)
        await actor.run()

    def _refuse(self, codebase: CodebaseId, error: LedgerError) -> None:
        """Refuse the callers who wait for an actor that did not start."""
        ready = self._ready[codebase]
        if not ready.done():
            ready.set_exception(error)
            ready.exception()  # there may be nobody waiting


@contextmanager
def _not_found_once_deleted(actor: CodebaseActor) -> Generator[None]:
    """An actor ends with its codebase, too. Its callers then get `CodebaseNotFound`, because a retry can't help."""
    try:
        yield
    except ActorStopped:
        if actor.state.phase is Phase.DELETED:
            raise CodebaseNotFound from None
        raise
