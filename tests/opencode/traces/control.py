"""Scenarios in which somebody steps in: permissions, questions, aborts, follow-ups."""

import asyncio
import contextlib

from scripts.scripted_model import Call, Fail, Item, Say, when

from .bench import Bench, Json
from .play import ASK, bash, look_up, of_type, permission_id, run, scenario, tool_is


@scenario()
async def abort_after_files(b: Bench) -> None:
    """Aborted in the second step, when a file of the first is known and one of the second is not."""
    session, message = await run(b, bash("touch first.txt"), bash("rm old.txt; sleep 60"), Say("Never."))
    await b.event(lambda e: tool_is("running")(e) and "old.txt" in str(e))
    await asyncio.sleep(0.5)
    await b.call("POST", f"/session/{session}/abort")
    await b.settled()
    await look_up(b, session, message)


async def _permission(b: Bench, reply: Json, *more: Item) -> None:
    session, message = await run(b, Call("write", filePath="p.txt", content="x\n"), *more, Say("After it."))
    asked = await b.event(of_type("permission.asked"))
    await look_up(b, session, message)
    await b.call("POST", f"/permission/{permission_id(asked)}/reply", reply)
    await asyncio.sleep(0.2)
    await b.settled()
    await look_up(b, session, message)
    await b.call("POST", f"/permission/{permission_id(asked)}/reply", reply)


@scenario(permission=ASK)
async def permission_once(b: Bench) -> None:
    """A permission is asked and given once; a second reply comes too late."""
    await _permission(b, {"reply": "once"})


@scenario(permission=ASK)
async def permission_always(b: Bench) -> None:
    """A permission is given for always; the second file asks for nothing."""
    await _permission(b, {"reply": "always"}, Call("write", filePath="q.txt", content="y\n"))


@scenario(permission=ASK)
async def permission_reject(b: Bench) -> None:
    """A permission is rejected without a message: the run ends."""
    await _permission(b, {"reply": "reject"})


@scenario(permission=ASK)
async def permission_reject_message(b: Bench) -> None:
    """A permission is rejected with a message: the model goes on."""
    await _permission(b, {"reply": "reject", "message": "not this file"})


@scenario(permission=ASK)
async def permission_bash(b: Bench) -> None:
    """A command asks; the permission is given once."""
    session, message = await run(b, bash("echo one && touch one.txt"), Say("Ran."))
    asked = await b.event(of_type("permission.asked"))
    await b.call("POST", f"/permission/{permission_id(asked)}/reply", {"reply": "once"})
    await b.settled()
    await look_up(b, session, message)


@scenario(permission=ASK)
async def permission_two_at_once(b: Bench) -> None:
    """Two calls of one step ask at once; the first is rejected."""
    calls = (Call("write", filePath="a.txt", content="a\n"), bash("touch b.txt"))
    session, message = await run(b, calls, Say("After it."))
    asked = await b.event(of_type("permission.asked"))
    with contextlib.suppress(TimeoutError):
        second = b.events.index(asked) + 1
        await b.event(of_type("permission.asked"), second, 2)
    await b.get("/permission")
    await b.call("POST", f"/permission/{permission_id(asked)}/reply", {"reply": "reject"})
    await asyncio.sleep(0.5)
    await look_up(b, session, message)


QUESTION = Call(
    "question",
    questions=[
        {
            "question": "Which database?",
            "header": "Database",
            "options": [{"label": "sqlite", "description": "a file"}, {"label": "postgres", "description": "a server"}],
        }
    ],
)


@scenario(extra={"OPENCODE_ENABLE_QUESTION_TOOL": "1"})
async def question_answered(b: Bench) -> None:
    """The agent asks a question and gets an answer."""
    session, message = await run(b, QUESTION, Say("So be it."))
    asked = await b.event(of_type("question.asked"))
    await look_up(b, session, message)
    await b.call("POST", f"/question/{permission_id(asked)}/reply", {"answers": [["sqlite"]]})
    await b.settled()
    await look_up(b, session, message)


