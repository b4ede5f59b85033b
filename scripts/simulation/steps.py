"""What people, subscribers and the world do in a simulation: one method for each kind of step, dealt out by the seed."""

from collections.abc import Callable, Collection
from itertools import count
from typing import Final

from opencode_ledger.actors.twins.scripted_agent import Temper
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.codebase.state import State
from opencode_ledger.domain.events import Reply
from opencode_ledger.domain.ids import CodebaseId, MessageId, PermissionId, SessionId, TaskId

from .asks import Ask
from .callers import Caller
from .people import request_of
from .readers import Reader, Wish
from .simulation import Simulation
from .watchers import reader_of

MOST_CODEBASES = 10
FEW_CODEBASES = 3
MOST_READERS = 12
NOBODY = CodebaseId("cb_nobody")
OUTPUT: Final = 25_000
"""Lines that a person's command prints now and then: more than a message has of it."""
REPLIES: Final[tuple[Reply, ...]] = ("once", "always", "reject")

SHARES: Final = {
    "register": 3,
    "trigger": 10,
    "message": 10,
    "create": 8,
    "cancel": 4,
    "rearrange": 4,
    "interrupt": 4,
    "stop": 3,
    "reply": 8,
    "delete": 0.3,
    "change": 2,
    "turn_to_us": 3,
    "sync": 2,
    "person_works": 3,
    "give_up": 1,
    "look": 3,
    "request": 3,
    "repeat": 4,
    "forget": 1,
    "subscribe": 2,
    "read": 8,
    "hang_up": 3,
    "come_back": 8,
    "dawdle": 1,
    "temper": 1,
    "move": 1,
    "disk": 1,
    "files": 0.5,
    "mistake": 0.3,
    "clock": 0.3,
    "long_while": 1,
    "backup": 0.2,
    "erase": 0.3,
    "crash": 0.5,
    "end": 0.2,
}
"""How often each kind of step comes in the middle of worlds, as a share of all."""

ALWAYS: Final = frozenset({"register", "trigger", "message", "create", "subscribe", "come_back"})
"""What makes a world: it comes in each."""


