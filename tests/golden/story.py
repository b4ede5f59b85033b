"""The story of a golden log: a day with three codebases in which every kind of event is recorded, also a crash and its repair.

At its end all is at rest, so that a server that starts on it records nothing by itself.
"""

import asyncio
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import time
from typing import Any

from aiohttp import ClientSession
from tests.support.service import API, Running, StandInAgents, becomes, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.callers import OwnAgent
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.ids import AgentSessionId, CodebaseId
from opencode_ledger.domain.ports import Deliver
from opencode_ledger.domain.whole_output import AgentOutput
from opencode_ledger.http.cli.erase import erase
from opencode_ledger.http.offline.backup import back_up
from opencode_ledger.http.settings import Settings

TOKENS = {name: f"the-token-of-{name}-for-the-story" for name in ("anna", "gateway")}
HEADER = "X-Forwarded-User"

QUESTION: dict[str, Any] = {
    "question": "Which database?",
    "header": "Database",
    "options": [{"label": "sqlite", "description": "a file"}, {"label": "postgres", "description": "a server"}],
}


class NamingAgents(StandInAgents):
    """Agents that report their id for each prompt, so that a session that others continued is recognised."""

    def __call__(self, codebase: CodebaseId, directory: str, *, trusted: bool, deliver: Deliver) -> ScriptedAgent:
        async def named(facts: tuple[f.Fact, ...]) -> bool | None:
            return await deliver(tuple(map(_named, facts)))

        return super().__call__(codebase, directory, trusted=trusted, deliver=named)


def _named(fact: f.Fact) -> f.Fact:
    return replace(fact, agent_message_id=f"{fact.message_id}_theirs") if isinstance(fact, f.PromptTaken) else fact


async def play(home: Path, place: Path) -> Path:
    """Let it happen, in codebases below `home`; the data directory that it leaves, which is below `place`."""
    before, after = place / "before", place / "after"
    # The first day has people with names, and the night a server without tokens.
    tokens = Settings(data=before, max_agents=1, token_file=_tokens(place), trusted_user_header=HEADER)
    async with running(tokens, home, agents=NamingAgents(), token=TOKENS["anna"]) as api:
        shop = await api.register("shop", description="Sells things — ünïcode 🛒", worker_id="worker-1")
        await _long_session(api, shop)
        await _turns(api, shop)
        await _held(api, shop)
        await _changed(api, shop)
        await _others_worked(api, shop)
        letters = await _deleted(api)
        await _read(api, shop)
        await api.post(f"/codebases/{shop}/trigger", {"prompt": "Work through the night"})
        agent = await api.agent_at_work(shop)
        await agent.begin_tool("bash", {"command": "sleep 1000"})
        await agent.ask("edit", {"filepath": "night.txt"})
        back_up(before, after, lambda _done, _of: None)  # as a crash leaves it: in the middle of that
    await asyncio.to_thread(erase, session=letters, reason="They were private.", by="ann", yes=True, data=after)
    async with running(Settings(data=after, max_agents=1), home, agents=NamingAgents()) as api:
        await _after_the_crash(api, shop)
    return after


