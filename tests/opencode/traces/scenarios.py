"""The scenarios: what is asked of the agent, when it is disturbed, and what is looked up meanwhile."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypedDict, cast

from scripts.scripted_model import Call, Cut, Fail, Hang, Item, Permissions, Say, Think, Wait, when

from .bench import Bench, Json

Play = Callable[[Bench], Awaitable[None]]
ASK: Permissions = {"edit": "ask", "bash": "ask"}
BASH_DESCRIPTION = "Runs a command"


class Options(TypedDict, total=False):
    """How the agent of a scenario is started."""

    permission: Permissions
    chunk_timeout_ms: int
    extra: dict[str, str]


@dataclass(frozen=True)
class Scenario:
    """A play with its name, the sentence about it, and the agent that it needs."""

    name: str
    about: str
    play: Play
    options: Options = field(default_factory=Options)


class NamedPlay(Protocol):
    """A function that is a play."""

    __name__: str
    __doc__: str | None

    def __call__(self, b: Bench, /) -> Awaitable[None]: ...


SCENARIOS: list[Scenario] = []


def scenario(**options: object) -> Callable[[NamedPlay], NamedPlay]:
    """Enter a play into the list under its function's name."""

    def enter(play: NamedPlay) -> NamedPlay:
        about = " ".join((play.__doc__ or "").split())
        SCENARIOS.append(Scenario(play.__name__, about, play, cast("Options", options)))
        return play

    return enter


def of_type(kind: str) -> Callable[[Json], bool]:
    """Events of one type."""
    return lambda event: event["type"] == kind


def tool_is(status: str, tool: str = "bash") -> Callable[[Json], bool]:
    """Snapshots of a tool's call in the given state."""

    def match(event: Json) -> bool:
        part = cast("Json", cast("Json", event["properties"]).get("part") or {})
        return part.get("tool") == tool and cast("Json", part["state"])["status"] == status

    return match


def permission_id(event: Json) -> str:
    """The id of what is asked."""
    return str(cast("Json", event["properties"])["id"])


def bash(command: str) -> Call:
    """A call of the shell."""
    return Call("bash", command=command, description=BASH_DESCRIPTION)


async def run(b: Bench, *items: Item | tuple[Item, ...], text: str = "go", **fields: object) -> tuple[str, str]:
    """Prompt a new session with a script; returns session and message id at once."""
    b.model.rules = [when(text, items), *b.model.rules]
    session = await b.session()
    return session, await b.prompt(session, text, **fields)


async def look_up(b: Bench, session: str, message: str) -> None:
    """What the agent answers about a run at this moment."""
    for path in (
        "/session/status",
        "/permission",
        "/question",
        f"/session/{session}/message",
        f"/session/{session}/diff?messageID={message}",
        "/file/status",
        "/vcs/status",
        "/vcs/diff?mode=git",
    ):
        await b.get(path)


async def played(b: Bench, *items: Item | tuple[Item, ...], **fields: object) -> None:
    """A run from prompt to end, looked up afterwards."""
    session, message = await run(b, *items, **fields)  # type: ignore[arg-type]
    await asyncio.sleep(0.2)
    await b.settled(100)
    await look_up(b, session, message)


@scenario()
async def simple_answer(b: Bench) -> None:
    """One prompt, one short answer; and the lists that an agent offers."""
    await played(b, Say("Hello there, this is the answer."))
    for path in ("/global/health", "/config/providers", "/agent", "/session?roots=true"):
        await b.get(path)


@scenario()
async def long_text(b: Bench) -> None:
    """An answer of 300 words, streamed slowly enough to come in many deltas."""
    await played(b, Say(" ".join(f"word{n}" for n in range(300)), 0.005))


@scenario()
async def reasoning(b: Bench) -> None:
    """Thoughts, then text."""
    await played(b, Think("First I think about it. "), Say("Then I answer."))


@scenario()
async def write_new_file(b: Bench) -> None:
    """The write tool makes a new file, then writes over it, then over a file of the repository."""
    await played(
        b,
        Say("I write."),
        Call("write", filePath="new/hello.py", content="print('hello')\n"),
        Call("write", filePath="new/hello.py", content="print('hello again')\n"),
        Call("read", filePath="old.txt"),
        Call("write", filePath="old.txt", content="replaced\n"),
        Say("Written."),
    )


@scenario()
async def edit_file(b: Bench) -> None:
    """The edit tool changes a file that was read before."""
    await played(
        b,
        Call("read", filePath="app.py"),
        Call("edit", filePath="app.py", oldString="hello", newString="goodbye"),
        Say("Edited."),
    )


