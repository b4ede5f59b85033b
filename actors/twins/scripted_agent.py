"""An agent in memory, behind the port `Agent`, for tests and for trying things out.

It keeps the port's promises: one run at a time, facts in order, nothing after `abort` or `stop` has returned. What it
says comes from a play, a coroutine that is its run, or from a test that calls its methods one by one. Its `temper`
makes it slow, mute or unable. With a virtual clock it is deterministic.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal, TypeAlias

from ...domain.codebase import facts as f
from ...domain.codebase.effects import Prompt
from ...domain.errors import AgentError, AgentUnavailable, LedgerError
from ...domain.events import Answers, Json, PermissionKind, Reply
from ...domain.failure import Failure
from ...domain.file_trees import path_text
from ...domain.ids import (
    AgentPermissionId,
    AgentSessionId,
    CodebaseId,
    MessageId,
    SessionId,
)
from ...domain.ports import Clock, Deliver
from ...domain.whole_output import AgentOutput


@dataclass(kw_only=True)
class Temper:
    """How an agent behaves, whatever it says. Delays in seconds; may be changed at any time.

    `answers_missed`: how many of the next answers it fails to take.
    """

    start_delay: float = 0.0
    start_error: str | None = None
    prompt_error: str | None = None
    hangs_in_prompt: bool = False
    abort_delay: float = 0.0
    stop_delay: float = 0.0
    answers_missed: int = 0
    force_delay: float = 2.0
    """How long commands that outlive their run take to be ended by force."""


class RunFailed(Exception):
    """Raised by a play whose run shall end as failed; its text is the error's."""


@dataclass
class Run:
    """The work of an agent, from its first prompt to its end. `last`: the newest prompt that it was given."""

    session: SessionId
    last: MessageId
    prompts: list[Prompt]
    task: asyncio.Task[None] | None = None
    questions: dict[AgentPermissionId, asyncio.Future[Reply]] = field(
        default_factory=dict[AgentPermissionId, asyncio.Future[Reply]]
    )


