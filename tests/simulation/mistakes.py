"""Mistakes that are planted into the service, each of a kind that has been made somewhere: the simulation must find them."""

# pyright: reportPrivateUsage=false

import asyncio
import shutil
from collections.abc import Callable
from collections.abc import Sequence as Many
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Final
from unittest.mock import Mock, patch

from tests.simulation import stream_mistakes

from opencode_ledger.actors import codebase_stream, effect_runner, turn_planner
from opencode_ledger.actors.codebase_actor import CodebaseActor
from opencode_ledger.actors.codebase_stream import CodebaseStream
from opencode_ledger.actors.mailbox import CONTROL, Answer, Envelope, Mailbox
from opencode_ledger.actors.slots.agent_slots import AgentSlots
from opencode_ledger.actors.slots.pause import Pause
from opencode_ledger.actors.store import erasing as store_erasing
from opencode_ledger.actors.store.outputs.in_memory import MemoryOutputStore
from opencode_ledger.actors.supervisor import Supervisor
from opencode_ledger.actors.turn_planner import Planned
from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.actors.unrecorded_reports import UnrecordedReports
from opencode_ledger.domain.codebase import permissions
from opencode_ledger.domain.codebase.commands import Recover
from opencode_ledger.domain.codebase.decide import decide
from opencode_ledger.domain.codebase.decision import Decision, fold
from opencode_ledger.domain.codebase.facts import PermissionSettled
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.codebase.queue.priority_queue import PriorityQueue
from opencode_ledger.domain.codebase.state import INITIAL, Session, State
from opencode_ledger.domain.errors import ActorStopped
from opencode_ledger.domain.events import TaskCreated
from opencode_ledger.domain.events.wire import decode
from opencode_ledger.domain.ids import Sequence, Timestamp
from opencode_ledger.domain.principals import LOCAL, Principal
from opencode_ledger.http.api import idempotency
from opencode_ledger.http.api.idempotency import Repeats, _UnderWay
from opencode_ledger.http.offline import backup
from opencode_ledger.http.web.refused_access import RefusedAccess
from opencode_ledger.projections.catch_up import Applier, fingerprint_of
from opencode_ledger.projections.tree.file import TreeFile
from opencode_ledger.projections.views.requests import Requests
from opencode_ledger.projections.views.tasks import Tasks

Planted = AbstractContextManager[Any]


def _reply_before_commit() -> Planted:
    append = CodebaseActor._append

    async def hasty(self: CodebaseActor, planned: Many[Planned]) -> Any:
        for one in planned:
            if not one.envelope.lasting:
                one.envelope.answer(Answer(position=self._stream.head, phase=Phase.IDLE))
        return await append(self, planned)

    return patch.object(CodebaseActor, "_append", hasty)


def _lost_outputs() -> Planted:
    async def forget(*_arguments: object) -> None:
        return None

    return patch.object(MemoryOutputStore, "keep", forget)


def _unnamed_outputs_stay() -> Planted:
    async def pass_over(*_arguments: object) -> None:
        return None

    return patch("scripts.simulation.machine.drop_unnamed", pass_over)


def _dropped_wake_up() -> Planted:
    def put(self: Mailbox, envelope: Envelope) -> None:
        if self._closed:
            envelope.fail(ActorStopped())
        elif isinstance(envelope.command, CONTROL):
            self._control.append(envelope)  # and nobody is woken
        else:
            self._data.append(envelope)
            self._filled.set()

    return patch.object(Mailbox, "put", put)


def _lost_start_of_the_queue() -> Planted:
    def leave(self: AgentSlots, codebase: Any) -> None:
        self._waiting.pop(codebase, None)
        self._taken.discard(codebase)  # and nobody is admitted

    return patch.object(AgentSlots, "leave", leave)


def _held_and_forgotten() -> Planted:
    async def wait(_self: Pause, _seconds: float) -> None:
        await asyncio.get_running_loop().create_future()  # and it is never looked at again

    return patch.object(Pause, "_pass", wait)


def _eldest(queue: PriorityQueue) -> TaskCreated | None:
    return min(queue, key=lambda task: task.timestamp, default=None)


def _queue_by_age_alone() -> Planted:
    return patch.object(PriorityQueue, "first", property(_eldest))


def _moved_behind_instead() -> Planted:
    place = PriorityQueue.with_before

    def behind(self: PriorityQueue, task: TaskCreated, _behind: object) -> PriorityQueue:
        return place(self, task, None)

    return patch.object(PriorityQueue, "with_before", behind)