async def _bash_files(b: Bench) -> None:
    gates = [asyncio.Event() for _ in range(5)]
    commands = (
        "echo made > made.txt",
        "echo more >> made.txt && echo x >> README.md",
        "rm old.txt && mv app.py moved.py",
        "rm made.txt && mkdir -p deep/er && echo y > deep/er/new.txt",
    )
    steps: list[Item] = []
    for gate, command in zip(gates, commands, strict=False):
        steps += [Wait(gate=gate), bash(command)]
    session, message = await run(b, *steps, Wait(gate=gates[-1]), Say("Done."))
    for number, gate in enumerate(gates, 1):
        await b.model.wait_for(lambda _, n=number: len(b.model.requests) >= n)  # type: ignore[misc]
        await asyncio.sleep(0.4)
        await look_up(b, session, message)
        gate.set()
    await asyncio.sleep(0.2)
    await b.settled()
    await look_up(b, session, message)


@scenario()
async def bash_files(b: Bench) -> None:
    """Shell commands make, change, move and delete files; looked up after each step, while the run goes on."""
    await _bash_files(b)


@scenario(extra={"OPENCODE_EXPERIMENTAL_FILEWATCHER": "1"})
async def bash_files_watched(b: Bench) -> None:
    """As bash_files, with opencode's experimental file watcher switched on."""
    await _bash_files(b)


@scenario()
async def read_and_grep(b: Bench) -> None:
    """Tools that change nothing: read, grep, glob, a list of todos."""
    todos = [{"content": "look", "status": "in_progress", "priority": "high"}]
    await played(
        b,
        Call("todowrite", todos=todos),
        (Call("read", filePath="README.md"), Call("grep", pattern="hello"), Call("glob", pattern="**/*.py")),
        Say("Found."),
    )


@scenario()
async def tool_errors(b: Bench) -> None:
    """A tool that fails, a tool that does not exist, arguments that do not fit, a command that exits with 3."""
    await played(
        b,
        Call("read", filePath="missing.txt"),
        Call("no_such_tool", x=1),
        Call("write", filePath=7),
        bash("echo failing >&2; exit 3"),
        Say("All failed."),
    )


@scenario()
async def bash_output(b: Bench) -> None:
    """A command whose output comes bit by bit."""
    await played(b, bash("for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done"), Say("Ran."))


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
async def retry_then_success(b: Bench) -> None:
    """The model answers 429 once, then well."""
    await played(b, Fail(429, "slow down"), Say("At last."))


@scenario()
async def retry_after_text(b: Bench) -> None:
    """The connection is cut in the middle of the text; the retry goes well."""
    await played(b, Say("Half of it "), Cut(), Say("The whole of it."))


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


@scenario()
async def context_overflow(b: Bench) -> None:
    """The model says that the conversation is too long."""
    text = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
    await played(b, Say("Some work."), bash("echo work"), Fail(400, text, times=None))


@scenario()
async def unknown_model(b: Bench) -> None:
    """A prompt for a model that does not exist."""
    await played(b, Say("never"), model={"providerID": "stub", "modelID": "none"})


@scenario()
async def unknown_agent(b: Bench) -> None:
    """A prompt for an agent that does not exist."""
    await played(b, Say("never"), agent="none")


@scenario()
async def follow_up_in_tool(b: Bench) -> None:
    """A follow-up comes while a tool runs: the model sees it in its next step."""
    b.model.rules = [when("use tabs", [Say("Tabs it is.")])]
    session, message = await run(b, bash("sleep 1; echo slept"), Say("Slept."))
    await b.event(tool_is("running"))
    await b.prompt(session, "use tabs")
    await look_up(b, session, message)
    await b.settled()
    await look_up(b, session, message)


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


@scenario()
async def untitled(b: Bench) -> None:
    """A session without a title gets one from the model."""
    made = cast("Json", await b.call("POST", "/session", {}))
    await b.prompt(str(made["id"]), "say: Hello.")
    await asyncio.sleep(0.5)
    await b.settled()
    await b.get("/session?roots=true")


@scenario(permission={"bash": "ask", "edit": "allow"})
async def subagent(b: Bench) -> None:
    """A subagent writes a file and asks for a permission; its session is a child of the first."""
    task = Call("task", description="Look around", prompt="child work", subagent_type="general")
    b.model.rules = [when("child work", [Call("write", filePath="c.txt", content="c\n"), bash("echo c"), Say("Seen.")])]
    session, message = await run(b, task, Say("It has looked."))
    asked = await b.event(of_type("permission.asked"))
    await look_up(b, session, message)
    await b.get(f"/session/{session}/children")
    await b.call("POST", f"/permission/{permission_id(asked)}/reply", {"reply": "once"})
    await b.settled()
    await look_up(b, session, message)


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
    """The event stream is dropped in mid-run and taken up again; the messages are read anew."""
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
    await run(b, bash("echo started; sleep 60"), Say("Never."))
    await b.event(tool_is("running"))
    await asyncio.sleep(0.3)
    await b.call("POST", "/instance/dispose")
    await asyncio.sleep(1)
