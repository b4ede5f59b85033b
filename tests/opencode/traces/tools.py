"""Scenarios of plain runs: text, thoughts, the tools, and how files that change are seen."""

import asyncio
from typing import cast

from scripts.scripted_model import Call, Item, Say, Think, Wait, when

from .bench import Bench, Json
from .play import bash, look_up, of_type, permission_id, played, run, scenario


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
async def untitled(b: Bench) -> None:
    """A session without a title gets one from the model."""
    made = cast("Json", await b.call("POST", "/session", {}))
    await b.prompt(str(made["id"]), "say: Hello.")
    await asyncio.sleep(0.5)
    await b.settled()
    await b.get("/session?roots=true")


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
async def bash_output(b: Bench) -> None:
    """A command whose output comes bit by bit."""
    await played(b, bash("for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done"), Say("Ran."))


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