def _one_room_too_many() -> Planted:
    def enter(self: AgentSlots, codebase: Any) -> bool:
        if codebase not in self._taken and len(self._taken) <= self.limit:
            self._take(codebase)
        return codebase in self._taken

    return patch.object(AgentSlots, "enter", enter)


def _no_recovery() -> Planted:
    async def start(self: Supervisor, paths: Any, _unsettled: Any) -> None:
        self._paths = dict(paths)

    return patch.object(Supervisor, "start", start)


def _views_skip_an_event() -> Planted:
    async def apply(self: Applier, events: Any, **_named: Any) -> None:
        batch, last = self._fold(events[len(events) > 3 :]), events[-1]
        await self.database.apply(batch, self.applied, last.position, fingerprint_of(last))
        self.applied = last.position

    return patch.object(Applier, "apply", apply)


def _agent_outlives_its_stop() -> Planted:
    async def stop(_self: Any) -> None:
        pass

    return patch.object(effect_runner.EffectRunner, "_stop", stop)


def _halts_wait_their_turn() -> Planted:
    return patch.dict(effect_runner.OVERTAKEN, {}, clear=True)


def _reports_lost_on_a_full_disk() -> Planted:
    async def retry(self: UnrecordedReports) -> None:
        self._postponed = []

    return patch.object(UnrecordedReports, "_retry", retry)


def _last_come_first_served() -> Planted:
    async def get(self: Mailbox) -> Envelope:
        while not (self._control or self._data):
            self._filled.clear()
            await self._filled.wait()
        return (self._control or self._data).pop()

    return patch.object(Mailbox, "get", get)


def _recorded_twice_after_a_crash() -> Planted:
    def twice(state: Any, command: Any, at: Any, *, has_slot: bool) -> Any:
        decision = decide(state, command, at, has_slot=has_slot)
        again = decision.events if isinstance(command, Recover) else ()
        return replace(decision, events=(*decision.events, *again))

    return patch.object(turn_planner, "decide", twice)


def _queue_forgotten_in_sleep() -> Planted:
    load = CodebaseActor.load

    async def forgetful(self: CodebaseActor) -> None:
        await load(self)
        self.state = replace(self.state, queue=PriorityQueue())

    return patch.object(CodebaseActor, "load", forgetful)


def _queue_left_alone_after_a_start() -> Planted:
    async def queued(_self: Tasks) -> list[Any]:
        return []

    return patch.object(Tasks, "queued", queued)


def _waking_skips_an_event() -> Planted:
    async def load(self: CodebaseStream) -> State:
        self.sequence = await self._store.stream_head(self._codebase)
        state, after = INITIAL, Sequence(0)
        while page := await self._store.read_lifecycle(self._codebase, after, codebase_stream.PAGE):
            state = fold(state, (decode(recorded) for recorded in page))
            after = Sequence(page[-1].sequence + (len(page) == codebase_stream.PAGE))
        return state

    return patch.object(CodebaseStream, "load", load)


def _views_believe_a_failed_write() -> Planted:
    async def recall(self: Applier, _head: Any) -> None:
        pass

    apply = Applier.apply

    async def believing(self: Applier, events: Any, *rest: Any, **named: Any) -> None:
        try:
            await apply(self, events, *rest, **named)
        finally:
            self.applied = events[-1].position

    return patch.multiple(Applier, apply=believing, recall=recall)


def _tree_keeps_what_was_not_written() -> Planted:
    def recall(self: TreeFile) -> None:
        self.size = self._tree.size

    return patch.object(TreeFile, "_recall", recall)


def _keys_forgotten() -> Planted:
    async def get(_self: Requests, _key: str, _principal: Principal) -> None:
        return None

    return patch.object(Requests, "get", get)


def _keys_of_anyone() -> Planted:
    def anyone(_request: object) -> Principal:
        return LOCAL

    return patch.object(idempotency, "principal_of", anyone)


def _forgotten_sender() -> Planted:
    def unchanged(decision: Decision, _cause: object) -> Decision:
        return decision

    return patch.object(Decision, "asked_by", unchanged)


def _keys_known_once_answered() -> Planted:
    def begin(self: Repeats, _name: Any, key: Any, request: Any, handle: Any) -> Any:
        carrying_out = asyncio.get_running_loop().create_task(self._carry_out(key, request, handle))
        return _UnderWay(key.fingerprint, carrying_out, request)  # and nobody knows that it is under way

    return patch.object(Repeats, "_begin", begin)