class ScriptedAgent:
    """One codebase's agent. `given`: the prompts it took. `answers`, `question_answers`: the replies it got.

    `commands` are the calls whose commands run; one outlives its run until it is ended by force.
    """

    def __init__(self, codebase: CodebaseId, deliver: Deliver, clock: Clock, play: "Play", temper: Temper) -> None:
        self.codebase = codebase
        self.temper = temper
        self.given: list[Prompt] = []
        self.answers: list[tuple[AgentPermissionId, Reply, str | None]] = []
        self.question_answers: list[tuple[AgentPermissionId, Answers | None]] = []
        self.commands: set[str] = set()
        self.starts = 0
        self.trusted = False
        self.run: Run | None = None
        self._alive = False
        self._settled: dict[AgentPermissionId, Reply] = {}
        self._deliver, self._clock, self._play = deliver, clock, play
        self._numbers = count(1)
        self._speaking = asyncio.Lock()

    # --- the port -----------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """See `Agent`."""
        return self._alive

    def trust(self, trusted: bool) -> None:
        """See `Agent`."""
        self.trusted = trusted

    async def prompt(self, prompt: Prompt) -> None:
        """See `Agent`. During a run it steers; otherwise it begins one."""
        await self._start()
        if self.temper.hangs_in_prompt:
            await asyncio.get_running_loop().create_future()
        if self.temper.prompt_error:
            raise AgentError(self.temper.prompt_error)
        if self.run and self.run.session != prompt.session_id:
            raise AgentError("Another session's run is under way.")
        run = self.run
        if run is None:
            session = prompt.agent_session_id or AgentSessionId(f"ses_{prompt.session_id}")
            model = prompt.model or "test/model"
            opened = f.SessionOpened(session_id=prompt.session_id, agent_session_id=session, model=model)
            await self._say(opened)
        taken = f.PromptTaken(session_id=prompt.session_id, message_id=prompt.message_id)
        if await self._say(taken) is False or not self._alive:
            return
        self.given.append(prompt)
        if run := self.run:  # one that came to its end meanwhile did so without this prompt
            run.last = prompt.message_id
            run.prompts.append(prompt)
            return
        self.run = run = Run(prompt.session_id, prompt.message_id, [prompt])
        run.task = asyncio.create_task(self._perform(run))

    async def answer(self, permission: AgentPermissionId, reply: Reply, message: str | None) -> None:
        """See `Agent`."""
        self._listen()
        self.answers.append((permission, reply, message))
        await self._settle(permission, reply, None)

    async def answer_question(self, question: AgentPermissionId, answers: Answers | None) -> None:
        """See `Agent`."""
        self._listen()
        self.question_answers.append((question, answers))
        await self._settle(question, "reject" if answers is None else "once", answers)

    async def abort(self) -> None:
        """See `Agent`."""
        if self.temper.abort_delay:
            await self._clock.sleep(self.temper.abort_delay)
        await self._release_run()

    async def stop(self) -> None:
        """See `Agent`."""
        if self.temper.stop_delay and self._alive:
            await self._clock.sleep(self.temper.stop_delay)
        self._alive = False
        await self._release_run()

    # --- what it says and does, for plays and tests -----------------------------------------------------------------

    async def say(self, text: str, kind: Literal["text", "reasoning"] = "text") -> None:
        """Stream a piece of text."""
        if run := self.run:
            part = f"prt_{next(self._numbers)}"
            await self._say(
                f.TextStreamed(
                    session_id=run.session, kind=kind, content=text, message_id=f"{run.last}_a", part_id=part
                )
            )

    async def begin_tool(self, tool: str, args: Mapping[str, Json] | None = None) -> str:
        """Begin a tool call. Returns its id."""
        run = self.run
        call = f"call_{run.last if run else self.codebase}_{next(self._numbers)}"
        if run:
            await self._say(f.ToolStarted(session_id=run.session, call_id=call, tool=tool, args=args or {}))
        return call

    async def end_tool(
        self,
        call: str,
        tool: str,
        output: str = "",
        *,
        failed: bool = False,
        exit_code: int | None = None,
        whole: AgentOutput | None = None,
    ) -> None:
        """End a tool call. `exit_code`: of a command. `whole`: where there is more of its output."""
        if run := self.run:
            status: Literal["completed", "error"] = "error" if failed else "completed"
            await self._say(
                f.ToolEnded(
                    session_id=run.session,
                    call_id=call,
                    tool=tool,
                    status=status,
                    output=output,
                    title=tool,
                    exit_code=exit_code,
                    whole=whole,
                )
            )

    async def run_command(self, seconds: float, *, failed: bool = False, whole: AgentOutput | None = None) -> None:
        """Run a command for some time. It goes on if the run is aborted meanwhile."""
        call = await self.begin_tool("bash", {"command": "ls"})
        self.commands.add(call)
        await self._clock.sleep(seconds)
        self.commands.discard(call)
        await self.end_tool(call, "bash", "files", failed=failed, whole=whole)

    async def change_file(self, path: str, action: Literal["create", "modify", "delete"] = "create") -> None:
        """Change a file (in words only)."""
        if run := self.run:
            shown, encoding = path_text(os.fsencode(path))
            await self._say(f.FileChanged(session_id=run.session, action=action, path=shown, path_encoding=encoding))

    async def report(self, fact: f.Fact) -> None:
        """Say a fact that has no method of its own."""
        await self._say(fact)

    async def spend(self, tokens: Mapping[str, int], cost: float) -> None:
        """Use tokens and US dollars in one step of the model."""
        if run := self.run:
            await self._say(f.StepUsed(session_id=run.session, tokens=tokens, cost=cost))

    async def miss_files(self, reason: str) -> None:
        """Say that files changed that can't be named."""
        if run := self.run:
            await self._say(f.FilesUnknown(session_id=run.session, reason=reason))

    async def ask(
        self, tool: str, args: Mapping[str, Json] | None = None, kind: PermissionKind = "permission"
    ) -> AgentPermissionId:
        """Ask for permission to use a tool, without waiting for it."""
        run = self.run
        permission = AgentPermissionId(f"per_{run.last if run else self.codebase}_{next(self._numbers)}")
        command = (args or {}).get("command")
        if run:
            run.questions[permission] = asyncio.get_running_loop().create_future()
            await self._say(
                f.PermissionRequested(
                    session_id=run.session,
                    agent_permission_id=permission,
                    kind=kind,
                    tool=tool,
                    args=args or {},
                    patterns=("*",) if kind == "permission" else (),
                    always=(f"{command.split()[0]} *",) if isinstance(command, str) and command.strip() else (),
                )
            )
        return permission

    async def inquire(self, *questions: Json) -> AgentPermissionId:
        """Ask the user questions, without waiting for the answers."""
        return await self.ask("question", {"questions": list(questions)}, "question")

    async def leave_for(self, tool: str, args: Mapping[str, Json] | None = None) -> Reply:
        """Ask for permission to use a tool, and wait for the reply."""
        return await self.reply_to(await self.ask(tool, args))

    async def reply_to(self, permission: AgentPermissionId) -> Reply:
        """Wait for the reply to what was asked; what was withdrawn is refused."""
        run = self.run
        if run and permission in run.questions:
            return await run.questions[permission]
        return self._settled.get(permission, "reject")

    async def pause(self, seconds: float) -> None:
        """Think."""
        await self._clock.sleep(seconds)

    async def end(self, summary: str = "Done.", *, error: str = "") -> None:
        """End the run: completed, or failed if there is an error."""
        run, self.run = self.run, None
        if run is None:
            return
        failure = Failure(code=AgentError.code, error=error) if error else None
        ended = f.RunEnded(session_id=run.session, answers=run.last, failure=failure)
        await self._say(replace(ended, summary=summary))
        if run.task and run.task is not asyncio.current_task():
            run.task.cancel()

    async def die(self, reason: str = "killed by signal 9") -> None:
        """End by itself, in the middle of whatever it is at."""
        if self._alive:
            self._alive = False
            await self._release_run()
            await self._say(f.AgentDied(reason=reason))

    def vanish(self) -> None:
        """End without a report, as when the machine dies."""
        self._alive, self.run = False, None
        self.commands.clear()

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        if self._alive:
            return
        if self.temper.start_error:
            raise AgentUnavailable(self.temper.start_error)
        self._alive = True  # from here there is a process, though it does not answer yet
        self.starts += 1
        if self.temper.start_delay:
            await self._clock.sleep(self.temper.start_delay)

    async def _settle(
        self, asked: AgentPermissionId, reply: Reply, answers: Answers | None, *, ours: bool = True
    ) -> None:
        """Report the reply, then go on. Nothing happens if this is no longer asked."""
        question = self.run.questions.pop(asked, None) if self.run else None
        if self.run and question and not question.done():
            self._settled[asked] = reply
            await self._say(
                f.PermissionSettled(
                    session_id=self.run.session, agent_permission_id=asked, reply=reply, answers=answers, ours=ours
                )
            )
            if not question.done():
                question.set_result(reply)

    def _listen(self) -> None:
        if self.temper.answers_missed:
            self.temper.answers_missed -= 1
            raise AgentError("It did not listen.")

    async def _perform(self, run: Run) -> None:
        """Play the run. A prompt that comes meanwhile adds another act, unless the run has ended by then."""
        try:
            acts = 0
            while acts < len(run.prompts) and self.run is run:
                acts += 1
                await self._play(self, run.prompts[acts - 1])
        except RunFailed as failure:
            await self._end_of(run, error=str(failure))
        else:
            await self._end_of(run)

    async def _end_of(self, run: Run, *, error: str = "") -> None:
        if self.run is run:
            await self.end(error=error)

    async def _release_run(self) -> None:
        run, self.run = self.run, None
        if run and run.task and run.task is not asyncio.current_task():
            run.task.cancel()
            await asyncio.wait({run.task})
        if self.commands:
            await self._clock.sleep(self.temper.force_delay)
            self.commands.clear()
        async with self._speaking:
            pass  # whatever it says is delivered before this returns

    async def _say(self, fact: f.Fact) -> bool | None:
        async with self._speaking:
            with suppress(LedgerError):  # nobody listens any more; the actor's end stops this agent
                return await self._deliver((fact,))
        return False


