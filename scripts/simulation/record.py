"""The log as those outside got to know it, commit by commit: what every promise is measured by.

Each event is looked at once, when it is committed: that numbers have no hole, that the codebase's history holds, and
what of all that was asked for it answers.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from tests.domain.truth import Histories

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.state import INITIAL, State, evolve
from opencode_ledger.domain.erasure.tombstones import tombstone_of
from opencode_ledger.domain.events import imported as o
from opencode_ledger.domain.events.erasure import Erasure
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.events.wire import decode
from opencode_ledger.domain.ids import CodebaseId, SessionId

from .people import check_cause

Complain = Callable[[str, str], None]
"""Reports a promise that was broken, and how."""

Asked = Callable[[CodebaseId, c.Command], None]
"""Gets each command in the order in which its actor's mailbox gets it."""


class Record:
    """All that was ever committed. `named`: how often an event of a kind names an id, as in `message_sent msg_1`.

    `refused`: how often an agent's processes were refused, by its codebase.
    """

    def __init__(self, complain: Complain, note: Callable[[str], None]) -> None:
        self._complain, self._note = complain, note
        self.log: list[RecordedEvent] = []
        self.streams: defaultdict[CodebaseId, list[RecordedEvent]] = defaultdict(list)
        self.states: defaultdict[CodebaseId, State] = defaultdict(lambda: INITIAL)
        self.sessions: defaultdict[tuple[CodebaseId, SessionId], list[int]] = defaultdict(list)
        self.named: Counter[str] = Counter()
        self.refused = Counter[CodebaseId]()
        self._turns: dict[str, int] = {}
        self._latest: defaultdict[CodebaseId, int] = defaultdict(int)
        self._histories: defaultdict[CodebaseId, Histories] = defaultdict(Histories)

    def asked(self, codebase: CodebaseId, command: c.Command) -> None:
        """An actor's mailbox got a command, after all that it got before."""
        match command:
            case c.SendMessage():
                self._turns[f"message {command.message_id}"] = len(self._turns) + 1
            case c.CreateTask():
                self._turns[f"task {command.task_id}"] = len(self._turns) + 1
            case c.Trigger():
                self._turns[f"session {command.session_id}"] = len(self._turns) + 1
            case _:
                pass  # what halts overtakes, and the rest says nothing by which it could be known

    def see(self, committed: Iterable[RecordedEvent]) -> None:
        """One commit, or what is found in the log at a start."""
        for event in committed:
            self._see(event)

    def compare(self, log: list[RecordedEvent]) -> None:
        """What was committed once is in the log for ever as it was; what is new was committed unheard."""
        if log[: len(self.log)] != self.log:
            self._complain("nothing recorded is changed or lost", f"of {len(self.log)} events that were committed")
        self.see(log[len(self.log) :])

    def erased(self, by: Iterable[RecordedEvent]) -> None:
        """What these events name was erased: from now on tombstones stand in its places."""
        for erasure in by:
            said = decode(erasure)
            assert isinstance(said, Erasure)
            for position in map(int, said.tombstones):
                event = self.log[position - 1]
                if (data := tombstone_of(event, erasure.position)) is None:
                    self._complain("what was erased is gone, and nothing else is", f"event {position} has nothing")
                    continue
                left = event._replace(data=data)
                self.log[position - 1] = self.streams[event.stream][event.sequence - 1] = left

    def _see(self, event: RecordedEvent) -> None:
        self._note(f"{event.position} {event.stream} {event.sequence} {event.topic} {event.data.decode()}")
        own = self.streams[event.stream]
        if (event.position, event.sequence) != (len(self.log) + 1, len(own) + 1):
            self._complain("no hole in the numbers", f"event {event.position}, {event.sequence} of {event.stream}")
        self.log.append(event)
        own.append(event)
        self._understand(event, decode(event))

    def _understand(self, recorded: RecordedEvent, event: e.Event) -> None:
        stream = recorded.stream
        try:
            self._histories[stream].see(event)
        except (AssertionError, KeyError) as broken:
            self._complain("every history holds", f"{stream} {recorded.sequence}: {broken or type(broken).__name__}")
        self.states[stream] = evolve(self.states[stream], event)
        if event.session_id is not None:
            self.sessions[stream, event.session_id].append(recorded.sequence)
        self.named.update(names := names_in(event))
        check_cause(event, f"{stream} {recorded.sequence}", self._complain)
        self.refused[stream] += event.times if isinstance(event, e.AccessRefused) else 0
        self._check_turn(stream, names)

    def _check_turn(self, stream: CodebaseId, names: list[str]) -> None:
        for name in names:
            turn = self._turns.get(name, self._latest[stream])
            if turn < self._latest[stream]:
                self._complain("an actor does first what came first", f"{stream}: {name} comes too late")
            self._latest[stream] = turn


def names_in(event: e.Event) -> list[str]:
    """The ids that an event stands for, each with what became of it."""
    match event:
        case e.MessageSent():
            return [f"message {event.message_id}"]
        case e.SessionStarted():
            return [f"session {event.session_id}"]
        case e.TaskCreated():
            return [f"task {event.task_id}", f"titled {event.title}"]
        case e.TaskChanged():
            return [f"edited {event.title}"]
        case e.TaskCompleted() | e.TaskFailed() | e.TaskCancelled():
            return [f"task ended {event.task_id}"]
        case e.PermissionReplied():
            return [f"permission {event.permission_id} {event.reply}"]
        case e.CodebaseRegistered() | e.CodebaseDeleted():
            return [f"codebase {event.action} {event.codebase_id}"]
        case e.CodebaseChanged():
            return [f"changed {event.description}"]
        case o.MessageImported():
            return [f"imported {event.message_id} {event.content}"]
        case _:
            return []
