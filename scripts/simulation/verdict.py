"""The end of a simulation: everybody becomes reasonable, all comes to rest, and the promises are held against all of it."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import orjson

from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.lifecycle_rules import BUSY, Phase
from opencode_ledger.domain.errors import LedgerError
from opencode_ledger.domain.events import PermissionAsked, PermissionReplied
from opencode_ledger.domain.events.wire import decode
from opencode_ledger.domain.ids import CodebaseId, Position, TaskId
from opencode_ledger.domain.outputs.record import kept_in
from opencode_ledger.domain.proofs.leaves import leaf_of
from opencode_ledger.http.streams.overview_json import shown
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.views.overviews import overviewed

from .simulation import Simulation
from .watchers import Watcher

LONGEST = 4000.0
"""Simulated seconds within which all work is done once nobody makes trouble any more."""

STILL = 100
"""Looks, a tenth of a simulated second apart, after which those that got nothing get nothing more."""

AT_REST = (Phase.VOID, Phase.IDLE, Phase.INTERRUPTED, Phase.DELETED)


def judge(world: Simulation) -> None:
    """Bring the world to rest and look at all of it, before and after one more restart. Raises `Broken`."""
    _calm_down(world)
    _check_rest(world)
    _check_service(world)
    _check_readers(world)
    _check_callers(world)
    world.asks.check()
    _check_settled(world)
    world.check()
    size, root = len(world.record.log), root_of([leaf_of(event) for event in world.record.log])
    world.act("crash")
    world.crash()
    world.boot()
    _calm_down(world)
    _check_rest(world)
    if size and world.wait_for(world.machine.tree.root(size)) != root:
        world.complain("the tree's root is that of its leaves", f"over {size} events")
    named = {(kept.codebase, kept.output_id) for kept in kept_in(world.record.log)}
    if (there := world.environment.outputs.names) != named:
        world.complain("what tools printed is kept, and nothing besides", str(there ^ named))
    world.end()
    world.check()


def _calm_down(world: Simulation) -> None:
    """Take all trouble away, and let everything that is under way come to its end."""
    world.calm = True
    world.gone.clear()
    for _ in range(3):
        if world.machine.over:
            world.crash()
            world.boot()
        world.files_fail = False
        world.set_disk()
        agents = world.machine.agents
        agents.calm = True
        agents.temper.__init__()  # type: ignore[misc]
        world.loop.pass_time(60)
    if not world.machine.started:
        world.complain("the service starts", "it is not there after 60 s")
    world.check()
    until = world.loop.time() + LONGEST
    world.loop.pass_time(120)
    while _unsettled(world) and world.loop.time() < until:
        world.loop.pass_time(50)
        world.check()
    if world.asks.waiting:
        world.complain("nobody waits for ever", ", ".join(map(str, world.asks.waiting)))
    world.check()


def _unsettled(world: Simulation) -> list[str]:
    return [
        f"{codebase} is {state.phase.value} with {len(state.queue)} tasks waiting"
        for codebase, state in world.record.states.items()
        if state.phase not in AT_REST or (state.queue and state.phase is Phase.IDLE)
    ]


def _check_rest(world: Simulation) -> None:
    if unsettled := _unsettled(world):
        world.complain("all work is done in the end", ", ".join(unsettled))
    machine = world.machine
    if machine.agents.at_work or any(state.phase in BUSY for state in world.record.states.values()):
        world.complain("nothing runs without an agent, and no agent for nothing", str(_unsettled(world)))
    if machine.slots.busy or machine.slots.queued:
        world.complain("all room comes back", f"{machine.slots.busy} taken, {machine.slots.queued} waiting")
    for codebase, actor in machine.actors.items():
        state = world.record.states[codebase]
        if state.phase is not Phase.DELETED and actor.state != state:
            world.complain("an actor's state is the fold of its events", f"{codebase}: {actor.state} {state}")
    world.check()


def _check_settled(world: Simulation) -> None:
    """How an agent took what it had asked is what the log says, unless its run was over before it could say so."""
    asked: dict[tuple[CodebaseId, str], str] = {}
    for recorded in world.record.log:
        event = decode(recorded) if recorded.topic == "permission" else None
        if isinstance(event, PermissionAsked):
            asked[recorded.stream, event.permission_id] = event.agent_permission_id
        elif isinstance(event, PermissionReplied) and event.decided_by != "interrupt":
            took = world.settled.get(asked[recorded.stream, event.permission_id], event.reply)
            if took != event.reply:
                world.complain("what was settled is what the record says", f"{took}, but {event}")


def _check_service(world: Simulation) -> None:
    for codebase, state in list(world.record.states.items()):
        if state.phase not in (Phase.VOID, Phase.DELETED):
            world.wait_for(_answers(world, codebase))
    world.check()
    world.wait_for(_check_views(world), 300)
    leaves = [leaf_of(event) for event in world.record.log]
    if leaves and world.wait_for(world.machine.tree.root(len(leaves))) != root_of(leaves):
        world.complain("the tree's root is that of its leaves", f"over {len(leaves)} events")
    world.check()


async def _answers(world: Simulation, codebase: CodebaseId) -> None:
    """An actor that is asked for something impossible says so."""
    try:
        await world.machine.supervisor.ask(codebase, c.CancelTask(task_id=TaskId("task_nobody")))
    except LedgerError as refusal:
        if refusal.code != "task_ended":
            world.complain("every actor answers", f"{codebase}: {refusal}")


async def _check_views(world: Simulation) -> None:
    """The views that were kept through all of it are those that are made from the log at once, and say what it says."""
    machine = world.machine
    await machine.projections.caught_up(Position(len(world.record.log)))
    fresh = await Projections.open(world.environment.data / "fresh.db", machine.disk, clock=machine.clock)
    await fresh.close()
    kept, made = (_rows(world.environment.data / name) for name in ("views.db", "fresh.db"))
    for table, rows in made.items():
        if kept[table] != rows:
            differing = sorted(set(kept[table]) ^ set(rows), key=repr)[:4]
            world.complain("the views are the fold of the log", f"{table}: {differing}")


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        # How SQLite keeps the index of texts (`search_`) depends on when it was written.
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'search_*'"
        )
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for (name,) in names.fetchall()
        }


def _check_readers(world: Simulation) -> None:
    """All subscribers come back, read on as long as anything comes, and have everything, and nothing twice."""
    before, still = -1, 0
    while still < STILL and not all(reader.is_settled for reader in world.readers):
        for reader in world.readers:
            reader.slow = False
            if not (reader.done or reader.connected):
                reader.connect(world.loop, world.machine.server)
        world.loop.pass_time(0.1)
        world.check()
        got = sum(reader.got for reader in world.readers)
        before, still = got, still + 1 if got == before else 0
    world.loop.pass_time(STILL / 10)
    for reader in world.readers:
        if not (reader.is_level or reader.wish.from_now):
            world.complain("a subscriber gets each event once, in order", f"{reader} never gets the rest")
    world.wait_for(_check_watchers(world))
    world.check()


async def _check_watchers(world: Simulation) -> None:
    """All who watch the overviews know the last one of each codebase, as the views have it."""
    projections = world.machine.projections
    await projections.caught_up(Position(len(world.record.log)))
    rows = await projections.views.overviews.rows_since(Position(0), "")
    found = [overviewed(*row) for row in rows]
    expected = {
        one.codebase.id: orjson.loads(orjson.dumps({**shown(one.overview), "cost_today": None}))
        for one in found
        if one.overview is not None
    }
    for watcher in (reader for reader in world.readers if isinstance(reader, Watcher)):
        if wrong := watcher.missing(expected):
            world.complain("who watches the overviews knows the last ones", wrong)


def _check_callers(world: Simulation) -> None:
    """All who gave their request a key ask once more, also those of deleted codebases."""
    for caller in world.callers:
        caller.send(world.loop, world.machine.server)
    world.loop.pass_time(60)
    world.check()
    for caller in world.callers:
        caller.check()


def root_of(leaves: list[bytes]) -> bytes:
    """The root over leaf hashes, as RFC 6962 defines it: plain, and not ours."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()
