"""The agent's life over HTTP: every command in every phase, many at once, and reading what was written."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.service import API, LIMIT, Answer, Running, becomes, eventually, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.codebase.lifecycle_rules import VERBS, Phase, Verb, outcome, public_status
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web.errors import status_of

REQUESTS: dict[Verb, tuple[str, str, dict[str, str] | None]] = {
    c.Trigger: ("POST", "/trigger", {"prompt": "Another"}),
    c.SendMessage: ("POST", "/message", {"message": "More"}),
    c.Interrupt: ("POST", "/interrupt", None),
    c.Stop: ("POST", "/stop", None),
    c.Delete: ("DELETE", "", None),
}


class Stage:
    """A codebase, and the ways to bring its agent into each phase."""

    def __init__(self, api: Running, codebase: CodebaseId) -> None:
        self.api, self.codebase = api, codebase
        self.waiting: list[asyncio.Task[Answer]] = []

    async def send(self, verb: Verb) -> Answer:
        method, path, body = REQUESTS[verb]
        return await self.api.ask(method, f"/codebases/{self.codebase}{path}", body)

    async def must(self, verb: Verb) -> None:
        assert (await self.send(verb)).status == 200

    async def phase(self) -> Phase | None:
        agent = await (await self.api.service.current_views()).agents.get(self.codebase)
        return agent.phase if agent else None

    def unanswered(self) -> int:
        """How many commands the actor has accepted whose answer waits for the agent."""
        supervisor: Any = self.api.service.supervisor
        return sum(len(actor._callers._halting) for actor in supervisor._actors() if actor.codebase == self.codebase)

    async def begin(self, verb: Verb, leads_to: Phase) -> None:
        """Send a command whose answer has to wait, and wait for its phase."""
        self.waiting.append(asyncio.create_task(self.send(verb)))
        await becomes(self.phase, leads_to)

    async def reach(self, phase: Phase) -> None:
        if phase in (Phase.IDLE, Phase.DELETED):
            if phase is Phase.DELETED:
                await self.must(c.Delete)
            return
        if phase is Phase.WAITING:
            await self.fill_all_rooms()
        await self.must(c.Trigger)
        if phase is Phase.WAITING:
            return
        await self.api.agent_at_work(self.codebase)
        match phase:
            case Phase.INTERRUPTING:
                await self.begin(c.Interrupt, phase)
            case Phase.INTERRUPTED:
                await self.must(c.Interrupt)
            case Phase.STOPPING:
                await self.begin(c.Stop, phase)
            case Phase.DELETING:
                await self.begin(c.Delete, phase)
            case _:
                pass

    async def fill_all_rooms(self) -> None:
        for number in range(self.api.service.settings.max_agents):
            other = await self.api.register(f"other-{number}")
            await self.api.post(f"/codebases/{other}/trigger", {"prompt": "x"})
            await self.api.agent_at_work(other)


PHASES = [phase for phase in Phase if phase is not Phase.VOID]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.value)
async def test_every_command_in_every_phase(api: Running, phase: Phase, verb: Verb) -> None:
    """A command is refused exactly where the table of transitions refuses it; a refusal changes nothing."""
    stage = Stage(api, await api.register())
    with api.agents.slow_to_abort() as released:
        if phase is Phase.INTERRUPTED:
            api.agents.temper.abort_delay = 0
        await stage.reach(phase)
        head, at_work = api.service.store.head, len(api.agents.at_work)
        legal = outcome(phase, verb)
        sent = asyncio.create_task(stage.send(verb))
        if isinstance(legal, Phase):
            await eventually(lambda: sent.done() or stage.unanswered() > len(stage.waiting))
            released.set()
            assert (await sent).status == 200
        else:
            refused = await sent
            assert (refused.status, refused.body["code"]) == (status_of(legal), legal.code)
            assert refused.status == (404 if phase is Phase.DELETED else 409)
            assert (api.service.store.head, len(api.agents.at_work)) == (head, at_work)
            assert await stage.phase() == (None if phase is Phase.DELETED else phase)
            if phase is not Phase.DELETED:
                assert (await api.status(stage.codebase))["status"] == public_status(phase)
    assert {answer.status for answer in await asyncio.gather(*stage.waiting)} <= {200, 404}


async def test_fifty_triggers_at_once(api: Running) -> None:
    """Of fifty triggers at the same time, one starts a session, and forty-nine learn that the agent is running."""
    codebase = await api.register()
    answers = await asyncio.gather(
        *(api.ask("POST", f"/codebases/{codebase}/trigger", {"prompt": f"{n}"}) for n in range(50))
    )
    started = [answer for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status == 409]
    assert (len(started), len(refused)) == (1, 49)
    assert {answer.body["code"] for answer in refused} == {"agent_already_running"}
    assert (await api.status(codebase))["session_id"] == started[0].body["session_id"]
    assert (await api.service.projections.views.counts()).sessions == {"running": 1}
    await eventually(lambda: len(api.agents.at_work) == 1)
    assert len(api.agents.of(codebase).given) == 1


async def test_fifty_registrations_at_once(api: Running) -> None:
    """Of fifty registrations of one directory one is carried out, and the others name it."""
    body = {"name": "x", "path": str(api.directory("x"))}
    answers = await asyncio.gather(*(api.ask("POST", "/codebases", body) for _ in range(50)))
    (codebase,) = [answer.body["codebase"]["id"] for answer in answers if answer.status == 200]
    assert all(codebase in answer.body["detail"] for answer in answers if answer.status == 409)
    assert [listed["id"] for listed in await api.get("/codebases")] == [codebase]


async def test_fifty_stops_at_once(api: Running) -> None:
    """Concurrent stops return after the agent is gone, or say that there is nothing to stop."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})
    agent = await api.agent_at_work(codebase)
    answers = await asyncio.gather(*(api.ask("POST", f"/codebases/{codebase}/stop") for _ in range(50)))
    assert {answer.status for answer in answers} <= {200, 409}
    assert not agent.alive
    assert (await api.status(codebase))["status"] == "idle"