@scenario(extra={"OPENCODE_ENABLE_QUESTION_TOOL": "1"})
async def question_rejected(b: Bench) -> None:
    """The agent asks a question that is rejected."""
    session, message = await run(b, QUESTION, Say("So be it."))
    asked = await b.event(of_type("question.asked"))
    await b.call("POST", f"/question/{permission_id(asked)}/reject")
    await b.settled()
    await look_up(b, session, message)


async def _abort(b: Bench, session: str, message: str) -> None:
    await b.call("POST", f"/session/{session}/abort")
    await look_up(b, session, message)
    await b.prompt(session, "say: Here again.")
    await b.model.wait_for(lambda seen: "Here again" in seen.prompt)
    await b.settled()
    await look_up(b, session, message)


@scenario()
async def abort_in_text(b: Bench) -> None:
    """Aborted while text is streamed; prompted again at once."""
    session, message = await run(b, Say(" ".join(f"w{n}" for n in range(2000)), 0.02))
    await b.event(of_type("message.part.delta"))
    await asyncio.sleep(0.3)
    await _abort(b, session, message)


@scenario()
async def abort_in_bash(b: Bench) -> None:
    """Aborted while a command runs that has made a file; prompted again at once."""
    session, message = await run(b, bash("touch early.txt; echo started; sleep 60; touch late.txt"), Say("Never."))
    await b.event(tool_is("running"))
    await asyncio.sleep(0.5)
    await _abort(b, session, message)


@scenario(permission=ASK)
async def abort_while_asking(b: Bench) -> None:
    """Aborted while a permission is asked: it stays listed."""
    session, message = await run(b, Call("write", filePath="p.txt", content="x\n"), Say("Never."))
    await b.event(of_type("permission.asked"))
    await _abort(b, session, message)


@scenario(permission=ASK)
async def reject_then_abort(b: Bench) -> None:
    """A pending permission is rejected, then the run aborted."""
    session, message = await run(b, Call("write", filePath="p.txt", content="x\n"), Say("Never."))
    asked = await b.event(of_type("permission.asked"))
    await b.call("POST", f"/permission/{permission_id(asked)}/reply", {"reply": "reject"})
    await _abort(b, session, message)


@scenario()
async def abort_in_retry(b: Bench) -> None:
    """Aborted while it waits for a retry."""
    session, message = await run(b, Fail(429, times=None))
    await b.event(lambda e: e["type"] == "session.status" and "retry" in str(e["properties"]))
    await _abort(b, session, message)


@scenario()
async def follow_up_in_tool(b: Bench) -> None:
    """A follow-up comes while a tool runs: the model sees it in its next step, and writes a file for it."""
    b.model.rules = [when("use tabs", [Call("write", filePath="b.txt", content="b\n"), Say("Tabs it is.")])]
    session, message = await run(b, bash("touch a.txt; sleep 1; echo slept"), Say("Slept."))
    await b.event(tool_is("running"))
    second = await b.prompt(session, "use tabs")
    await look_up(b, session, message)
    await b.settled()
    await look_up(b, session, message)
    await look_up(b, session, second)


@scenario()
async def follow_up_in_text(b: Bench) -> None:
    """A follow-up comes while the last text is streamed: one more step answers it."""
    b.model.rules = [when("use tabs", [Say("Tabs it is.")])]
    session, message = await run(b, Say(" ".join(f"w{n}" for n in range(50)), 0.02))
    await b.event(of_type("message.part.delta"))
    await b.prompt(session, "use tabs")
    await b.settled()
    await look_up(b, session, message)


@scenario()
async def two_prompts(b: Bench) -> None:
    """A second prompt is handed over as soon as the first is idle, with nothing waited for."""
    session, message = await run(b, Say("First."))
    await b.event(of_type("session.idle"))
    second = await b.prompt(session, "say: Second.")
    await b.get("/session/status")
    await asyncio.sleep(0.2)
    await b.settled()
    await look_up(b, session, message)
    await look_up(b, session, second)