Play: TypeAlias = Callable[[ScriptedAgent, Prompt], Awaitable[None]]
"""What an agent does with a prompt: returns when it is done, raises `RunFailed` if it can't."""


async def wait_for_cues(_agent: ScriptedAgent, _prompt: Prompt) -> None:
    """The play of an agent that a test leads: it does nothing by itself."""
    await asyncio.get_running_loop().create_future()


async def echo(agent: ScriptedAgent, prompt: Prompt) -> None:
    """The play of an agent that repeats its prompt and is done."""
    await agent.say(prompt.text)


class ScriptedAgents:
    """An `AgentFactory`. `made` are all the agents it ever made, in order."""

    def __init__(self, clock: Clock, play: Play = wait_for_cues, temper: Temper | None = None) -> None:
        self.temper = temper or Temper()
        self.made: list[ScriptedAgent] = []
        self.trusted: list[bool] = []
        self.directories: dict[CodebaseId, str] = {}
        self._clock, self._play = clock, play

    def __call__(self, codebase: CodebaseId, directory: str, *, trusted: bool, deliver: Deliver) -> ScriptedAgent:
        """See `AgentFactory`."""
        self.directories[codebase] = directory
        agent = ScriptedAgent(codebase, deliver, self._clock, self._play, self.temper)
        self.made.append(agent)
        self.trusted.append(trusted)
        return agent

    def of(self, codebase: CodebaseId) -> ScriptedAgent:
        """The newest agent of a codebase."""
        return next(agent for agent in reversed(self.made) if agent.codebase == codebase)

    @property
    def alive(self) -> list[ScriptedAgent]:
        """Those that have a process."""
        return [agent for agent in self.made if agent.alive]

    @property
    def at_work(self) -> list[ScriptedAgent]:
        """Those that have a run."""
        return [agent for agent in self.made if agent.run]