async def chatter(agent: ScriptedAgent, _prompt: Prompt) -> None:
    """The play of an agent that never stops talking."""
    while True:
        await agent.say("and so on, and on ")


async def test_reading_your_writes_under_load(api: Running) -> None:
    """Whatever other agents are saying, the next GET after an answer shows what it did."""
    api.agents.play = chatter
    for number in range(3):
        other = await api.register(f"talker-{number}")
        await api.post(f"/codebases/{other}/trigger", {"prompt": "Talk"})
    codebase = await api.register("quiet")
    for _ in range(25):
        session = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Talk too"}))["session_id"]
        status = await api.status(codebase)
        assert (status["status"], status["session_id"]) == ("running", session)
        await api.post(f"/codebases/{codebase}/interrupt")
        assert (await api.status(codebase))["status"] == "interrupted"
        await api.post(f"/codebases/{codebase}/message", {"message": "Go on"})
        assert (await api.status(codebase))["status"] == "running"
        await api.post(f"/codebases/{codebase}/stop")
        assert (await api.status(codebase))["status"] == "idle"
        before = (await api.get("/status"))["registered_codebases"]
        passing = await api.register("passing")
        assert (await api.get("/status"))["registered_codebases"] == before + 1
        assert passing in [listed["id"] for listed in await api.get("/codebases")]
        assert (await api.ask("DELETE", f"/codebases/{passing}")).status == 200
        assert passing not in [listed["id"] for listed in await api.get("/codebases")]


async def test_one_room_for_two(settings: Settings, tmp_path: Path) -> None:
    """With room for one agent a second trigger answers pending, and starts by itself when the first has ended."""
    only = settings.model_copy(update={"max_agents": 1})
    async with running(only, tmp_path / "home") as api:
        first, second = await api.register("first"), await api.register("second")
        await api.post(f"/codebases/{first}/trigger", {"prompt": "x"})
        answer = await api.post(f"/codebases/{second}/trigger", {"prompt": "y"})
        assert (answer["success"], answer["status"]) == (True, "pending")
        assert answer["message"] == "Agent is waiting for a free slot on codebase second"
        assert (await api.status(second))["status"] == "pending"
        await api.agent_at_work(first)
        assert [agent.codebase for agent in api.agents.at_work] == [first]
        await api.agents.of(first).end()
        agent = await api.agent_at_work(second)
        assert [prompt.text for prompt in agent.given] == ["y"]
        assert (await api.status(first))["status"] == "idle"
        assert (await api.status(second))["session_id"] == answer["session_id"]


async def test_a_caller_who_leaves(api: Running) -> None:
    """A command whose caller hangs up is carried out all the same, and once."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})
    await api.agent_at_work(codebase)
    stage = Stage(api, codebase)
    with api.agents.slow_to_abort():
        await stage.begin(c.Stop, Phase.STOPPING)
        stage.waiting[0].cancel()
    await becomes(stage.phase, Phase.IDLE)
    assert not api.agents.of(codebase).alive


async def test_the_stream_of_a_deleted_codebase(api: Running) -> None:
    """Who is connected gets everything to the deletion and the stream ends; who comes back after it finds nothing."""
    codebase = await api.register()
    session = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Start"}))["session_id"]
    streams = [f"/codebases/{codebase}/events?last_event_id=0", f"/codebases/{codebase}/events?session_id={session}"]
    ends = ("event: codebase", "event: complete")
    async with api.client.get(API + streams[0]) as whole, api.client.get(API + streams[1]) as part:
        assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
        async with asyncio.timeout(LIMIT):
            for followed, end in zip((whole, part), ends, strict=True):
                assert end in (await followed.text()).split("\n\n")[-2]
    for stream in streams:
        back = await api.ask("GET", stream, headers={"Last-Event-ID": "1"})
        assert (back.status, back.body["code"]) == (404, "codebase_not_found")
