"""Sessions and their messages over HTTP: the document's answers, and what is refused."""

import pytest
from tests.api.test_document import Id, Moment
from tests.support.service import Running, becomes

from opencode_ledger.domain.ids import CodebaseId

MODEL = "anthropic/claude-sonnet-4-20250514"
PROMPT = "Add unit tests for authentication"


async def session_of(api: Running, codebase: CodebaseId, prompt: str = PROMPT) -> str:
    """A session that was triggered and whose agent is at work; its id."""
    answer = await api.post(f"/codebases/{codebase}/trigger", {"prompt": prompt, "model": MODEL})
    await api.agent_at_work(codebase)
    session: str = answer["session_id"]
    return session


async def test_sessions(api: Running) -> None:
    """A codebase's sessions are listed newest first with the document's fields, and what they cost."""
    codebase = await api.register()
    first = await session_of(api, codebase)
    agent = api.agents.of(codebase)
    await agent.say("Looking")
    await agent.end()
    second = await session_of(api, codebase, "Another")
    listed = await api.get(f"/codebases/{codebase}/sessions")
    assert {name: listed[name] for name in ("total", "limit", "offset")} == {"total": 2, "limit": 50, "offset": 0}
    newest, oldest = listed["sessions"]
    assert oldest == {
        "id": first,
        "codebase_id": codebase,
        "started_at": Moment(),
        "ended_at": Moment(),
        "status": "completed",
        "model": MODEL,
        "prompt": PROMPT,
        "messages_count": 2,
        "agent": "build",
        "task_id": Id("task"),
        "tokens": {},
        "cost": 0,
        "by": "local",
    }
    assert (newest["id"], newest["status"], newest["ended_at"]) == (second, "running", None)


