"""Watches over a run: whether it has ended, has hung, or waits for something that never comes.

An end counts once the agent's status confirms it, its messages show the newest prompt settled, and every fact of the
run was reported. A prompt that comes meanwhile makes it no end.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ...domain.codebase.facts import RunEnded
from ...domain.errors import AgentError
from ...domain.failure import Failure
from ...domain.opencode.messages import last_words
from ...domain.opencode.run import Run
from ..clock import loop_seconds, wall_milliseconds
from .abort import InterruptedCalls
from .connection import Connection
from .outbox import Outbox
from .settings import OpencodeSettings

log = structlog.get_logger()

TICK = 1.0
"""Seconds between looks when nothing is heard."""
PAUSE = 0.03
SETTLE_LIMIT = 5.0
"""Seconds in which the last messages of a run that is at rest must be complete."""
COMPARE_LIMIT = 1.5
"""Seconds in which the agent must have compared the files after its rest."""
SUMMARY_LENGTH = 2000


class Watch:
    """Watches the run of one connection. `busy_elsewhere`: whether a prompt or an abort is under way now.

    `terminate` ends a process that doesn't abort its run, then calls the given function. `check_place` raises
    `AgentError` if the codebase's directory has changed: an agent writes wherever its path leads.
    """

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        settings: OpencodeSettings,
        busy_elsewhere: Callable[[], bool],
        terminate: Callable[[Connection, Callable[[], None]], None],
        check_place: Callable[[], Awaitable[None]],
    ) -> None:
        self._connection, self._outbox, self._settings = connection, outbox, settings
        self._busy_elsewhere, self._terminate, self._check_place = busy_elsewhere, terminate, check_place
        self._translator = connection.translator
        self._client = connection.client
        self._given: tuple[str, float] = ("", 0.0)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                async with asyncio.timeout(TICK):
                    await self._connection.news.wait()
            except TimeoutError:
                pass
            self._connection.news.clear()
            try:
                await self._look()
            except AgentError as error:
                log.warning("opencode could not be asked", error=error.message)
                await asyncio.sleep(PAUSE)

    async def _look(self) -> None:
        run = self._translator.run
        if run is None or self._busy_elsewhere():
            return
        if self._given[0] != run.prompt:
            self._given = (run.prompt, loop_seconds())
        if run.activity != "resting" and (moved := await self._moved()):
            await self._give_up(run, moved)
            return
        match run.activity:
            case "given" if loop_seconds() - self._given[1] > self._settings.take_limit:
                await self._connection.ask_status()
            case "retrying" if run.retry_at - wall_milliseconds() > self._settings.retry_limit * 1000:
                await self._give_up(run, _too_long(run))
            case "busy" if not run.asking and loop_seconds() - self._connection.heard > self._settings.hang_limit:
                await self._give_up(
                    run, Failure(code="AGENT_SILENT", error="The agent was at work and said nothing for too long.")
                )
            case "resting":
                await self._confirm(run)
            case _:
                return

    async def _confirm(self, run: Run) -> None:
        prompt, began, words = run.prompt, loop_seconds(), ""
        while True:
            await self._connection.ask_status()
            words = last_words(await self._connection.ask_messages(run.root), SUMMARY_LENGTH, self._settings.secrets)
            if not self._rests(run, prompt):
                return
            if self._is_complete(run, loop_seconds() - began):
                break
            await asyncio.sleep(PAUSE)
        await self._connection.settle_files()
        moved = await self._moved()
        if self._rests(run, prompt):
            self._end(run, moved or run.verdict(), words)

    async def _moved(self) -> Failure | None:
        """What is wrong with the codebase's directory, if it is no longer the one that was checked."""
        try:
            await self._check_place()
        except AgentError as error:
            return Failure(code=error.code, error=error.message)
        return None

    def _rests(self, run: Run, prompt: str) -> bool:
        same = self._translator.run is run and run.prompt == prompt and run.activity == "resting"
        return same and not self._busy_elsewhere()

    def _is_complete(self, run: Run, waited: float) -> bool:
        compared = run.compared or not self._translator.files_patched or waited > COMPARE_LIMIT
        return (run.settled() and compared) or waited > SETTLE_LIMIT

    async def _give_up(self, run: Run, why: Failure) -> None:
        try:
            calls = await InterruptedCalls.of(self._connection)
            await self._client.abort(run.root, self._settings.abort_limit)
            await calls.end()
            await self._connection.ask_everything()
            await self._connection.settle_files()
        except AgentError as error:
            log.warning("opencode does not abort a run that is given up; it is ended", error=error.message)
            if self._translator.run is run and not self._busy_elsewhere():
                self._terminate(self._connection, lambda: self._end(run, why, ""))
            return
        if self._translator.run is run and not self._busy_elsewhere():
            self._end(run, why, "")

    def _end(self, run: Run, failure: Failure | None, words: str) -> None:
        ended = RunEnded(
            session_id=run.session_id,
            answers=run.answers,
            summary=words,
            failure=failure,
            finish=None if failure else run.cut_off,
        )
        self._outbox.put([*self._translator.closed(), ended])


def _too_long(run: Run) -> Failure:
    reason = f": {run.retry_reason}" if run.retry_reason else "."
    return Failure(code="RATE_LIMITED", error=f"The model's provider asks to wait too long{reason}")
