"""The agent of one codebase as its actor drives it: created with the first effect, and stopped with the actor."""

from collections.abc import Callable

from ..domain.codebase.commands import ReplyPermission, Report
from ..domain.codebase.effects import Effect, StopAgent
from ..domain.codebase.facts import AgentDied, Fact
from ..domain.codebase.lifecycle_rules import Phase
from ..domain.codebase.state import State
from ..domain.ids import CodebaseId, PermissionId
from ..domain.ports import Agent, AgentFactory, Clock
from .background import Background
from .effect_runner import EffectRunner
from .mailbox import Envelope, Mailbox
from .settings import ActorSettings
from .whole_outputs import OutputKeeper


class AgentDriver:
    """Carries out effects, and brings the agent's facts back to the mailbox.

    `state`: returns the actor's current state.
    """

    def __init__(
        self,
        codebase: CodebaseId,
        agents: AgentFactory,
        state: Callable[[], State],
        mailbox: Mailbox,
        background: Background,
        clock: Clock,
        settings: ActorSettings,
        outputs: OutputKeeper | None,
    ) -> None:
        self._codebase, self._agents, self._state = codebase, agents, state
        self._mailbox, self._background, self._clock = mailbox, background, clock
        self._permission_limit, self._outputs = settings.permission_limit, outputs
        self._agent: Agent | None = None
        self._runner: EffectRunner | None = None

    @property
    def alive(self) -> bool:
        """Whether a process of this agent exists."""
        return self._agent is not None and self._agent.alive

    def submit(self, effects: tuple[Effect, ...]) -> None:
        """Carry out effects in order, outside the actor's loop. Creates the agent if there is none yet."""
        agent, runner = self._agent, self._runner
        if agent is None or runner is None:
            agent, runner = self._create()
        self.trust()
        runner.submit(effects)

    def trust(self) -> None:
        """Give the agent the trust that its codebase has now, also for a prompt that it has not begun yet."""
        if self._agent is not None:
            self._agent.trust(self._state().agent_config.trusted)

    def end(self, reason: str) -> None:
        """End the agent at once. The mailbox receives the reason as the agent's death."""
        self.submit((StopAgent(),))
        self._mailbox.send(Report((AgentDied(reason=reason),), self._permission_limit))

    async def stop(self) -> None:
        """Stop the agent's processes; on return none is left."""
        if self._agent:
            await self._agent.stop()

    def _create(self) -> tuple[Agent, EffectRunner]:
        state = self._state()
        assert state.codebase is not None  # effects come only of a registered codebase
        trusted = state.agent_config.trusted
        agent = self._agents(self._codebase, state.codebase.path, trusted=trusted, deliver=self._deliver)
        runner = EffectRunner(agent, self._deliver, self._expire, self._clock, self._permission_limit)
        self._background.spawn(runner.run())
        self._agent, self._runner = agent, runner
        return agent, runner

    async def _deliver(self, facts: tuple[Fact, ...]) -> bool:
        if self._outputs is not None:
            facts = await self._outputs.kept(self._codebase, facts, lambda: self._state().phase is Phase.RUNNING)
        envelope = Envelope(Report(facts, self._permission_limit), lasting=True)
        self._mailbox.put(envelope)
        return (await envelope.reply).phase is Phase.RUNNING

    def _expire(self, permission: PermissionId) -> None:
        self._mailbox.send(ReplyPermission(permission_id=permission, reply="reject", decided_by="timeout"))