async def _long_session(api: Running, shop: CodebaseId) -> None:
    """Everything that an agent can say in one session, while another codebase waits for room."""
    body = {"prompt": "Build the cart\nwith tests", "agent": "build", "model": "test/model", "metadata": {"ticket": 7}}
    await api.ask("POST", f"/codebases/{shop}/trigger", body, headers={"Idempotency-Key": "golden-1"})
    agent = await api.agent_at_work(shop)
    warehouse = await api.register("warehouse", agent_config={"auto_approve": True, "default_model": "test/other"})
    await api.post(f"/codebases/{warehouse}/trigger", {"prompt": "Count the boxes", "agent": "plan"})
    await agent.say("Where do I begin? ", "reasoning")
    await agent.say("I'll begin with the model.\n")
    for number in range(110):  # more events than one tile of the tree holds
        await agent.say(f"{number} ")
    await agent.say("Then the tests: <b>“äöü”</b>\u2028 and a tab\t.")
    call = await agent.begin_tool("bash", {"command": "ls", "n": 1, "deep": {"x": [1.5, True, None]}})
    # Where the agent's file of all that was printed isn't one: what is kept beside the log isn't part of a golden log.
    await agent.end_tool(call, "bash", "cart.py\n", exit_code=0, whole=AgentOutput(path="/elsewhere"))
    await agent.end_tool(
        await agent.begin_tool("read", {"filePath": "no.py"}), "read", "There is no no.py.", failed=True
    )
    for change in ("create", "modify", "delete"):
        await agent.change_file("cart.py", change)
    await agent.change_file("100%\udcff\n.txt")
    assert agent.run is not None
    for compared in (
        f.FileCompared(
            session_id=agent.run.session, path="cart.py", action="delete", deletions=1, diff="@@ -1 +0,0 @@\n-a\n"
        ),
        f.FileCompared(session_id=agent.run.session, path="logo.png", action="create", missing="binary_or_empty"),
    ):
        await agent._say(compared)  # pyright: ignore[reportPrivateUsage]
    await agent.miss_files("2 more files changed than are named here: build (2).")
    await api.post(f"/codebases/{shop}/message", {"message": "Use decimals for prices."})
    for reply in ({"reply": "once"}, {"reply": "always"}, {"reply": "reject", "message": "Not that file."}):
        await _answer(api, shop, await agent.ask("edit", {"filepath": "cart.py"}), reply)
    await _answer(api, shop, await agent.inquire(QUESTION), {"reply": "once", "answers": [["sqlite"]]})
    await _report(agent)
    await agent.end("The cart is built.")
    helper = await api.agent_at_work(warehouse)
    await helper.ask("bash", {"command": "wc -l boxes"})
    waiting = f"/codebases/{warehouse}/permissions"
    await becomes(lambda: api.get(waiting), {"permissions": [], "total": 0, "limit": 50, "offset": 0})
    await helper.end(error="The provider is overloaded.")
    await becomes(lambda: _state(api, warehouse), "idle")


async def _report(agent: ScriptedAgent) -> None:
    run = agent.run
    assert run is not None
    helper = AgentSessionId("ses_helper")
    tokens = {"input": 1200, "output": 340, "reasoning": 50, "cache_read": 7, "cache_write": 3}
    for fact in (
        f.TextStreamed(session_id=run.session, kind="text", content="H", message_id="m", part_id="p", subagent=helper),
        f.TextStreamed(session_id=run.session, kind="text", content="Ho", message_id="m", part_id="p", replaces=True),
        f.RetryScheduled(session_id=run.session, attempt=2, reason="rate limited", delay=1.5),
        f.StepUsed(session_id=run.session, tokens=tokens, cost=0.0125),
        f.StepUsed(session_id=run.session, tokens={"input": 1, "output": 2}, cost=0.0, subagent=helper),
    ):
        await agent._say(fact)  # pyright: ignore[reportPrivateUsage]


def _tokens(place: Path) -> Path:
    file = place / "tokens"
    file.write_text(f"anna = all: {TOKENS['anna']}\ngateway = read, operate, audit, proxy: {TOKENS['gateway']}\n")
    file.chmod(0o600)
    return file


async def _read(api: Running, shop: CodebaseId) -> None:
    """Somebody reads the log, for whom a proxy vouches."""
    sent = {"Authorization": f"Bearer {TOKENS['gateway']}", HEADER: "ben@example.org"}
    for address in (f"/codebases/{shop}/log/export", f"/codebases/{shop}/log/outputs", "/events"):
        async with api.client.get(API + address, headers=sent) as answer:
            assert answer.status == 200


async def _turns_to_the_service(api: Running, shop: CodebaseId) -> None:
    """The agent asks the service for something, over a connection that is known as its own."""
    api.agents.callers = [OwnAgent(shop, "curl")]
    async with ClientSession(f"http://127.0.0.1:{api.port}") as client, client.delete("/v1/opencode/codebases/x"):
        api.agents.callers = []


async def _answer(api: Running, shop: CodebaseId, asked: str, reply: object) -> None:
    await api.post(f"/codebases/{shop}/permissions/perm_{asked.removeprefix('per_')}", reply)