async def test_messages(api: Running) -> None:
    """A session's messages come in order with role, content and time, as many as the session counts."""
    codebase = await api.register()
    session = await session_of(api, codebase)
    agent = api.agents.of(codebase)
    await agent.say("I'll analyze ")
    await agent.say("Hm", "reasoning")
    await agent.say("the module")
    call = await agent.begin_tool("bash", {"command": "ls"})
    await agent.end_tool(call, "bash", "a.py")
    messages = (await api.get(f"/codebases/{codebase}/messages?session_id={session}"))["messages"]
    assert messages == [
        {"id": Id("msg"), "role": "user", "content": PROMPT, "timestamp": Moment(), "model": MODEL, "by": "local"},
        {
            "id": messages[1]["id"],
            "role": "assistant",
            "content": "I'll analyze the module",
            "timestamp": Moment(),
            "model": MODEL,
            "reasoning": "Hm",
            "tools": [
                {"tool": "bash", "args": {"command": "ls"}, "call_id": call, "status": "completed", "output": "a.py"}
            ],
        },
    ]
    (listed,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert listed["messages_count"] == len(messages)


async def test_a_secret_cut_over_two_parts_of_a_message(api: Running) -> None:
    """Two halves of a secret in two parts of a message are recorded, but masked where the parts are joined."""
    api.service.secrets.learn("test", ["the-secret-of-the-house"])
    codebase = await api.register()
    session = await session_of(api, codebase)
    agent = api.agents.of(codebase)
    await agent.say("It is the-sec")
    await agent.say("Hm the-secret-", "reasoning")
    await agent.say("ret-of-the-house.")
    await agent.say("of-the-house", "reasoning")
    _, said = (await api.get(f"/codebases/{codebase}/messages?session_id={session}"))["messages"]
    assert (said["content"], said["reasoning"]) == ("It is [secret].", "Hm [secret]")


async def test_messages_of_one_session_alone(api: Running) -> None:
    """Each session lists only its own messages, and a long session lists all of them."""
    codebase = await api.register()
    sessions = [await session_of(api, codebase, "first")]
    agent = api.agents.of(codebase)
    for number in range(1200):  # more events than are read at once
        await agent.say(f"{number} ")
    await agent.end()
    sessions.append(await session_of(api, codebase, "second"))
    first, second = [
        (await api.get(f"/codebases/{codebase}/messages?session_id={session}"))["messages"] for session in sessions
    ]
    assert [message["content"] for message in first] == ["first", "".join(f"{n} " for n in range(1200))]
    assert [message["content"] for message in second] == ["second"]


async def test_reading_your_writes(api: Running) -> None:
    """What was sent is among the messages, the sessions and the tasks as soon as it was answered."""
    codebase = await api.register()
    session = await session_of(api, codebase)
    for number in range(20):
        await api.post(f"/codebases/{codebase}/message", {"message": f"{number}"})
        listed = await api.get(f"/codebases/{codebase}/messages?session_id={session}")
        assert listed["messages"][-1]["content"] == f"{number}"
        (listed,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
        assert listed["messages_count"] == number + 2
    await api.post(f"/codebases/{codebase}/stop")
    (listed,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert (listed["status"], listed["ended_at"]) == ("stopped", Moment())


async def test_pages(api: Running) -> None:
    """Limit and offset cut a page from the list, and the total stays the whole."""
    codebase = await api.register()
    sessions: list[str] = []
    for number in range(3):
        sessions.insert(0, await session_of(api, codebase, f"{number}"))
        await api.post(f"/codebases/{codebase}/stop")
    for limit, offset in [(1, 0), (1, 1), (2, 1), (500, 0), (1, 3), (50, 999)]:
        page = await api.get(f"/codebases/{codebase}/sessions?limit={limit}&offset={offset}")
        assert [session["id"] for session in page["sessions"]] == sessions[offset : offset + limit]
        assert (page["total"], page["limit"], page["offset"]) == (3, limit, offset)


async def test_parts_of_the_messages(api: Running) -> None:
    """Limit and offset cut a part from a session's messages, which is all of them without a limit; the total stays the whole."""
    codebase = await api.register()
    session = await session_of(api, codebase, "0")
    for number in range(1, 60):
        await api.post(f"/codebases/{codebase}/message", {"message": f"{number}"})
    said = [f"{number}" for number in range(60)]
    for limit, offset in [
        (None, 0),
        (None, 58),
        (1, 0),
        (1, 59),
        (2, 59),
        (500, 0),
        (50, 50),
        (1, 60),
        (7, 10**15 - 1),
    ]:
        query = f"session_id={session}&offset={offset}" + ("" if limit is None else f"&limit={limit}")
        part = await api.get(f"/codebases/{codebase}/messages?{query}")
        expected = said[offset:] if limit is None else said[offset : offset + limit]
        assert [message["content"] for message in part["messages"]] == expected
        assert (part["total"], part["limit"], part["offset"]) == (60, limit, offset)


BAD_PAGES = [
    *(f"limit={bad}" for bad in ("0", "501", "-1", "", "1.0", "%D9%A3", "true")),
    *(f"offset={bad}" for bad in ("-1", "", "x", "9" * 16)),
    "offset=1&offset=2",
]


@pytest.mark.parametrize("query", BAD_PAGES)
async def test_bad_pages(api: Running, query: str) -> None:
    """A limit outside 1 to 500, or an offset that is no number, is 400, also for messages."""
    codebase = await api.register()
    for part in ("sessions?", "messages?session_id=sess_none&"):
        answer = await api.ask("GET", f"/codebases/{codebase}/{part}{query}")
        assert (answer.status, answer.body["code"]) == (400, "invalid_input")


async def test_whose_messages(api: Running, subtests: pytest.Subtests) -> None:
    """Without a session's name messages are 400; of a session that the codebase doesn't have, 404."""
    codebase, other = await api.register("one"), await api.register("other")
    foreign = await session_of(api, other)
    cases = [
        ("", 400, "invalid_input"),
        ("?session_id=", 400, "invalid_input"),
        ("?session=x", 400, "invalid_input"),
        (f"?session_id={foreign}&session_id={foreign}", 400, "invalid_input"),
        (f"?session_id={foreign}", 404, "session_not_found"),
        *((f"?session_id={bad}", 404, "session_not_found") for bad in ("sess_none", "%00", "%FF", "%ED%A0%80")),
    ]
    for query, status, code in cases:
        with subtests.test(query):
            answer = await api.ask("GET", f"/codebases/{codebase}/messages{query}")
            assert (answer.status, answer.body["code"]) == (status, code)
    for path in ("sessions", f"messages?session_id={foreign}"):
        unknown = await api.ask("GET", f"/codebases/cb_none/{path}")
        assert (unknown.status, unknown.body["code"]) == (404, "codebase_not_found")


async def test_a_session_interrupted_and_gone(api: Running) -> None:
    """An interrupted session is shown as such; with a deleted codebase its sessions are gone."""
    codebase = await api.register()
    session = await session_of(api, codebase)
    await api.post(f"/codebases/{codebase}/interrupt")

    async def status() -> object:
        return (await api.get(f"/codebases/{codebase}/sessions"))["sessions"][0]["status"]

    await becomes(status, "interrupted")
    assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
    for path in ("sessions", f"messages?session_id={session}"):
        assert (await api.ask("GET", f"/codebases/{codebase}/{path}")).status == 404
