"""One simulation: a seed, a world of clients, agents and subscribers, and the lives of the service in it.

A step is an act of anybody: a client's request, something an agent says or does, a subscriber that reads, leaves or
comes back, a fault, a crash, a restart. After each step the promises are held against what happened.
"""

import asyncio
import sqlite3
import traceback
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Generator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from opencode_ledger.actors.clock import timestamp
from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.actors.store.outputs.in_memory import MemoryOutputStore
from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.actors.twins.scripted_history import ScriptedHistories
from opencode_ledger.domain.callers import OwnAgent
from opencode_ledger.domain.codebase.hindrance import Hindrance
from opencode_ledger.domain.codebase.imported import Synced
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import LedgerError
from opencode_ledger.domain.events import CodebaseRegistered
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.fault_points import FaultPoint
from opencode_ledger.domain.ids import CodebaseId, Position
from opencode_ledger.domain.outputs.record import kept_in
from opencode_ledger.domain.ports import EventStore
from opencode_ledger.projections.views.codebases import Codebase

from .agents import Agents
from .asks import PATIENCE, Asks
from .callers import Caller
from .connections import without_threads
from .ground import SimulatedClock, SimulatedIds
from .logs import listening
from .loop import NeverRests, SimulatedLoop
from .machine import Environment, Machine
from .readers import Reader
from .record import Record
from .sizes import PAGES, pages_of
from .story import line_of, story
from .upkeep import choice_of, copied, erase, key_of

LAST_LINES, SHOWN = 400, 40
"""Lines of the trace that are kept, and those that are shown with a failure when it was made a story."""


class Broken(Exception):
    """A promise was broken. `promise`: which; `last`: what happened right before."""

    def __init__(self, promise: str, detail: str, step: int, last: list[str]) -> None:
        super().__init__(promise, detail, step, last)  # all of it, for it may come from another process
        self.promise, self.detail, self.step, self.last = promise, detail, step, last

    def __str__(self) -> str:
        return f"step {self.step}: {self.promise}: {self.detail}"


