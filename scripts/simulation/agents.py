"""The agents of a simulation: the scripted twin, with characters that the seed deals out.

What an agent does with a prompt depends on the seed and the prompt alone, so that the same prompt is always answered
alike, whenever it is carried out.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from random import Random

from opencode_ledger.actors.twins.scripted_agent import RunFailed, ScriptedAgent, Temper
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.errors import AgentError
from opencode_ledger.domain.events import Reply
from opencode_ledger.domain.failure import Failure
from opencode_ledger.domain.ids import (
    AgentPermissionId,
    AgentSessionId,
    CodebaseId,
    MessageId,
    SessionId,
)
from opencode_ledger.domain.ports import Clock, Deliver
from opencode_ledger.domain.whole_output import AgentOutput

SILENCE = 60.0
"""Seconds after which an agent that says nothing is given up by its adapter."""

CHARACTERS = {
    "works": 8.0,
    "asks": 4.0,
    **dict.fromkeys(("floods", "hangs", "dies", "fails", "babbles", "dawdles", "inquires"), 1.0),
}
"""What agents are like, and how many of them."""

ODD_TEXTS = ("", "\0", "\u2028", "\ndata: {}\n\nid: 9", "é" * 300, '"}', "\r\n", "�")

Note = Callable[[str], None]
Prompted = Callable[[CodebaseId, bool], None]


class SimulatedAgent(ScriptedAgent):
    """One codebase's agent. `calm`: it only does what it was asked."""

    def __init__(self, codebase: CodebaseId, deliver: Deliver, clock: Clock, temper: Temper, agents: "Agents") -> None:
        super().__init__(codebase, deliver, clock, self.perform, temper)
        self._agents, self._report = agents, deliver

    async def prompt(self, prompt: Prompt) -> None:
        """See `Agent`."""
        self._agents.note(f"agent {self.codebase} prompted {prompt.message_id}")
        self._agents.prompted(self.codebase, self.trusted)
        if self.commands and self.run is None:
            self._agents.beside.append(f"{prompt.message_id} beside {sorted(self.commands)}")
        try:
            async with asyncio.timeout(SILENCE):
                await super().prompt(prompt)
        except TimeoutError:
            raise AgentError("It did not take the prompt.") from None

    async def perform(self, _agent: ScriptedAgent, prompt: Prompt) -> None:
        """Do with a prompt what the seed says."""
        chance = Random(f"{self._agents.seed} {prompt.message_id}")
        character = "works" if self._agents.calm else self._agents.character(chance)
        self._act(character)
        await self.pause(chance.random() * 2)
        if character == "works":
            await self._work(chance)
        elif character == "asks":
            await self._work(chance)
            await self._ask(chance)
            await self._work(chance)
        elif character == "inquires":
            await self.inquire({"question": "Which?", "options": [{"label": "one"}]})
            await self.pause(SILENCE)
        else:
            await self._misbehave(character, chance)

    async def answer(self, permission: AgentPermissionId, reply: Reply, message: str | None) -> None:
        """See `Agent`. As opencode does, it settles with one refusal or one `always` all else that it asks."""
        await super().answer(permission, reply, message)
        if self.run and reply != "once":
            for other in list(self.run.questions):
                await self._settle(other, reply, None, ours=False)

    async def _ask(self, chance: Random) -> None:
        asked = [await self.ask("bash", {"command": "make"}) for _ in range(chance.choice((1, 3, 3)))]
        for one in asked:
            reply = await self.reply_to(one)
            self._agents.settled[one] = reply
            self._act(f"was answered {reply}")

    async def _work(self, chance: Random) -> None:
        for _ in range(chance.randint(1, 5)):
            await self.pause(chance.random() * 1.5)
            self._act("does something")
            match chance.randrange(4):
                case 0:
                    seconds = chance.random() * 3
                    whole = AgentOutput(text="file\n" * chance.randint(10, 30)) if chance.random() < 0.3 else None
                    await self.run_command(seconds, failed=chance.random() < 0.2, whole=whole)
                    self._act("has done it")
                case 1:
                    await self.change_file(f"src/{chance.randrange(9)}.py", chance.choice(("create", "modify")))
                case _:
                    await self.say(chance.choice(("word", "more words", *ODD_TEXTS)))

    async def _misbehave(self, character: str, chance: Random) -> None:
        match character:
            case "floods":
                for _ in range(chance.randint(30, 120)):
                    self._act("says more")
                    await self.say("flood")
            case "hangs":
                await self.pause(SILENCE)
                raise RunFailed("The agent was at work and said nothing for too long.")
            case "dies":
                await self._work(chance)
                self._act("died")
                await self.die()
            case "babbles":
                for _ in range(chance.randint(2, 10)):
                    await self._babble(chance)
            case "dawdles":
                for _ in range(30):
                    await self.pause(chance.random() * 4)
                    self._act("says a little")
                    await self.say(".", "reasoning")
            case _:
                raise RunFailed("no tokens left")

    async def _babble(self, chance: Random) -> None:
        """Report what makes no sense: of other runs, of calls that never began, the same again."""
        if self.run is None:
            return
        self._act("babbles")
        session, other = self.run.session, SessionId("sess_of_nobody")
        asked = AgentPermissionId(f"per_{session}_{chance.randrange(2)}")
        nonsense: tuple[f.Fact, ...] = (
            f.RunEnded(session_id=other, answers=self.run.last),
            f.RunEnded(session_id=session, answers=MessageId("msg_of_nobody"), failure=Failure(code="X", error="?")),
            f.TextStreamed(session_id=other, kind="text", content="?", message_id="m", part_id="p"),
            f.ToolEnded(session_id=session, call_id=f"call_{session}", tool="?", status="error", output=""),
            f.PermissionSettled(session_id=session, agent_permission_id=asked, reply="always"),
            f.PermissionRequested(session_id=session, agent_permission_id=asked, tool="?", args={}),
            f.PromptTaken(session_id=session, message_id=self.run.last),
            f.SessionOpened(session_id=session, agent_session_id=AgentSessionId(f"ses_{session}"), model=None),
        )
        await self._report(tuple(chance.choices(nonsense, k=chance.randint(1, 3))))

    def _act(self, what: str) -> None:
        self._agents.act(f"agent {self.codebase} {what}")


