"""What the agent reported and the log could not record yet.

A caller can repeat a command. Nobody would repeat a report, so it is kept and retried until it is recorded.
"""

from collections.abc import Callable

import structlog

from ..domain.codebase import commands as c
from ..domain.errors import StoreError
from ..domain.ids import CodebaseId
from ..domain.ports import Clock
from .agent_driver import AgentDriver
from .background import Background
from .mailbox import Envelope, Mailbox
from .settings import ActorSettings

log = structlog.get_logger()

ENDED_ON_REQUEST = "It was ended on request; the request could not be recorded."
ENDED_UNRECORDED = "It was ended because its reports could not be recorded."


class UnrecordedReports:
    """The envelopes that wait for the log. The agent is ended when the log fails for too long.

    `running`: returns whether the codebase's agent is at work.
    """

    def __init__(
        self,
        codebase: CodebaseId,
        running: Callable[[], bool],
        mailbox: Mailbox,
        agent: AgentDriver,
        background: Background,
        clock: Clock,
        settings: ActorSettings,
    ) -> None:
        self._codebase, self._running, self._mailbox, self._agent = codebase, running, mailbox, agent
        self._background, self._clock, self._settings = background, clock, settings
        self._postponed: list[Envelope] = []
        self._failing_since: float | None = None
        self._ending = False

    def postpones(self, envelope: Envelope) -> bool:
        """Whether this report was put behind earlier ones: the agent's reports keep their order."""
        if not self._postponed or not isinstance(envelope.command, c.Report):
            return False
        self._postponed.append(envelope)
        return True

    def refuse_or_postpone(self, envelope: Envelope, error: StoreError) -> None:
        """Refuse a caller's command; keep what nobody would send again. Raises the error for `Recover`."""
        if isinstance(envelope.command, c.Recover):
            # Nothing else may happen before the recovery, so the whole actor starts again with it.
            envelope.fail(error)
            raise error
        if envelope.lasting:
            self._postpone(envelope, error)
            return
        envelope.fail(error)
        if isinstance(envelope.command, c.Interrupt | c.Stop | c.Delete):
            self._end_agent(ENDED_ON_REQUEST)

    def recovered(self) -> None:
        """The log recorded something again."""
        self._failing_since, self._ending = None, False

    def _postpone(self, envelope: Envelope, error: StoreError) -> None:
        command = type(envelope.command).__name__
        log.error("not recorded yet", command=command, codebase=self._codebase, error=str(error))
        now = self._clock.monotonic()
        self._failing_since = now if self._failing_since is None else self._failing_since
        if now - self._failing_since > self._settings.unrecorded_limit:
            self._end_agent(ENDED_UNRECORDED)
        self._postponed.append(envelope)
        if len(self._postponed) == 1:
            self._background.spawn(self._retry())

    async def _retry(self) -> None:
        try:
            await self._clock.sleep(self._settings.store_retry)
        finally:
            postponed, self._postponed = self._postponed, []
            for envelope in postponed:
                self._mailbox.put(envelope)  # also when the actor ends meanwhile: the closed mailbox answers it

    def _end_agent(self, reason: str) -> None:
        """End a running agent at once. The log learns the reason when it can, after the agent's earlier reports."""
        if not self._ending and self._running():
            self._ending = True
            self._agent.end(reason)
