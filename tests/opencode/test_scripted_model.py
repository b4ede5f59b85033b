"""The scripted model answers as its script says, so that what is tested against it can be trusted."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

import aiohttp
import pytest
from scripts.scripted_model import (
    Call,
    Cut,
    Fail,
    Hang,
    Item,
    Say,
    ScriptedModel,
    Think,
    Wait,
    opencode_config,
    parse_directives,
    when,
)

Chat = list[dict[str, object]]


def user(text: str) -> dict[str, object]:
    return {"role": "user", "content": text}


def called(tool: str = "bash") -> Chat:
    call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": "{}"}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "ok"},
    ]


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel() as model:
        yield model


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def post(
    http: aiohttp.ClientSession, model: ScriptedModel, messages: Chat, *, stream: bool = True, session: str = "s"
) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
    body = {"model": "stub-1", "stream": stream, "messages": messages}
    return http.post(f"{model.base_url}/chat/completions", json=body, headers={"x-session-affinity": session})


async def answer(http: aiohttp.ClientSession, model: ScriptedModel, *messages: dict[str, object]) -> str:
    """Ask without a stream: the text, or the called tool with its arguments."""
    async with post(http, model, list(messages), stream=False) as response:
        body = await response.json()
    if "error" in body:
        return f"error {response.status}"
    message = body["choices"][0]["message"]
    calls = [f"{c['function']['name']} {c['function']['arguments']}" for c in message.get("tool_calls", [])]
    return str(message["content"]) + "".join(calls)


async def frames(response: aiohttp.ClientResponse) -> list[str]:
    text = (await response.read()).decode()
    return [frame.removeprefix("data: ") for frame in text.split("\n\n") if frame]


async def test_text_is_streamed_word_by_word(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """A streamed answer arrives in pieces that join to the text, with finish reason, usage and an end mark."""
    async with post(http, model, [user("say: Hello  there, world")]) as response:
        *chunks, end = await frames(response)
    parsed = [json.loads(chunk) for chunk in chunks]
    deltas = [choice["delta"] for chunk in parsed for choice in chunk["choices"]]
    assert [delta.get("content") for delta in deltas] == [None, "Hello  ", "there, ", "world", None]
    assert parsed[-2]["choices"][0]["finish_reason"] == "stop"
    assert parsed[-1]["usage"]["completion_tokens"] == 3
    assert end == "[DONE]"


async def test_reasoning_and_tool_calls_are_streamed(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """Thoughts come as reasoning and several calls of one step come under their own indexes."""
    model.rules = [when("go", [(Think("hm"), Call("read", filePath="a"), Call("read", filePath="b"))])]
    async with post(http, model, [user("go")]) as response:
        *chunks, _ = await frames(response)
    deltas = [choice["delta"] for chunk in map(json.loads, chunks) for choice in chunk["choices"]]
    assert {"reasoning_content": "hm"} in deltas
    starts = [call for delta in deltas for call in delta.get("tool_calls", []) if "id" in call]
    assert [call["index"] for call in starts] == [0, 1]
    assert starts[0]["id"] != starts[1]["id"]


async def test_each_request_takes_the_next_step(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """The conversation itself says which step of the script comes next; after the last one the model is done."""
    model.rules = [when("build", [Say("I start. "), Call("bash", command="make"), Say("Built.")])]
    asked = user("please build it")
    assert await answer(http, model, asked) == 'I start. bash {"command": "make"}'
    assert await answer(http, model, asked, *called()) == "Built."
    assert await answer(http, model, asked, *called(), *called()) == "Done."
    assert await answer(http, model, asked) == 'I start. bash {"command": "make"}'


async def test_a_follow_up_in_mid_run_takes_over(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """A follow-up that has a script is answered by it; one without lets the run go on."""
    model.rules = [when("build", [Call("bash"), Say("Built.")]), when("use tabs", [Say("Tabs it is.")])]
    run = [user("build"), *called()]
    assert await answer(http, model, *run, user("<note>use tabs</note>")) == "Tabs it is."
    assert await answer(http, model, *run, user("thank you")) == "Built."


async def test_a_finished_run_does_not_answer_the_next_prompt(
    model: ScriptedModel, http: aiohttp.ClientSession
) -> None:
    """A prompt after a finished run is on its own."""
    done: dict[str, object] = {"role": "assistant", "content": "Hi."}
    assert await answer(http, model, user("say: Hi."), done, user("and now?")) == "There is no script for this prompt."


async def test_failures_are_counted_per_session(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """A failure is used up by retries of the same conversation, and another session meets it afresh."""
    model.rules = [when("go", [Fail(429, headers={"Retry-After": "1"}), Fail(500, times=2), Say("At last.")])]
    seen: list[tuple[str, int]] = []
    for session in ("one", "one", "two", "one", "one"):
        async with post(http, model, [user("go")], session=session) as response:
            seen.append((session, response.status))
            assert response.status != 429 or response.headers["Retry-After"] == "1"
    assert seen == [("one", 429), ("one", 500), ("two", 429), ("one", 500), ("one", 200)]


async def test_an_error_after_text_comes_within_the_stream(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """A failure after text can no longer be a status: the stream ends with an error."""
    model.rules = [when("go", [Say("half "), Fail(500, "broken")])]
    async with post(http, model, [user("go")]) as response:
        assert json.loads((await frames(response))[-1])["error"]["message"] == "broken"


async def test_a_cut_breaks_the_connection(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """A cut connection ends without the end of the answer, and the next attempt goes on."""
    model.rules = [when("go", [Say("half"), Cut(), Say("whole")])]
    with pytest.raises(aiohttp.ClientError):
        async with post(http, model, [user("go")]) as response:
            await response.read()
    async with post(http, model, [user("go")]) as response:
        assert "whole" in (await response.text())


async def test_a_hang_ends_with_the_server(http: aiohttp.ClientSession) -> None:
    """A hanging answer keeps its connection until the server closes, which it does at once."""
    async with ScriptedModel([when("go", [Say("half"), Hang()])]) as model, post(http, model, [user("go")]) as response:
        assert b"assistant" in await response.content.readuntil(b"\n\n")
        await model.close()
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_gate_holds_the_answer_back(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """An answer waits at its gate, so that a test decides when it goes on."""
    gate = asyncio.Event()
    model.rules = [when("go", [Say("before "), Wait(gate=gate), Say("after")])]
    async with post(http, model, [user("go")]) as response:
        received = b""
        while b"before" not in received:
            received += await response.content.readuntil(b"\n\n")
        assert b"after" not in received
        gate.set()
        assert "after" in await response.text()


async def test_the_title_is_fixed(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """A request for a title gets the same short title, whatever the prompt says."""
    system: dict[str, object] = {"role": "system", "content": "You are a title generator."}
    assert await answer(http, model, system, user("say: no")) == "A scripted session"


async def test_requests_are_kept(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """What the agent asked can be looked at, and waited for."""
    waiting = asyncio.ensure_future(model.wait_for(lambda seen: "hello" in seen.prompt))
    parts = [{"type": "text", "text": "hello"}, {"type": "text", "text": "there"}]
    await answer(http, model, {"role": "user", "content": parts})
    seen = await waiting
    assert (seen.prompts, seen.session, seen.attempt, seen.model) == (("hello\nthere",), "s", 0, "stub-1")


async def test_models_are_listed(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """The list of models names the one that the configuration uses."""
    async with http.get(f"{model.base_url}/models") as response:
        listed = [entry["id"] for entry in (await response.json())["data"]]
    config = opencode_config(model.base_url)
    assert str(config["model"]).removeprefix("stub/") in listed


async def test_many_sessions_at_once(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """Sessions that ask side by side each get the answer to their own prompt."""
    answers = await asyncio.gather(*(answer(http, model, user(f"say: answer {n}")) for n in range(50)))
    assert answers == [f"answer {n}" for n in range(50)]


async def test_a_malformed_directive_is_an_error(model: ScriptedModel, http: aiohttp.ClientSession) -> None:
    """A slip in a directive is reported to its author."""
    assert await answer(http, model, user("write: no content")) == "error 400"


@pytest.mark.parametrize(
    ("line", "item"),
    [
        ("say 0.5: slow", Say("slow", 0.5)),
        ("think: well", Think("well")),
        ("wait: 0.2", Wait(0.2)),
        ("hang:", Hang()),
        ("cut:", Cut()),
        ("fail: 429", Fail(429)),
        ("fail: 500 x 3", Fail(500, times=3)),
        ("fail: 400 too long", Fail(400, "too long")),
        ("bash: ls", Call("bash", command="ls", description="ls")),
        ("write: a.py = x\\ny\\n", Call("write", filePath="a.py", content="x\ny\n")),
        ("edit: a.py | x -> y", Call("edit", filePath="a.py", oldString="x", newString="y")),
        ("read: a.py", Call("read", filePath="a.py")),
        ("grep: x", Call("grep", pattern="x")),
        ("task: look | say: ok", Call("task", description="look", prompt="say: ok", subagent_type="general")),
        ('call: glob {"pattern": "*"}', Call("glob", pattern="*")),
    ],
)
def test_directives(line: str, item: Item) -> None:
    """Each word of the directive language stands for one item of a script."""
    script = parse_directives(f"Dear model,\n{line}\nthank you.")
    assert script is not None
    assert script.steps == ((item,),)


def test_a_question_directive() -> None:
    """A question names its options after the question mark."""
    script = parse_directives("question: Which one? red / blue")
    assert script is not None
    assert "'label': 'blue'" in str(script.steps)


@pytest.mark.parametrize("line", ["fail: soon", "edit: a.py", "call: glob", "wait: long"])
def test_malformed_directives(line: str) -> None:
    """What is no directive after all is refused."""
    with pytest.raises(ValueError, match=r"\S"):
        parse_directives(line)


def test_prose_is_no_script() -> None:
    """A prompt of prose alone has no script."""
    assert parse_directives("Please say hello.") is None


def names(items: Sequence[Item]) -> list[str]:
    return [type(item).__name__ for item in items]


def test_steps_end_at_calls_and_faults() -> None:
    """Text before a call or a fault belongs to the same step."""
    steps = when("", [Think(""), Say(""), Call("x"), Say(""), Cut(), Say("")]).script.steps
    assert [names(step) for step in steps] == [["Think", "Say", "Call"], ["Say", "Cut"], ["Say"]]