class Agents:
    """An `AgentFactory`. `act` and `note` report what they do. `calm`: from now on they only do what they were asked.

    `beside`: prompts that came while a command of an earlier run was alive.
    `settled`: how what they asked was settled, as they took it. `prompted`: is called with each prompt, and the trust at that time.
    """

    def __init__(
        self, seed: int, clock: Clock, act: Note, note: Note, settled: dict[str, str], prompted: Prompted
    ) -> None:
        self.seed, self.act, self.note, self.prompted = seed, act, note, prompted
        self.calm = False
        self.beside: list[str] = []
        self.temper = Temper()
        self.settled = settled
        self._clock = clock
        self._made: list[SimulatedAgent] = []
        self._reporting: dict[int, float] = {}
        self._numbers = count(1)
        dealt = Random(f"{seed} characters")
        self._shares = [share * dealt.choice((0.3, 1, 1, 1, 10)) for share in CHARACTERS.values()]

    def character(self, chance: Random) -> str:
        """What an agent is like; in each world there are more of one kind than in others."""
        return chance.choices([*CHARACTERS], self._shares)[0]

    def __call__(self, codebase: CodebaseId, directory: str, *, trusted: bool, deliver: Deliver) -> SimulatedAgent:
        """See `AgentFactory`."""
        self._made = [agent for agent in self._made if agent.alive or agent.codebase != codebase]

        async def report(facts: tuple[f.Fact, ...]) -> bool | None:
            number = next(self._numbers)
            self._reporting[number] = self._clock.monotonic()
            try:
                return await deliver(facts)
            finally:
                del self._reporting[number]

        agent = SimulatedAgent(codebase, report, self._clock, self.temper, self)
        self._made.append(agent)
        return agent

    @property
    def waiting_since(self) -> float | None:
        """Since when the agent waits that has waited longest for what it reported to be taken, if one does."""
        return next(iter(self._reporting.values()), None)

    @property
    def alive(self) -> list[SimulatedAgent]:
        """Those that have a process."""
        return [agent for agent in self._made if agent.alive]

    @property
    def at_work(self) -> list[SimulatedAgent]:
        """Those that have a run."""
        return [agent for agent in self._made if agent.run]