async def _turns(api: Running, shop: CodebaseId) -> None:
    """A queue; then sessions that are interrupted, resumed, stopped, and whose agent dies."""
    tasks: list[Any] = []
    for n in range(3):
        task = {"title": f"Task {n}", "prompt": f"Do {n}", "priority": n}
        tasks.append(await api.post(f"/codebases/{shop}/tasks", task))
        await api.agent_at_work(shop)
    first = api.agents.of(shop)
    _, second, third = (task["task"]["id"] for task in tasks)
    for task, change in (
        (second, {"position": {"before": third}}),
        (third, {"title": "Task two", "prompt": "Do 2 well", "priority": 1}),
    ):
        assert (await api.ask("PATCH", f"/tasks/{task}", change)).status == 200
    await api.post(f"/tasks/{second}/cancel")
    again = await api.post(f"/tasks/{second}/retry")
    await api.post(f"/tasks/{again['task']['id']}/cancel")
    await first.begin_tool("grep", {"pattern": "price"})
    await api.post(f"/codebases/{shop}/interrupt")
    await api.post(f"/codebases/{shop}/message", {"message": "Go on.", "agent": "explore"})
    await (await api.agent_at_work(shop)).end("Task done.")
    await api.agent_at_work(shop)
    await api.post(f"/codebases/{shop}/stop")
    await api.post(f"/codebases/{shop}/trigger", {"prompt": "A short life"})
    await (await api.agent_at_work(shop)).die()
    await becomes(lambda: _state(api, shop), "interrupted")
    await api.post(f"/codebases/{shop}/stop")


async def _held(api: Running, shop: CodebaseId) -> None:
    """A task waits for its directory to come back."""
    place = api.directory("shop")
    away = place.rename(place.with_name("away"))
    task = await api.post(f"/codebases/{shop}/tasks", {"title": "Sweep", "prompt": "Sweep the floor"})
    await becomes(lambda: _member(api, task["task"]["id"], "reason"), "directory_gone")
    away.rename(place)
    await (await api.agent_at_work(shop)).end("Swept.")
    await becomes(lambda: _member(api, task["task"]["id"], "status"), "completed")


async def _changed(api: Running, shop: CodebaseId) -> None:
    """What is known of a codebase changes, and its name changes back."""
    for change in ({"name": "store", "description": "", "agent_config": {"trusted": True}}, {"name": "shop"}):
        assert (await api.ask("PATCH", f"/codebases/{shop}", change)).status == 200


async def _member(api: Running, task: str, name: str) -> object:
    return (await api.get(f"/tasks/{task}")).get(name)


async def _others_worked(api: Running, shop: CodebaseId) -> None:
    """Sessions made at a terminal are imported; one of ours that went on there is extended."""
    histories, directory = api.agents.histories, str(api.directory("shop"))
    ours = (await api.get(f"/codebases/{shop}/sessions"))["sessions"][-1]["id"]
    # Later than all that is on record.
    histories._moments = count(int(time() * 1000) + 1000, 1000)  # pyright: ignore[reportPrivateUsage]
    for name in ("ses_terminal", f"ses_{ours}"):
        histories.begin(name, directory, title="At the terminal")
        histories.prompt(name, "What is this?")
        answer = histories.answer(name, "A shop.")
        histories.call(
            name, answer, "call_1", "bash", status="completed", input={"command": "ls"}, output="x", title="t"
        )
        whole = {"truncated": True, "outputPath": "/gone/tool-output/tool_1"}
        histories.call(name, answer, "call_2", "bash", status="completed", input={}, output="...", metadata=whole)
        histories.finish(name, answer)
    histories.begin("ses_open", directory, title="Still at it")
    histories.prompt("ses_open", "Go on")
    histories.answer("ses_open", "I am", finished=False)
    histories.made["ses_open"].messages.insert(1, histories.made["ses_open"].messages[0])
    await api.post(f"/codebases/{shop}/sessions/sync")


async def _deleted(api: Running) -> str:
    """A codebase is deleted while its agent is at work in this session."""
    attic = await api.register("attic")
    session = (await api.post(f"/codebases/{attic}/trigger", {"prompt": "Tidy up the letters"}))["session_id"]
    await (await api.agent_at_work(attic)).say("Wh")
    with api.agents.slow_to_abort() as released:
        released.set()
        assert (await api.ask("DELETE", f"/codebases/{attic}")).status == 200
    return str(session)


async def _after_the_crash(api: Running, shop: CodebaseId) -> None:
    """The session is found interrupted, and goes on; at last one is kept for a message, with a task behind it."""
    await _turns_to_the_service(api, shop)
    assert await _state(api, shop) == "interrupted"
    await api.post(f"/codebases/{shop}/message", {"message": "Good morning."})
    await (await api.agent_at_work(shop)).end("The night is over.")
    await api.post(f"/codebases/{shop}/trigger", {"prompt": "The last one"})
    await (await api.agent_at_work(shop)).say("I was about to")
    await api.post(f"/codebases/{shop}/tasks", {"title": "Later", "prompt": "When there is time"})
    await api.post(f"/codebases/{shop}/interrupt")


async def _state(api: Running, codebase: CodebaseId) -> object:
    return (await api.status(codebase))["status"]
