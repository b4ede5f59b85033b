"""Scenarios in which something fails: the model, the request, the server, the stream."""

import asyncio
import os
import signal

from scripts.scripted_model import Call, Cut, Fail, Hang, Say, Wait, when

from .bench import Bench
from .play import bash, look_up, of_type, played, run, scenario, tool_is


@scenario()
async def retry_then_success(b: Bench) -> None:
    """The model answers 429 once, then well."""
    await played(b, Fail(429, "slow down"), Say("At last."))


@scenario()
async def retry_after_text(b: Bench) -> None:
    """The connection is cut in the middle of the text; the retry goes well."""
    await played(b, Say("Half of it "), Wait(0.3), Cut(), Say("The whole of it."))


@scenario(chunk_timeout_ms=2000)
async def model_hangs(b: Bench) -> None:
    """The model says half a sentence and hangs until the chunk timeout; the retry goes well."""
    await played(b, Say("Half of it "), Hang(), Say("The whole of it."))


@scenario()
async def retries_used_up(b: Bench) -> None:
    """The model answers 500 for ever: five retries, then an error."""
    await played(b, Fail(500, times=None))


@scenario()
async def error_400(b: Bench) -> None:
    """The model refuses the request: no retry."""
    await played(b, Fail(400, "bad request", times=None))


@scenario()
async def error_401(b: Bench) -> None:
    """The model refuses the key: no retry."""
    await played(b, Fail(401, "bad key", times=None))


TOO_LONG = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
COMPACTION = "<conversation>"


@scenario()
async def context_overflow(b: Bench) -> None:
    """The model says that the conversation is too long; it is summed up and the run goes on."""
    b.model.rules = [when(COMPACTION, [Say("A summary.")]), when("Continue", [Say("I go on.")])]
    await played(b, Say("Some work."), bash("echo work"), Fail(400, TOO_LONG), text="work")


@scenario()
async def permanent_context_overflow(b: Bench) -> None:
    """The conversation is too long, and so is the request for a summary of it."""
    b.model.rules = [when(COMPACTION, [Fail(400, TOO_LONG, times=None)])]
    await played(b, Say("Some work."), bash("echo work"), Fail(400, TOO_LONG, times=None), text="work")


@scenario()
async def unknown_model(b: Bench) -> None:
    """A prompt for a model that does not exist."""
    await played(b, Say("never"), model={"providerID": "stub", "modelID": "none"})


@scenario()
async def unknown_agent(b: Bench) -> None:
    """A prompt for an agent that does not exist."""
    await played(b, Say("never"), agent="none")


@scenario()
async def server_killed(b: Bench) -> None:
    """The server is killed while text is streamed."""
    session, _ = await run(b, Call("read", filePath="app.py"), Say(" ".join(f"w{n}" for n in range(500)), 0.02))
    await b.event(of_type("message.part.delta"))
    await b.get(f"/session/{session}/message")
    os.kill(b.server.pid, signal.SIGKILL)
    await asyncio.sleep(0.5)


@scenario()
async def stream_dropped(b: Bench) -> None:
    """The event stream is dropped in mid-run and taken up again; the messages are read again."""
    session, message = await run(b, bash("sleep 1; echo slept"), Say(" ".join(f"w{n}" for n in range(40)), 0.02))
    await b.event(tool_is("running"))
    assert b.listener is not None
    b.listener.cancel()
    await asyncio.sleep(1.2)
    b.events.append({"type": "trace.gap", "properties": {}})
    async with b.listening():
        await look_up(b, session, message)
        await b.settled()
    await look_up(b, session, message)


@scenario()
async def disposed(b: Bench) -> None:
    """The instance is disposed of while a command runs."""
    await run(b, bash("touch early.txt; echo started; sleep 60"), Say("Never."))
    await b.event(tool_is("running"))
    await asyncio.sleep(0.3)
    await b.call("POST", "/instance/dispose")
    await asyncio.sleep(1)
