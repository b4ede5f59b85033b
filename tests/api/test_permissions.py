"""What agents ask of people: the list of what waits, and every answer at every moment."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest
from tests.support.service import Answer, Running, becomes, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.events import Json
from opencode_ledger.domain.ids import CodebaseId, Position
from opencode_ledger.http.settings import Settings

ANSWERS: dict[str, dict[str, object]] = {
    "once": {"reply": "once"},
    "always": {"reply": "always"},
    "reject": {"reply": "reject"},
    "reject with words": {"reply": "reject", "message": "Use another file."},
}
QUESTION: Json = {
    "question": "Which database?",
    "header": "Database",
    "options": [{"label": "sqlite", "description": "a file"}, {"label": "postgres", "description": "a server"}],
}


class Asking:
    """A codebase whose agent is at work and asks."""

    def __init__(self, api: Running, codebase: CodebaseId, agent: ScriptedAgent, session: str, task: str) -> None:
        self.api, self.codebase, self.agent = api, codebase, agent
        self.session, self.task = session, task

    async def waiting(self, query: str = "") -> list[Any]:
        """What the service says that it waits for."""
        return list((await self.api.get(f"/codebases/{self.codebase}/permissions{query}"))["permissions"])

    async def asks(self, kind: str = "permission") -> str:
        """Have it ask; our id of that."""
        if kind == "question":
            return ours(await self.agent.inquire(QUESTION))
        return ours(await self.agent.ask("bash", {"command": "ls"}))

    async def reply(self, permission: str, body: object) -> Answer:
        """Answer it."""
        return await self.api.ask("POST", f"/codebases/{self.codebase}/permissions/{permission}", body)

    async def recorded(self) -> list[bytes]:
        """The log, as bytes."""
        return [event.data for event in await self.api.service.store.read_all(Position(0), 10_000)]


def ours(asked: str) -> str:
    """Our name for what the agent asks."""
    return f"perm_{asked.removeprefix('per_')}"


async def at_work(api: Running, name: str = "my-project", **config: object) -> Asking:
    """An agent at work."""
    codebase = await api.register(name, agent_config=config)
    started = await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Start"})
    agent = await api.agent_at_work(codebase)
    return Asking(api, codebase, agent, started["session_id"], started["task_id"])


@pytest.fixture
async def asking(api: Running) -> Asking:
    return await at_work(api)


async def test_the_list_of_what_waits(asking: Asking) -> None:
    """What waits is listed with what it is for, of which session and task, since when and until when."""
    assert await asking.waiting() == []
    permission = await asking.asks()
    (listed,) = await asking.waiting()
    times = [datetime.fromisoformat(listed.pop(name)) for name in ("asked_at", "expires_at")]
    assert (times[1] - times[0]).total_seconds() == 600
    assert listed == {
        "id": permission,
        "kind": "permission",
        "tool": "bash",
        "args": {"command": "ls"},
        "patterns": ["*"],
        "always": ["ls *"],
        "session_id": asking.session,
        "task_id": asking.task,
        **dict.fromkeys(("reply", "decided_by", "answered_at", "answered_by")),
    }


async def test_who_answered(asking: Asking) -> None:
    """What was answered is listed with how, when and by whom, newest first, of one codebase and of all; null is nobody."""
    api, path = asking.api, f"/codebases/{asking.codebase}/permissions?status="
    names = [await asking.asks() for _ in range(4)]
    for name, reply in zip(names, ("once", "always", "reject"), strict=False):
        assert (await asking.reply(name, {"reply": reply})).status == 200
    await asking.agent.end("Done.")
    answered = (await api.get(f"{path}answered"))["permissions"]
    assert [(one["id"], one["reply"], one["decided_by"], one["answered_by"]) for one in answered] == [
        (names[3], "reject", "interrupt", None),
        (names[2], "reject", "user", "local"),
        (names[1], "always", "user", "local"),
        (names[0], "once", "user", "local"),
    ]
    assert all(
        datetime.fromisoformat(one["answered_at"]) >= datetime.fromisoformat(one["asked_at"]) for one in answered
    )
    assert {(one["args"] == {}, one["patterns"] == [], one["tool"]) for one in answered} == {(True, True, "bash")}
    page = await api.get(f"{path}answered&limit=1&offset=2")
    assert (page["permissions"], page["total"]) == ([answered[2]], 4)
    everywhere = (await api.get("/permissions?status=answered"))["permissions"]
    assert everywhere == [{"codebase": {"id": asking.codebase, "name": "my-project"}, **one} for one in answered]
    assert (await api.get(f"{path}waiting"))["total"] == (await api.get("/permissions"))["total"] == 0
    for wrong in ("done", "", "answered&status=waiting"):
        refused = await api.ask("GET", f"{path}{wrong}")
        assert (refused.status, refused.body["code"]) == (400, "invalid_input")
    assert (await api.ask("DELETE", f"/codebases/{asking.codebase}")).status == 200
    assert (await api.get("/permissions?status=answered"))["total"] == 0


async def test_the_list_in_parts(asking: Asking) -> None:
    """The list is newest first, in parts by limit and offset, and says how many wait; other codebases have their own."""
    names = [await asking.asks() for _ in range(3)]
    assert [one["id"] for one in await asking.waiting()] == names[::-1]
    page = await asking.api.get(f"/codebases/{asking.codebase}/permissions?limit=1&offset=1")
    assert ([one["id"] for one in page["permissions"]], page["total"]) == ([names[1]], 3)
    assert (page["limit"], page["offset"]) == (1, 1)
    bad = await asking.api.ask("GET", f"/codebases/{asking.codebase}/permissions?limit=0")
    assert (bad.status, bad.body["code"]) == (400, "invalid_input")
    other = await at_work(asking.api, "other")
    assert await other.waiting() == []
    assert (await other.reply(names[0], {"reply": "once"})).body["code"] == "permission_not_found"
    unknown = await asking.api.ask("GET", "/codebases/cb_unknown/permissions")
    assert (unknown.status, unknown.body["code"]) == (404, "codebase_not_found")


@pytest.mark.parametrize("name", ANSWERS)
async def test_every_answer_reaches_the_agent_once(asking: Asking, name: str) -> None:
    """Each answer reaches the agent with its words; the same again is refused, and reaches nobody."""
    body = ANSWERS[name]
    permission = await asking.asks()
    assert (await asking.reply(permission, body)).status == 200
    assert await asking.waiting() == []
    again = await asking.reply(permission, body)
    assert (again.status, again.body["code"]) == (409, "permission_already_answered")
    assert f"{body['reply']}, by local, at 2" in again.body["detail"]
    assert [answer[1:] for answer in asking.agent.answers] == [(body["reply"], body.get("message"))]


@pytest.mark.parametrize("kind", ["permission", "question"])
@pytest.mark.parametrize("end", ["interrupt", "stop", "delete", "crash", "finish"])
async def test_nothing_is_answered_after_the_end(asking: Asking, end: str, kind: str) -> None:
    """Once the run is over, whatever ended it, what was asked waits no longer; a late answer changes nothing."""
    permission = await asking.asks(kind)
    match end:
        case "delete":
            assert (await asking.api.ask("DELETE", f"/codebases/{asking.codebase}")).status == 200
        case "crash":
            await asking.agent.die()
        case "finish":
            await asking.agent.end()
        case _:
            await asking.api.post(f"/codebases/{asking.codebase}/{end}")
    before = await asking.recorded()
    late = await asking.reply(permission, {"reply": "once", "answers": [["sqlite"]]})
    gone = (404, "codebase_not_found") if end == "delete" else (409, "permission_withdrawn")
    assert (late.status, late.body["code"]) == gone
    assert await asking.recorded() == before
    assert (asking.agent.answers, asking.agent.question_answers) == ([], [])
    if end != "delete":
        assert await asking.waiting() == []


async def test_an_answer_while_the_agent_stops(asking: Asking) -> None:
    """While an interrupt is under way what was asked counts as refused: a yes comes too late."""
    permission = await asking.asks()
    with asking.api.agents.slow_to_abort():
        interrupted = asyncio.create_task(asking.api.post(f"/codebases/{asking.codebase}/interrupt"))
        await becomes(asking.waiting, [])
        late = await asking.reply(permission, {"reply": "once"})
        assert (late.status, late.body["code"]) == (409, "permission_withdrawn")
    await interrupted
    assert asking.agent.answers == []


async def test_what_nobody_ever_asked(asking: Asking) -> None:
    """A permission that was never asked for is unknown, whether or not an agent is at work."""
    for _ in range(2):
        unknown = await asking.reply("perm_unknown", {"reply": "once"})
        assert (unknown.status, unknown.body["code"]) == (404, "permission_not_found")
        await asking.agent.end()


async def test_the_limit_of_time(tmp_path: Path) -> None:
    """What nobody answers within --permission-limit is rejected and recorded so, and then it is too late."""
    settings = Settings(data=tmp_path / "data", permission_limit=1)
    async with running(settings, tmp_path / "home") as api:
        asking = await at_work(api)
        for kind in ("permission", "question"):
            permission = await asking.asks(kind)
            await becomes(asking.waiting, [])
            late = await asking.reply(permission, {"reply": "once"})
            assert (late.status, late.body["code"]) == (409, "permission_expired")
        assert [answer[1:] for answer in asking.agent.answers] == [("reject", None)]
        assert [answers for _, answers in asking.agent.question_answers] == [None]


async def test_auto_approve_says_so(api: Running) -> None:
    """With auto_approve leave is given at once, a question is sent back with a word, and a late answer hears who did."""
    asking = await at_work(api, auto_approve=True)
    permission = await asking.asks()
    await becomes(asking.waiting, [])
    late = await asking.reply(permission, {"reply": "reject"})
    assert (late.status, late.body["code"]) == (409, "permission_already_answered")
    assert "once, by auto_approve" in late.body["detail"]
    question = await asking.asks("question")
    late = await asking.reply(question, {"reply": "once", "answers": [["sqlite"]]})
    assert "reject, by auto_approve" in late.body["detail"]
    await becomes(lambda: answered(asking), ["once"])
    assert asking.agent.question_answers[0][1] == (
        ("(Not answered.) Nobody is there to answer; decide for yourself.",),
    )


async def answered(asking: Asking) -> list[str]:
    """The message that the agent got."""
    return [reply for _, reply, _ in asking.agent.answers]


async def test_a_question_and_its_answers(asking: Asking) -> None:
    """A question is listed with its options; the answers must fit, and reach the agent as they are."""
    question = await asking.asks("question")
    (listed,) = await asking.waiting()
    assert (listed["kind"], listed["tool"], listed["args"]) == ("question", "question", {"questions": [QUESTION]})
    before = await asking.recorded()
    misfits: list[tuple[Any, str]] = [
        ({"reply": "once"}, "`answers` "),
        ({"reply": "once", "answers": []}, "`answers` "),
        ({"reply": "once", "answers": [["a"], ["b"]]}, "`answers` "),
        ({"reply": "once", "answers": [[]]}, "`answers` "),
        ({"reply": "once", "answers": [["sqlite", "postgres"]]}, "`answers.0` "),
        ({"reply": "once", "answers": ["sqlite"]}, "`answers.0` "),
        ({"reply": "once", "answers": [[" "]]}, "`answers.0.0` "),
        ({"reply": "always", "answers": [["sqlite"]]}, "`always` "),
        ({"reply": "reject", "answers": [["sqlite"]]}, "`answers` "),
    ]
    for body, field in misfits:
        refused = await asking.reply(question, body)
        assert (refused.status, refused.body["code"]) == (400, "invalid_input"), body
        assert refused.body["detail"].startswith(field), refused
    assert await asking.recorded() == before
    assert (await asking.reply(question, {"reply": "once", "answers": [["postgres"]]})).status == 200
    assert [answers for _, answers in asking.agent.question_answers] == [(("postgres",),)]
    assert asking.agent.answers == []


@pytest.mark.parametrize("first", ["always", "reject"])
async def test_what_the_agent_settled_itself(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, first: Literal["always", "reject"]
) -> None:
    """Of two answers at once the agent settles both with the first: the second is 409, and so it is on record; also again."""
    agent, (one, other) = asking.agent, [await asking.agent.ask("bash") for _ in range(2)]

    async def answer(_permission: str, _reply: str, _message: str | None) -> None:
        for asked, ours in ((one, True), (other, False)):
            await agent._settle(asked, first, None, ours=ours)  # pyright: ignore[reportPrivateUsage]

    monkeypatch.setattr(agent, "answer", answer)
    second = "reject" if first == "always" else "once"

    async def reply(asked: str, body: str) -> Answer:
        path = f"/codebases/{asking.codebase}/permissions/{ours(asked)}"
        return await asking.api.ask("POST", path, {"reply": body}, headers={"Idempotency-Key": f"key-{asked}"})

    for _ in range(2):
        taken, late = await asyncio.gather(reply(one, first), reply(other, second))
        assert (taken.status, late.status) == (200, 409)
        assert (late.body["code"], f"{first}, by agent" in late.body["detail"]) == ("permission_already_answered", True)
    events = [orjson.loads(data) for data in await asking.recorded()]
    replies = [(e["permission_id"], e["reply"], e["decided_by"]) for e in events if e.get("action") == "replied"]
    assert replies == [(ours(one), first, "user"), (ours(other), first, "agent")]


async def test_leave_takes_no_answers(asking: Asking) -> None:
    """Answers to what is no question are refused, and it waits on."""
    permission = await asking.asks()
    refused = await asking.reply(permission, {"reply": "once", "answers": [["yes"]]})
    assert (refused.status, refused.body["code"]) == (400, "invalid_input")
    assert len(await asking.waiting()) == 1


async def test_what_waits_everywhere(api: Running) -> None:
    """The requests of all codebases in one list, the nearest deadline first, each with its codebase as it is named now."""
    everywhere = "/permissions"
    assert await api.get(everywhere) == {"permissions": [], "total": 0, "limit": 50, "offset": 0}
    shop, bank = await at_work(api, "shop"), await at_work(api, "bank")
    asked = [(shop, await shop.asks()), (bank, await bank.asks("question")), (shop, await shop.asks())]
    await api.ask("PATCH", f"/codebases/{bank.codebase}", {"name": "the bank"})
    listed = (await api.get(everywhere))["permissions"]
    names = {shop.codebase: "shop", bank.codebase: "the bank"}
    assert [(one["codebase"], one["id"]) for one in listed] == [
        ({"id": asking.codebase, "name": names[asking.codebase]}, permission) for asking, permission in asked
    ]
    assert sorted(one["expires_at"] for one in listed) == [one["expires_at"] for one in listed]
    own = await shop.waiting() + await bank.waiting()
    assert sorted(own, key=str) == sorted(({k: one[k] for k in one if k != "codebase"} for one in listed), key=str)
    part = await api.get(f"{everywhere}?limit=1&offset=1")
    assert (part["permissions"], part["total"]) == (listed[1:2], 3)
    assert (await api.get(f"{everywhere}?offset=3"))["total"] == 3
    assert (await shop.reply(asked[0][1], ANSWERS["once"])).status == 200
    await api.ask("DELETE", f"/codebases/{bank.codebase}")
    assert [one["id"] for one in (await api.get(everywhere))["permissions"]] == [asked[2][1]]