def _views_keep_what_was_erased() -> Planted:
    return patch.object(store_erasing, "_delete", Mock())


def _erasure_left_half_done() -> Planted:
    def overwrite(connection: Any, by: Any, reach: Any) -> set[Any]:
        return overwritten(connection, by, reach) if by % 2 else set()

    overwritten = store_erasing._overwrite
    return patch.object(store_erasing, "_overwrite", overwrite)


def _backup_without_its_last_events() -> Planted:
    def copy(source: Any, target: Any, *_rest: Any) -> None:
        shutil.copyfile(source, target)  # and not what is still in the write-ahead log

    return patch.object(backup, "copy_database", copy)


def _interrupt_answered_too_early() -> Planted:
    async def hasty(self: effect_runner.EffectRunner) -> None:
        self._aborting = asyncio.create_task(self._agent.abort())  # type: ignore[attr-defined]

    return patch.object(effect_runner.EffectRunner, "_abort", hasty)


def _settlement_not_believed() -> Planted:
    settled = permissions.settled

    def credulous(state: State, session: Session, fact: PermissionSettled, at: Timestamp) -> Decision:
        return settled(state, session, replace(fact, ours=True), at)

    return patch.object(permissions, "settled", credulous)


def _trust_that_stays() -> Planted:
    given = set[int]()

    def first(self: ScriptedAgent, trusted: bool) -> None:
        self.trusted = self.trusted if id(self) in given else trusted
        given.add(id(self))

    return patch.object(ScriptedAgent, "trust", first)


def _refused_and_forgotten() -> Planted:
    async def close(self: RefusedAccess) -> None:
        for task in tuple(self._tasks):
            task.cancel()

    return patch.object(RefusedAccess, "close", close)


MISTAKES: Final[dict[str, Callable[[], Planted]]] = {
    "a reply before the commit": _reply_before_commit,
    "what a tool printed is named and not kept": _lost_outputs,
    "one agent too many": _one_room_too_many,
    "keys that are forgotten": _keys_forgotten,
    "a key that is anyone's": _keys_of_anyone,
    "who asked for it is forgotten while it waits": _forgotten_sender,
    "a cursor that is forgotten": stream_mistakes.forgotten_cursor,
    "a queue that knows no priorities": _queue_by_age_alone,
    "a task that is moved to the end instead": _moved_behind_instead,
    "an agent that outlives its stop": _agent_outlives_its_stop,
    "an overview that is held back until the next": stream_mistakes.overview_held_back,
    "a tree that keeps what was not written": _tree_keeps_what_was_not_written,
    "views that skip an event": _views_skip_an_event,
    "a queue that is forgotten in sleep": _queue_forgotten_in_sleep,
    "work that is held and forgotten": _held_and_forgotten,
    "an agent that keeps its first trust": _trust_that_stays,
}
"""How to plant those that show in the first few worlds."""

RARER: Final[dict[str, Callable[[], Planted]]] = {
    "an interrupt that is answered too early": _interrupt_answered_too_early,
    "what the agent settled itself is not believed": _settlement_not_believed,
    "a dropped wake-up": _dropped_wake_up,
    "what a kill left of tools' outputs stays": _unnamed_outputs_stay,
    "a queue that nobody starts": _lost_start_of_the_queue,
    "an event lost where replay becomes live": stream_mistakes.lost_at_the_seam,
    "an event doubled where replay becomes live": stream_mistakes.doubled_at_the_seam,
    "no recovery at the start": _no_recovery,
    "halts that wait their turn": _halts_wait_their_turn,
    "reports lost on a full disk": _reports_lost_on_a_full_disk,
    "a page without its last event": stream_mistakes.page_without_its_last_event,
    "a mailbox that serves the last one first": _last_come_first_served,
    "events recorded twice after a crash": _recorded_twice_after_a_crash,
    "a queue that is left alone after a start": _queue_left_alone_after_a_start,
    "an actor that skips an event as it wakes": _waking_skips_an_event,
    "keys that are known once they are answered": _keys_known_once_answered,
    "views that believe a failed write": _views_believe_a_failed_write,
    "refused callers that are counted and forgotten": _refused_and_forgotten,
}
"""Those for which more worlds must be looked at."""

ON_DISK: Final[dict[str, Callable[[], Planted]]] = {
    "views that keep what was erased": _views_keep_what_was_erased,
    "an erasure that is left half done": _erasure_left_half_done,
    "a backup without its last events": _backup_without_its_last_events,
}
"""Those that show only where the log is in a file."""