class Steps:
    """Takes steps in a world. `without`: kinds that nobody takes, where others then come instead."""

    def __init__(self, world: Simulation, without: Collection[str] = ()) -> None:
        self.world, self._chance = world, world.chance
        self.codebases: list[CodebaseId] = []
        self._numbers = count(1)
        self._acts: list[Callable[[], None]] = [getattr(self, name) for name in SHARES]
        self._shares = [share * self._weight(name) * (name not in without) for name, share in SHARES.items()]

    def take(self) -> None:
        """One step, and what comes of it for a while."""
        world, chance = self.world, self._chance
        if world.machine.over:
            self._start_again()
        elif world.machine.started:
            few = len(self._live()) < FEW_CODEBASES and chance.random() < 0.3
            (self.register if few else chance.choices(self._acts, self._shares)[0])()
        elif chance.random() < 0.02:
            self.crash()
        how = chance.random()
        if how < 0.5:
            world.loop.turn(chance.randrange(20))
        else:
            world.loop.pass_time(chance.expovariate(5 if how < 0.9 else 0.5))
        world.check()

    def _start_again(self) -> None:
        self.world.loop.pass_time(self._chance.random())
        self.world.crash()
        self.world.boot()

    def _weight(self, name: str) -> float:
        """What is rare in one world is frequent in another, and does not happen at all in a third."""
        return self._chance.choice((0.7, 1, 1.5) if name in ALWAYS else (0, 0.3, 1, 1, 2))

    # --- people ---------------------------------------------------------------------------------------------------

    def register(self) -> None:
        """Somebody registers a directory; it may be registered already."""
        if len(self._live()) >= MOST_CODEBASES:
            return
        n = next(self._numbers)
        codebase = CodebaseId(f"cb_{n}")
        config = {"auto_approve": True} if self._chance.random() < 0.3 else {}
        path = f"/code/{self._chance.randrange(MOST_CODEBASES)}"
        command = c.Register(codebase_id=codebase, name=f"{n}", path=path, agent_config=config)
        self.codebases.append(codebase)
        self._ask(n, codebase, command, [f"codebase registered {codebase}"])

    def trigger(self) -> None:
        """Somebody triggers."""
        n = next(self._numbers)
        ids = SessionId(f"sess_{n}"), TaskId(f"task_{n}"), MessageId(f"msg_{n}")
        command = c.Trigger(session_id=ids[0], task_id=ids[1], message_id=ids[2], prompt=f"prompt {n}")
        self._ask(n, self._codebase(), command, [f"session {ids[0]}", f"task {ids[1]}", f"message {ids[2]}"])

    def message(self) -> None:
        """Somebody sends a message."""
        n = next(self._numbers)
        command = c.SendMessage(message_id=MessageId(f"msg_{n}"), content=f"message {n}")
        self._ask(n, self._codebase(), command, [f"message {command.message_id}"])

    def create(self) -> None:
        """Somebody queues a task."""
        n = next(self._numbers)
        command = c.CreateTask(
            task_id=TaskId(f"task_{n}"), title=f"{n}", prompt=f"task {n}", priority=self._chance.randrange(3)
        )
        self._ask(n, self._codebase(), command, [f"task {command.task_id}"])

    def cancel(self) -> None:
        """Somebody cancels a task: one that waits, the one that is worked on, or one that nobody knows."""
        codebase = self._codebase()
        state = self._state(codebase)
        known = [task.task_id for task in state.queue] + [state.session.task_id if state.session else None]
        task = self._chance.choice(known) or TaskId("task_nobody")
        self._ask(next(self._numbers), codebase, c.CancelTask(task_id=task), [f"task ended {task}"])

    def rearrange(self) -> None:
        """Somebody moves or edits a task that waits, or one that has just begun."""
        n, codebase = next(self._numbers), self._codebase()
        waiting = [task.task_id or TaskId("") for task in self._state(codebase).queue] or [TaskId("task_nobody")]
        place = self._chance.choice((c.End.FIRST, c.End.LAST, c.Before(self._chance.choice(waiting)), None))
        priority = self._chance.choice((None, None, self._chance.randrange(3)))
        task = self._chance.choice(waiting)
        command = c.ChangeTask(task_id=task, title=f"edit {n}", prompt=f"edited {n}", priority=priority, place=place)
        self._ask(n, codebase, command, [f"edited {command.title}"])

    def interrupt(self) -> None:
        """Somebody interrupts."""
        self._ask(next(self._numbers), self._codebase(), c.Interrupt(), [])

    def stop(self) -> None:
        """Somebody stops."""
        self._ask(next(self._numbers), self._codebase(), c.Stop(), [])

    def delete(self) -> None:
        """Somebody deletes a codebase."""
        codebase = self._codebase()
        self._ask(next(self._numbers), codebase, c.Delete(), [f"codebase deleted {codebase}"])

    def change(self) -> None:
        """Somebody changes what is known of a codebase: how far its agent is trusted, and what is said of it."""
        n, config = next(self._numbers), {"trusted": self._chance.random() < 0.5}
        command = c.ChangeCodebase(description=f"as of {n}", agent_config=config)
        self._ask(n, self._codebase(), command, [f"changed {command.description}"])

    def turn_to_us(self) -> None:
        """A process of an agent asks the service itself for something, perhaps again and again."""
        working = self.world.machine.agents.alive
        if working:
            codebase = self._chance.choice(working).codebase
            self.world.act(f"agent {codebase} turns to the service")
            for _ in range(self._chance.choice((1, 1, 5))):
                self.world.agent_turns_to_us(next(self._numbers), codebase)

    def reply(self) -> None:
        """Somebody answers what an agent asks, some of it at once, or what none has asked."""
        asking = [c for c in self.codebases if (s := self._state(c).session) and s.permissions]
        codebase = self._chance.choice(asking) if asking else self._codebase()
        session = self._state(codebase).session
        open_ones = list(session.permissions) if session else []
        open_ones = open_ones or [PermissionId("perm_nobody")]
        for permission in self._chance.sample(open_ones, min(len(open_ones), self._chance.choice((1, 3, 3)))):
            reply = self._chance.choice(REPLIES)
            command = c.ReplyPermission(permission_id=permission, reply=reply)
            self._ask(next(self._numbers), codebase, command, [f"permission {permission} {reply}"])

    def give_up(self) -> None:
        """Somebody doesn't wait for the answer."""
        if waiting := self.world.asks.waiting:
            ask = self._chance.choice(waiting)
            self.world.act(f"{ask} is given up")
            if ask.task:
                ask.task.cancel()

    def sync(self) -> None:
        """Somebody has what others did brought into the log."""
        n, codebase = next(self._numbers), self._codebase()
        self.world.act(f"sync {n} {codebase}")
        self.world.sync(n, codebase)

    def person_works(self) -> None:
        """Somebody works with opencode beside us, at a terminal."""
        histories, path = self.world.histories, f"/code/{self._chance.randrange(MOST_CODEBASES)}"
        names = [name for name, session in histories.made.items() if session.info["directory"] == path]
        n = next(self._numbers)
        self.world.act(f"a person works in {path}")
        if not names or self._chance.random() < 0.3:
            names.append(f"ses_{n}")
            histories.begin(names[-1], path)
        histories.prompt(names[-1], f"a person's words {n}")
        answer = histories.answer(names[-1], f"an answer {n}")
        if self._chance.random() < 0.3:
            histories.call(
                names[-1], answer, f"call_{n}", "bash", status="completed", input={}, output="file\n" * OUTPUT
            )

    def look(self) -> None:
        """Somebody reads the views, which show at least all that was committed before."""
        self.world.act("a look at the views")
        self.world.look()

    # --- callers with keys ----------------------------------------------------------------------------------------

    def request(self) -> None:
        """A caller asks for a task under a key."""
        world = self.world
        place, codebase = len(world.callers), self._codebase()
        caller = Caller(next(self._numbers), place, codebase, world.record, world.complain, world.note)
        world.callers.append(caller)
        self._send(caller)

    def repeat(self) -> None:
        """A caller asks the same again, answered or not."""
        if self.world.callers:
            self._send(self._chance.choice(self.world.callers[-10:]))

    def forget(self) -> None:
        """A caller hangs up."""
        if self.world.callers:
            caller = self._chance.choice(self.world.callers[-10:])
            self.world.act(f"{caller} hangs up")
            caller.hang_up()

    def _send(self, caller: Caller) -> None:
        self.world.act(f"{caller} asks")
        caller.send(self.world.loop, self.world.machine.server)

    # --- subscribers ----------------------------------------------------------------------------------------------

    def subscribe(self) -> None:
        """A new subscriber comes: to a codebase or to all, to everything or to a session, from the first event or from now."""
        if len(self.world.readers) >= MOST_READERS or not self.codebases:
            return
        codebase = self._chance.choice(self.codebases)
        sessions = [session for stream, session in self.world.record.sessions if stream == codebase]
        kind = self._chance.randrange(4)
        if kind == 0:
            wish = Wish(None)
        elif kind == 1 and sessions:
            wish = Wish(codebase, self._chance.choice(sessions[-2:]))
        else:
            wish = Wish(codebase, from_now=kind == 2)
        reader = reader_of(wish, self.world.readers, self.world.record, self.world.note)
        reader.slow = self._chance.random() < 0.5
        self.world.readers.append(reader)
        self.world.act(f"{reader} comes")
        reader.connect(self.world.loop, self.world.machine.server)

    def read(self) -> None:
        """A slow subscriber takes some bytes."""
        if reader := self._reader(connected=True):
            self.world.act(f"{reader} reads")
            self.world.read(reader, self._chance.randrange(1, 4000))

    def hang_up(self) -> None:
        """A subscriber's line breaks."""
        if reader := self._reader(connected=True):
            self.world.act(f"{reader} hangs up")
            reader.hang_up()

    def come_back(self) -> None:
        """A subscriber comes back for what it lacks."""
        if reader := self._reader(connected=False):
            self.world.act(f"{reader} comes back")
            reader.connect(self.world.loop, self.world.machine.server)

    def dawdle(self) -> None:
        """A subscriber gets slow, or quick."""
        if reader := self._reader(connected=True):
            reader.slow = not reader.slow
            self.world.act(f"{reader} gets {'slow' if reader.slow else 'quick'}")

    def _reader(self, *, connected: bool) -> Reader | None:
        found = [r for r in self.world.readers if r.connected is connected and not r.done]
        return self._chance.choice(found) if found else None

    # --- the world ------------------------------------------------------------------------------------------------

    def temper(self) -> None:
        """The agents get slower, quicker, unable or able."""
        chance, trouble = self._chance, self._chance.choice(("", "", "start", "prompt", "hang", "deaf"))
        self.world.act(f"the agents' temper: {trouble or 'good'}")
        temper: Temper = self.world.machine.agents.temper
        temper.start_delay, temper.abort_delay = chance.choice((0.0, 3.0)), chance.choice((0.0, 2.0))
        temper.stop_delay = chance.choice((0.0, 2.0))
        temper.start_error = "not installed" if trouble == "start" else None
        temper.prompt_error = "refused" if trouble == "prompt" else None
        temper.hangs_in_prompt = trouble == "hang"
        temper.answers_missed = chance.randint(1, 5) if trouble == "deaf" else 0

    def move(self) -> None:
        """A directory is moved away, or put back."""
        path = f"/code/{self._chance.randrange(MOST_CODEBASES)}"
        self.world.gone ^= {path}
        self.world.act(f"{path} is {'gone' if path in self.world.gone else 'back'}")

    def disk(self) -> None:
        """The disk fills up or can't be read, or all is well again."""
        full, unreadable = self._chance.choice(((True, False), (False, True), (False, False), (False, False)))
        self.world.set_disk(full=full, unreadable=unreadable)
        self.world.act(f"the disk: full {full}, unreadable {unreadable}")

    def files(self) -> None:
        """The files of views and tree fail now and then, or no more."""
        self.world.files_fail = not self.world.files_fail
        self.world.act(f"views and tree fail: {self.world.files_fail}")

    def mistake(self) -> None:
        """The next append meets a mistake of ours, and its actor fails."""
        self.world.act("a mistake")
        self.world.set_disk(mistake=True)

    def clock(self) -> None:
        """The time of day jumps."""
        self.world.clock_off += self._chance.choice((-7200.0, -3.0, 3.0, 7200.0))
        self.world.machine.clock.off = self.world.clock_off
        self.world.act(f"the clock is off by {self.world.clock_off}")

    def long_while(self) -> None:
        """Nobody does anything for a while."""
        self.world.act("a while passes")
        self.world.loop.pass_time(self._chance.random() * 40)

    def backup(self) -> None:
        """Somebody makes a backup beside the service."""
        if self.world.on_disk and self.codebases:
            self.world.back_up()

    def erase(self) -> None:
        """The service is killed, and something is erased before it starts again."""
        if self.world.on_disk and self.world.record.sessions:
            self.crash()
            self.world.erase()

    def crash(self) -> None:
        """The service is killed, wherever it is."""
        self.world.act("crash")
        self.world.crash()

    def end(self) -> None:
        """The service ends in good order."""
        self.world.act("end")
        self.world.set_disk()
        self.world.files_fail = False
        self.world.end()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _live(self) -> list[CodebaseId]:
        return [each for each in self.codebases if self._state(each).phase is not Phase.DELETED]

    def _codebase(self) -> CodebaseId:
        """One of those that are there; now and then one that was deleted, or never was."""
        known = self._live() if self._chance.random() < 0.95 else [*self.codebases, NOBODY]
        return self._chance.choice(known or [NOBODY])

    def _state(self, codebase: CodebaseId) -> State:
        return self.world.record.states[codebase]

    def _ask(self, number: int, codebase: CodebaseId, command: c.Command, names: list[str]) -> None:
        own = not isinstance(command, c.CancelTask | c.ReplyPermission | c.Delete)
        ask = Ask(number, self.world.machine, command, names, own=own)
        self.world.act(f"{ask} of {codebase}")
        to, by = self.world.machine.supervisor, request_of(number)
        work = to.register(command, by) if isinstance(command, c.Register) else to.ask(codebase, command, by)
        self.world.asks.follow(ask, self.world.do(work))
