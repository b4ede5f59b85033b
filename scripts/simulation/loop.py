"""An event loop without time, threads or sockets of its own: every callback is a choice of the seed.

Time stands still while anything can run, and jumps to the next timer when it is let. Of the callbacks that are ready,
chance takes one, where asyncio takes the oldest: whatever works here relies on no order that threads and sockets don't
keep. What would go to a thread is done between two callbacks, as one more of them.
"""

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import Context
from itertools import count
from random import Random
from threading import get_ident
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

SLOWEST = 0.004
"""Simulated seconds that a thread takes at most."""

MOST_TURNS = 200_000
"""Callbacks in a row, without time passing, that are taken for a loop that never rests."""


class NeverRests(Exception):
    """Something goes round for ever without any time passing."""


class NumberedTask(asyncio.Task[Any]):
    """A task that a set keeps in an order that is the same in every process: tasks are hashed by their address otherwise."""

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        self.number = number
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self.number


class NumberedFuture(asyncio.Future[Any]):
    """A future of which the same is true, once it has its number."""

    number: int

    def __hash__(self) -> int:
        return self.number


class SimulatedLoop(asyncio.BaseEventLoop):
    """Driven from outside: `turn` runs one callback, `pass_time` all that happens in a while.

    `shuffled`: chance orders what is ready; else it is asyncio's own order. `turns`: callbacks that were run.
    """

    _ready: list[asyncio.Handle]
    _thread_id: int | None

    def __init__(self, chance: Random, *, shuffled: bool) -> None:
        super().__init__()
        self._ready = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._chance, self._shuffled = chance, shuffled
        self._now = 0.0
        self._numbers = count(1)
        self.turns = 0
        self.tasks: dict[int, NumberedTask] = {}

    # --- what asyncio asks of a loop ----------------------------------------------------------------------------

    def time(self) -> float:
        """Simulated seconds since the beginning."""
        return self._now

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> "asyncio.Task[T]":
        """See `asyncio.AbstractEventLoop`."""
        number = next(self._numbers)
        task = NumberedTask(coro, number=number, loop=self, name=name, context=context)
        self.tasks[number] = task
        task.add_done_callback(self._forget)
        return task

    def create_future(self) -> "asyncio.Future[Any]":
        """See `asyncio.AbstractEventLoop`."""
        future = NumberedFuture(loop=self)
        future.number = next(self._numbers)
        return future

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """See `asyncio.AbstractEventLoop`."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See `asyncio.AbstractEventLoop`."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """See `asyncio.AbstractEventLoop`; there is but one thread."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: object, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        """Do it a little later, between two callbacks."""
        done = self.create_future()
        self.call_later(self.delay(), self.work, done, lambda: func(*args))
        return done

    # --- threads ------------------------------------------------------------------------------------------------

    def delay(self) -> float:
        """How long a thread takes for something: often no time at all, so that all orders come about."""
        return 0.0 if self._chance.random() < 0.6 else self._chance.random() * SLOWEST

    def work(self, done: "asyncio.Future[Any] | None", function: Callable[[], object]) -> None:
        """Do what a thread would do, outside of the loop as a thread is, and report it by a further callback."""
        _now_running(None)
        try:
            result = function()
        except BaseException as error:
            if done is not None:
                self.call_soon(_fail, done, error)
        else:
            if done is not None:
                self.call_soon(_succeed, done, result)
        finally:
            _now_running(self)

    # --- for the driver -----------------------------------------------------------------------------------------

    @contextmanager
    def running(self) -> Generator[None]:
        """This is the running loop for the length of a block."""
        _now_running(self)
        self._thread_id = get_ident()
        try:
            yield
        finally:
            self._thread_id = None
            _now_running(None)

    def turn(self, most: int = 1) -> bool:
        """Run one callback, or several, as long as there are any; whether there was always one."""
        ready, chance, shuffled = self._ready, self._chance.random, self._shuffled
        for _ in range(most):
            if not ready:
                return False
            handle = ready.pop(int(chance() * len(ready)) if shuffled else 0)
            if not handle._cancelled:  # noqa: SLF001  # only a loop may look, as this is one
                self.turns += 1
                handle._run()  # noqa: SLF001
        return True

    def rest(self) -> None:
        """Run until nothing happens unless time passes. Raises `NeverRests`."""
        if self.turn(MOST_TURNS):
            raise NeverRests(f"{MOST_TURNS} callbacks in a row, and no end")

    def pass_time(self, seconds: float) -> None:
        """Let what is ready run, and then each timer in its own moment."""
        until = self._now + seconds
        self.rest()
        while self.wake_next(until):
            self.rest()
        self._now = max(self._now, until)

    def wake_next(self, until: float) -> bool:
        """Jump to the moment of the next timer, if it is no later than `until`; whether there was one."""
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if not timers or timers[0][0] > until:
            return False
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            self._ready.append(heapq.heappop(timers)[2])
        return True

    def end_all(self) -> None:
        """Drop all that is under way, as the end of a process does: no timer comes any more."""
        for _ in range(20):
            for task in list(self.tasks.values()):
                task.cancel()
            self.rest()
            if not self.tasks:
                break
        self._ready.clear()
        self._timers.clear()
        self.tasks.clear()

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        self.tasks.pop(hash(task), None)


def _now_running(loop: asyncio.AbstractEventLoop | None) -> None:
    events._set_running_loop(loop)  # noqa: SLF001  # documented as meant for loops


def _succeed(done: "asyncio.Future[Any]", result: object) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: "asyncio.Future[Any]", error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