class Simulation:
    """The world of one seed. `steps`: how many were taken. `trace`: stands for all that happened.

    `on_disk`: the log is in SQLite and not in memory. `show`: gets each line of the trace.
    """

    def __init__(
        self, seed: int, data: Path, *, on_disk: bool = False, show: Callable[[str], None] | None = None
    ) -> None:
        self.seed, self.on_disk = seed, on_disk
        self.steps = self.lives = 0
        self.trace = sha256()
        self.chance = Random(f"{seed} steps")
        self.loop = SimulatedLoop(Random(f"{seed} order"), shuffled=self.chance.random() < 0.75)
        self.broken: list[tuple[str, str]] = []
        self.files_fail = False
        self.gone: set[str] = set()
        self.settled: dict[str, str] = {}
        self.record = Record(self.complain, self.note)
        self.asks = Asks(self.record, self.complain, self.note, self._quiet_for)
        self.readers: list[Reader] = []
        self.callers: list[Caller] = []
        self.refused, self._refused_before = Counter[CodebaseId](), Counter[CodebaseId]()
        self._had_trouble = False
        self.histories = ScriptedHistories()
        self._data, self._print, self._pages = data, show, self.chance.choice(PAGES)
        self._last: deque[tuple[int, float, str]] = deque(maxlen=LAST_LINES)
        self._memory = MemoryEventStore()
        self._abandon: Callable[[], None] = lambda: None
        self.environment = Environment(
            loop=self.loop,
            chance=Random(f"{seed} disk"),
            data=data,
            key=key_of(seed, data),
            histories=self.histories,
            max_agents=self.chance.randint(1, 4),
            page=self.chance.choice((1, 2, 7, 50)),
            backlog=self.chance.choice((300, 1000, 4000)),
            slowness=self.chance.choice((0.05, 0.05, 0.5)),
            ids=SimulatedIds(),
            make_agents=self._make_agents,
            open_log=self._open_log,
            committed=self._committed,
            asked=self.record.asked,
            reach=self._reach,
            hindered=self._hindered,
            outputs=MemoryOutputStore(),
        )
        self.machine: Machine
        self.starting: asyncio.Task[None]
        self.clock_off = self._trouble_ended = 0.0
        self.calm = False

    # --- the trace ----------------------------------------------------------------------------------------------

    def note(self, line: str) -> None:
        """Something happened: a line of the trace."""
        self.trace.update(f"{line}\n".encode())
        self._last.append((self.steps, self.loop.time(), line))
        if self._print is not None:
            self._print(line_of(*self._last[-1]))

    def last(self) -> list[str]:
        """What happened right before, as a story."""
        return story(self._last)[-SHOWN:]

    def act(self, line: str) -> None:
        """Somebody did something: a step."""
        self.steps += 1
        self.note(f"({self.loop.turns}) {line}")

    def complain(self, promise: str, detail: str) -> None:
        """A promise was broken; the run ends at the next look."""
        self.broken.append((promise, detail))

    def _quiet_for(self, since: float) -> float:
        """For how long, since then, nothing has been wrong with the disk."""
        return 0.0 if self.machine.disk.troubled else self.loop.time() - max(since, self._trouble_ended)

    def check(self) -> None:
        """Hold the promises against what happened. Raises `Broken`."""
        self._check_agents()
        self.asks.check_patience()
        self._check_refused(ended=False)
        for caller in self.callers:
            caller.read()
        for reader in self.readers:
            if not reader.slow:
                self.read(reader)
        if self.broken:
            promise, detail = self.broken[0]
            raise Broken(promise, detail, self.steps, self.last())

    def read(self, reader: Reader, size: int = 1 << 30) -> None:
        """A subscriber takes what there is for it."""
        try:
            reader.read(size)
        except AssertionError as broken:
            self.complain("a subscriber gets each event once, in order", str(broken))

    def _check_agents(self) -> None:
        agents, most = self.machine.agents, self.environment.max_agents
        alive = [agent.codebase for agent in agents.alive]
        if len(alive) != len(set(alive)):
            self.complain("one agent per codebase", f"alive: {alive}")
        if max(len(agents.at_work), self.machine.slots.busy) > most:
            self.complain(f"at most {most} agents at once", f"{len(agents.at_work)}, {self.machine.slots.busy} rooms")
        if agents.beside:
            self.complain("no message runs beside an old command", agents.beside[0])
        for agent in agents.alive:
            phase = self.record.states[agent.codebase].phase if agent.codebase in self.record.states else Phase.VOID
            if agent.commands and agent.run is None and phase in (Phase.INTERRUPTED, Phase.IDLE):
                self.complain("an interrupt is answered when no command is left", f"{agent.codebase}: {agent.commands}")
        since = agents.waiting_since
        if since is not None and self._quiet_for(since) > PATIENCE:
            self.complain("nobody waits for long", f"an agent reports since {since:.1f}")

    # --- lives of the service -------------------------------------------------------------------------------------

    @contextmanager
    def running(self) -> Generator[None]:
        """The world, for the length of a block; whatever happens in it is of this seed alone."""
        self.loop.set_exception_handler(self._unhandled)
        with (
            closing(self.loop),
            listening(self._unforeseen),
            without_threads(self.loop) as self._abandon,
            pages_of(self._pages),
            self.loop.running(),
        ):
            try:
                self.boot()
                yield
            except NeverRests as broken:
                raise Broken("the loop comes to rest", str(broken), self.steps, self.last()) from broken
            finally:
                self.crash()

    def boot(self) -> None:
        """Begin the service's next life."""
        self.lives += 1
        self.act(f"start {self.lives}")
        self.files_fail = False
        self.machine = Machine(self.environment, self.clock_off)
        self.refused, self._refused_before = Counter[CodebaseId](), self.record.refused.copy()
        self._had_trouble = False
        self.machine.agents.calm = self.calm
        self.starting = self.loop.create_task(self._start(self.machine))

    async def _start(self, machine: Machine) -> None:
        try:
            await machine.start()
        except LedgerError as error:
            self.note(f"not started: {error}")
            machine.crash()

    async def _open_log(self) -> EventStore:
        """The log as this life finds it; what it holds is compared with what was committed."""
        store = await SqliteEventStore.open(self._data / "ledger.db") if self.on_disk else self._memory
        log: list[RecordedEvent] = []
        while page := await store.read_all(Position(len(log)), 1000):
            log += page
        self.record.compare(log)
        return store

    def _committed(self, events: tuple[RecordedEvent, ...]) -> None:
        self.record.see(events)
        if lost := {(kept.codebase, kept.output_id) for kept in kept_in(events)} - self.environment.outputs.names:
            self.complain("what a tool printed is on the disk before its event", str(lost))

    def crash(self) -> None:
        """`kill -9`, and nothing is left of it but what is on the disk."""
        self.machine.crash()
        self.loop.end_all()
        self._hang_up()

    def end(self) -> None:
        """The service ends in good order, within its time, and leaves no agent."""
        machine = self.machine
        ending = self.loop.create_task(machine.end())
        self.loop.pass_time(10)
        if not ending.done():
            self.complain("the service ends within 10 s", f"agents: {[a.codebase for a in machine.agents.alive]}")
        elif ending.exception() is not None:
            self.complain("nothing unforeseen happens", f"the end: {ending.exception()!r}")
        if machine.agents.alive or self.asks.waiting:
            left = f"{len(machine.agents.alive)} agents, {list(map(str, self.asks.waiting))}"
            self.complain("the end leaves nothing behind", left)
        self._check_refused(ended=ending.done())
        self.crash()

    def erase(self) -> None:
        """While nothing is up, something is erased from the log."""
        names = [(codebase, str(session)) for codebase, session in self.record.sessions]
        choice = choice_of(self.environment.chance, names, len(self.record.log))
        at = timestamp(self.machine.clock)
        events = erase(self._data, choice, at, self.environment.chance)
        self.act(f"erased: {choice}, by {[event.position for event in events]}")
        self.record.erased(events)
        for caller in self.callers if events else ():
            caller.forgets()

    def back_up(self) -> None:
        """Beside the service, the log is backed up."""
        self.act("a backup")
        if wrong := copied(self._data, len(self.record.log)):
            self.complain("a backup is a sound log", wrong)

    def _hang_up(self) -> None:
        for caller in self.callers:
            caller.server_is_gone()
        for reader in self.readers:
            try:
                reader.server_is_gone(self.chance)
            except AssertionError as broken:
                self.complain("a subscriber gets each event once, in order", str(broken))
        self.loop.end_all()
        self._abandon()

    def set_disk(self, *, full: bool = False, unreadable: bool = False, mistake: bool = False) -> None:
        """Make the disk fail, or let it work again."""
        disk = self.machine.disk
        disk.full, disk.unreadable, disk.mistake = full, unreadable, mistake
        self._had_trouble = self._had_trouble or full or unreadable or mistake
        self._trouble_ended = self.loop.time()

    # --- what the service is given --------------------------------------------------------------------------------

    def do(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Have the service do something, without waiting."""
        return self.loop.create_task(work)

    def wait_for(self, work: Coroutine[Any, Any, Any], seconds: float = 60) -> Any:
        """Have it done, within this time."""
        task = self.do(work)
        self.loop.pass_time(0)
        until = self.loop.time() + seconds
        while not task.done() and self.loop.wake_next(until):
            self.loop.rest()
        if not task.done():
            self.complain("nobody waits for ever", f"{task.get_coro()} is not over after {seconds} s")
            self.check()
        return task.result()

    def look(self) -> None:
        """The views are read as a request reads them."""
        self.do(self._look())

    async def _look(self) -> None:
        machine, head = self.machine, self.machine.disk.head
        try:
            await machine.projections.caught_up(head)
            await self._compare_agents(machine)
        except LedgerError as error:
            self.note(f"no look: {error}")
            return
        if machine.projections.applied < head:
            self.complain("the views show what was committed before", f"{machine.projections.applied} < {head}")

    async def _compare_agents(self, machine: Machine) -> None:
        """What the views say of each codebase is what its events say, where nothing was committed meanwhile."""
        for codebase in list(self.record.states):
            applied = machine.projections.applied
            agent = await machine.projections.views.agents.get(codebase)
            state = self.record.states[codebase]
            if not applied == machine.projections.applied == len(self.record.log):
                return
            seen = (agent.phase, agent.session_id) if agent else None
            is_there = state.phase not in (Phase.VOID, Phase.DELETED)
            if seen != ((state.phase, state.session.id if state.session else None) if is_there else None):
                self.complain("the views are the fold of the log", f"{codebase}: {seen}, not {state.phase}")

    def sync(self, number: int, codebase: CodebaseId) -> None:
        """What others did is brought into the log."""
        syncing = self.do(self.machine.supervisor.sync(codebase))
        machine = self.machine

        def over(done: "asyncio.Task[Synced]") -> None:
            error = None if done.cancelled() or machine.over else done.exception()
            if error is not None and not isinstance(error, LedgerError):
                self.complain("nothing unforeseen happens", f"sync {number}: {error!r}")

        syncing.add_done_callback(over)

    async def _hindered(self, codebase: CodebaseRegistered | Codebase) -> Hindrance | None:
        await self.machine.clock.sleep(self.environment.chance.random() * 0.1)
        return (
            Hindrance(code="directory_gone", message=f"{codebase.path} is gone.")
            if codebase.path in self.gone
            else None
        )

    def _make_agents(self, clock: SimulatedClock) -> Agents:
        return Agents(self.seed, clock, self.act, self.note, self.settled, self._prompted)

    def _prompted(self, codebase: CodebaseId, trusted: bool) -> None:
        actor = self.machine.actors.get(codebase)
        if actor is not None and actor.state.agent_config.trusted is not trusted:
            self.complain("an agent works with the trust that its codebase has", f"{codebase}: {trusted}")

    def agent_turns_to_us(self, number: int, codebase: CodebaseId) -> None:
        """A process of a codebase's agent asks the service for something, and is refused."""
        self.refused[codebase] += 1
        agent = OwnAgent(codebase, "curl")
        self.do(self.machine.refused_access.note(agent, f"POST /{number}", f"r{number}"))

    def _check_refused(self, *, ended: bool) -> None:
        """Of what agents asked in this life no more is on record than there was and, at a good end, no less."""
        for codebase, times in self.refused.items():
            known = self.record.refused[codebase] - self._refused_before[codebase]
            lost = known < times and ended and not self._had_trouble
            if known > times or (lost and self.record.states[codebase].phase is not Phase.DELETED):
                self.complain("what agents asked is counted", f"{codebase}: {known} of {times}")

    def _reach(self, point: FaultPoint) -> None:
        if self.files_fail and self.environment.chance.random() < 0.3:
            raise sqlite3.OperationalError(f"disk I/O error at {point}")

    def _unforeseen(self, line: str) -> None:
        if not self.machine.over:
            self.complain("nothing unforeseen happens", line)

    def _unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        where = "".join(traceback.format_exception(error)[-3:]) if error else ""
        self._unforeseen(f"{context.get('message')} {error!r}\n{where}")
