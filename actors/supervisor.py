"""The supervisor: owner of every actor's life.

It starts an actor when a codebase is first asked something, brings the ones that were cut off back to a truthful
state, starts an actor that failed again from its log, and at the end has all of them interrupt what runs.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

import structlog

from ..domain.commands import Command, Delete, Recover, Register, Shutdown
from ..domain.errors import ActorStopped, AlreadyRegistered, CodebaseNotFound
from ..domain.ids import CodebaseId
from ..domain.lifecycle import Phase
from ..domain.ports import Clock, EventStore
from .codebase_actor import CodebaseActor
from .mailbox import Answer
from .settings import ActorSettings

log = structlog.get_logger()

ActorFactory = Callable[[CodebaseId], CodebaseActor]


class Supervisor:
    """One actor per codebase, one codebase per real directory."""

    def __init__(
        self, store: EventStore, make_actor: ActorFactory, clock: Clock, settings: ActorSettings
    ) -> None:
        self._store, self._make_actor, self._clock, self._settings = store, make_actor, clock, settings
        self._hosts: dict[CodebaseId, asyncio.Task[None]] = {}
        self._ready: dict[CodebaseId, asyncio.Future[CodebaseActor]] = {}
        self._paths: dict[str, CodebaseId] = {}
        self._closing = False

    async def start(self, paths: Mapping[str, CodebaseId], unsettled: Iterable[CodebaseId]) -> None:
        """Know the registered directories, and recover the codebases that were cut off in the middle."""
        self._paths = dict(paths)
        await asyncio.gather(*(self.ask(codebase, Recover()) for codebase in unsettled))

    async def ask(self, codebase: CodebaseId, command: Command) -> Answer:
        """Have a codebase's actor do something. Raises `LedgerError`; `CodebaseNotFound` for an unknown one."""
        if self._closing:
            raise ActorStopped
        if codebase not in self._hosts:
            if not isinstance(command, Register) and await self._store.stream_head(codebase) == 0:
                raise CodebaseNotFound
            self._host(codebase)
        actor = await asyncio.shield(self._ready[codebase])
        answer = await actor.ask(command)
        if isinstance(command, Delete):
            self._forget(codebase)
        return answer

    async def register(self, command: Register) -> Answer:
        """Register a directory. Raises `AlreadyRegistered` with the id of the codebase that has it."""
        owner = self._paths.setdefault(command.path, command.codebase_id)
        if owner != command.codebase_id:
            raise AlreadyRegistered(f"This directory is already registered as {owner}.")
        try:
            return await self.ask(command.codebase_id, command)
        except BaseException:
            self._forget(command.codebase_id)
            raise

    async def close(self) -> None:
        """Take no new commands, interrupt and record what runs, leave no process. Bounded by the agents' own limits."""
        self._closing = True
        actors = [ready.result() for ready in self._ready.values() if ready.done() and not ready.cancelled()]
        await asyncio.gather(*(actor.ask(Shutdown()) for actor in actors), return_exceptions=True)
        for host in self._hosts.values():
            host.cancel()
        await asyncio.gather(*self._hosts.values(), return_exceptions=True)

    def _forget(self, codebase: CodebaseId) -> None:
        self._paths = {path: owner for path, owner in self._paths.items() if owner != codebase}

    def _host(self, codebase: CodebaseId) -> None:
        self._ready[codebase] = asyncio.get_running_loop().create_future()
        self._hosts[codebase] = asyncio.create_task(self._keep_alive(codebase), name=f"actor {codebase}")

    async def _keep_alive(self, codebase: CodebaseId) -> None:
        """Run a codebase's actor; when it fails, start it again from the log, as after a crash."""
        while True:
            try:
                actor = self._make_actor(codebase)
                await actor.load()
                if actor.state.phase not in (Phase.VOID, Phase.IDLE, Phase.INTERRUPTED):
                    actor.tell(Recover())
                self._ready[codebase].set_result(actor)
                await actor.run()
            except Exception:
                log.exception("actor failed; it starts again from the log", codebase=codebase)
                if self._ready[codebase].done():
                    self._ready[codebase] = asyncio.get_running_loop().create_future()
                await self._clock.sleep(self._settings.restart_delay)
