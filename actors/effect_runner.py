"""Carries out effects: one after another, in the actor's order, outside its loop.

`Abort` and `StopAgent` overtake. They drop what has not begun and cancel what they make pointless. So an interrupt
never waits for an agent that is still starting, and nothing that was given up is executed afterwards.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from ..domain.codebase.effects import (
    Abort,
    AnswerPermission,
    AnswerQuestion,
    Effect,
    LimitPermission,
    Prompt,
    StopAgent,
)
from ..domain.codebase.facts import AgentAborted, AgentStopped, AnswerFailed, PromptFailed
from ..domain.errors import ActorStopped, AgentError, LedgerError
from ..domain.failure import Failure
from ..domain.ids import PermissionId, SessionId
from ..domain.ports import Agent, Clock, Deliver

log = structlog.get_logger()

OVERTAKEN: dict[type[Effect], tuple[type[Effect], ...]] = {
    Abort: (Prompt, AnswerPermission, AnswerQuestion),
    StopAgent: (Prompt, AnswerPermission, AnswerQuestion, Abort),
}
"""What each overtaking effect makes pointless."""

ANSWER_PAUSES = (0.2, 1.0, 3.0)
"""Seconds before each further try to hand over an answer that the agent did not take."""
ANSWER_NOT_TAKEN = "ANSWER_NOT_TAKEN"


class EffectRunner:
    """Drives one agent. `deliver` takes facts to the actor. `expire` refuses a permission that nobody answered."""

    def __init__(
        self,
        agent: Agent,
        deliver: Deliver,
        expire: Callable[[PermissionId], None],
        clock: Clock,
        permission_limit: float,
    ) -> None:
        self._agent = agent
        self._deliver = deliver
        self._expire = expire
        self._clock = clock
        self._permission_limit = permission_limit
        self._queue: deque[Effect] = deque()
        self._filled = asyncio.Event()
        self._current: tuple[Effect, asyncio.Task[None]] | None = None
        self._timers: set[asyncio.Task[None]] = set()

    def submit(self, effects: tuple[Effect, ...]) -> None:
        """Queue effects. An overtaking effect first removes what it makes pointless."""
        for effect in effects:
            if pointless := OVERTAKEN.get(type(effect), ()):
                self._queue = deque(queued for queued in self._queue if not isinstance(queued, pointless))
                if self._current and isinstance(self._current[0], pointless):
                    self._current[1].cancel()
            self._queue.append(effect)
        self._filled.set()

    async def run(self) -> None:
        """Carry out effects until cancelled."""
        try:
            while True:
                await self._filled.wait()
                while self._queue:
                    await self._carry_out(self._queue.popleft())
                self._filled.clear()
        finally:
            for timer in self._timers:
                timer.cancel()
            await asyncio.gather(*self._timers, return_exceptions=True)

    async def _carry_out(self, effect: Effect) -> None:
        task = asyncio.ensure_future(self._perform(effect))
        self._current = (effect, task)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            raise
        finally:
            self._current = None
        if not task.cancelled() and (error := task.exception()):
            log.error("effect failed", effect=type(effect).__name__, exc_info=error)

    async def _perform(self, effect: Effect) -> None:
        try:
            await self._act(effect)
        except ActorStopped:
            log.debug("effect after the actor's end", effect=type(effect).__name__)

    async def _act(self, effect: Effect) -> None:
        match effect:
            case Prompt():
                await self._prompt(effect)
            case Abort():
                await self._abort()
                await self._deliver((AgentAborted(),))
            case StopAgent():
                await self._stop()
                await self._deliver((AgentStopped(),))
            case AnswerPermission():
                reply = partial(self._agent.answer, effect.agent_permission_id, effect.reply, effect.message)
                await self._answer(effect.session_id, reply)
            case AnswerQuestion():
                answers = partial(self._agent.answer_question, effect.agent_permission_id, effect.answers)
                await self._answer(effect.session_id, answers)
            case LimitPermission():
                self._start_timer(self._limit(effect.permission_id))

    async def _abort(self) -> None:
        try:
            await self._agent.abort()
        except Exception:
            # A caller waits until the run is aborted. An agent that can't abort it is stopped.
            log.exception("abort failed unexpectedly")
            await self._stop()

    async def _stop(self) -> None:
        try:
            await self._agent.stop()
        except Exception:
            log.exception("stop failed unexpectedly")

    async def _prompt(self, prompt: Prompt) -> None:
        try:
            await self._agent.prompt(prompt)
        except ActorStopped:
            raise
        except Exception as error:
            expected = isinstance(error, LedgerError)
            if not expected:
                log.exception("prompt failed unexpectedly")
            why = Failure(
                code=error.code if isinstance(error, LedgerError) else AgentError.code,
                error=str(error) or type(error).__name__,
            )
            failed = PromptFailed(session_id=prompt.session_id, message_id=prompt.message_id, failure=why)
            await self._deliver((failed,))

    async def _answer(self, session: SessionId, hand_over: Callable[[], Awaitable[None]]) -> None:
        """An answer is on record, so nobody would give it again: the agent gets it, or its run ends."""
        error = ""
        for pause in (0.0, *ANSWER_PAUSES):
            if pause:
                await self._clock.sleep(pause)
            try:
                await hand_over()
            except Exception as failure:
                error = str(failure) or type(failure).__name__
                log.warning("answer not taken by the agent", error=error, exc_info=not isinstance(failure, LedgerError))
            else:
                return
        sentence = f"The agent did not take an answer that it waited for: {error}"
        await self._deliver((AnswerFailed(session_id=session, failure=Failure(code=ANSWER_NOT_TAKEN, error=sentence)),))

    async def _limit(self, permission: PermissionId) -> None:
        await self._clock.sleep(self._permission_limit)
        self._expire(permission)

    def _start_timer(self, waiting: Awaitable[None]) -> None:
        timer = asyncio.ensure_future(waiting)
        self._timers.add(timer)
        timer.add_done_callback(self._timers.discard)
