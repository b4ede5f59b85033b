"""Agents at work, followed in a terminal of 80 columns and in a pipe: the real service, the real agent, one of each."""

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.faults.service import Service
from tests.support.process import environment

from .conftest import Walked, in_a_pipe
from .document import document
from .person import person

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("cli")]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
EVIL = "say: Look \x1b[2J\x1b[H here \u202eevil"


async def test_the_whole_job_in_six_commands_and_one_terminal(walked: Walked) -> None:
    """The directory is registered, a run followed, answered, steered; a task interrupted, resumed and stopped.

    docs/commands.md is what `python -m scripts.make_commands` would write now.
    """
    screens = walked.screens
    assert len(screens) <= 6
    assert [screen.code for screen in screens] == [0] * len(screens)
    run, view = screens[0], screens[0].text.split("\n")
    began = next(number for number, line in enumerate(view) if line.startswith("shop · build"))
    assert max(len(line.rstrip("\r")) for line in view[began:]) <= 80
    assert "\x1b[" in run.raw, "there are colours"
    assert (walked.shop / "cart.py").read_text().count("round(") == 1
    again = "run: .venv/bin/python -m scripts.make_commands"
    assert PAGE.read_text(encoding="utf-8") == document(screens, walked.shop), again


async def test_a_restart_in_mid_run_loses_and_doubles_nothing(
    service: Service, shop: Path, seen: dict[str, str]
) -> None:
    """The view says that the connection is lost and is there again; after a message the agent goes on, all of it once."""
    words = [f"word{number:02}" for number in range(60)]
    async with person("run", f"say 0.05: {' '.join(words)}\nhang:", cwd=shop, env=seen) as here:
        await here.sees("agent    word00")
        await here.sees("word20", 2)
        await service.terminate()
        await here.sees("connection lost")
        await service.start()
        await here.sees("connected again; nothing is missing")
        await here.sees("interrupted")
        here.press("m")
        await here.sees("message> ")
        here.press("say: I go on where I was.\n")
        await here.sees("completed in")
        assert await here.leaves() == 0
    answer = here.screen.partition("agent    word00")[2]
    for word in words[1:21]:
        assert answer.count(word) == 1, here.screen
    assert here.screen.count("I go on where I was.") == 3, "as it is typed, as it is sent, and as the agent says it"
    assert here.screen.count("connection lost") == 1


async def test_an_interrupt_a_stop_and_a_detached_view(service: Service, shop: Path, seen: dict[str, str]) -> None:
    """Keys interrupt and stop the agent, and leave it alone; `watch` finds the session again, from its beginning."""
    async with person("run", "say: I wait now.\nhang:", cwd=shop, env=seen, columns=40) as here:
        await here.sees("I wait now.", 2)
        here.press("i")
        await here.sees("interrupted on request")
        here.press("d")
        assert await here.leaves() == 0
        assert "Detached" in here.screen
    assert max(map(len, here.lines[: here.lines.index("")])) <= 40
    session = json.loads((await in_a_pipe("sessions", "--json", cwd=shop, env=seen)).output)["sessions"][0]
    assert session["status"] == "interrupted"
    async with person("watch", "shop", session["id"][-7:], cwd=shop, env={**seen, "NO_COLOR": "1"}) as here:
        await here.sees("interrupted on request")
        here.press("s")
        await here.sees("stop the agent? [y/N] ")
        here.press("y\n")
        assert await here.leaves() == 4
    assert "■ stopped" in here.screen
    assert "\x1b" not in here.raw


async def test_the_exit_codes_of_run(service: Service, shop: Path, seen: dict[str, str]) -> None:
    """Completed, failed, needs an answer, stopped: a script knows which, whatever the form of the output."""
    done = await in_a_pipe("run", cwd=shop, env=seen, given=f"{EVIL}\nbash: printf 'a\\033[31mb'")
    assert (done.code, done.errors) == (0, "")
    assert "Look <U+001B>[2J<U+001B>[H here <U+202E>evil" in done.output
    assert "\x1b" not in done.output
    failed = await in_a_pipe("run", "--wait", "fail: 400 with this message", cwd=shop, env=seen)
    assert failed.code == 1
    assert "with this message" in failed.errors
    waited = await in_a_pipe("run", "--wait", "say: All is well.", cwd=shop, env=seen)
    assert (waited.code, waited.output) == (0, "All is well.\n")
    asks = await in_a_pipe("run", "--no-input", "--json", "bash: touch asked.txt", cwd=shop, env=seen)
    assert asks.code == 3
    events = [json.loads(line) for line in asks.output.splitlines()]
    assert events[-1]["event"] == "permission"
    assert [event["id"] for event in events] == sorted({event["id"] for event in events})
    listed = await in_a_pipe("permissions", cwd=shop, env=seen)
    assert "bash: touch asked.txt" in listed.output
    request = events[-1]["data"]["permission_id"]
    approved = await in_a_pipe("permissions", "reject", request[-7:], "-m", "say: No then.", cwd=shop, env=seen)
    assert (approved.code, approved.output) == (0, "Rejected for shop: bash: touch asked.txt\n")
    await in_a_pipe("watch", "shop", events[0]["data"]["session_id"], cwd=shop, env=seen)
    session = await in_a_pipe("run", "-d", "say: I wait.\nhang:", cwd=shop, env=seen)
    name = session.output.strip()
    assert name.startswith("sess_")
    busy = await in_a_pipe("run", "say: Me too.", cwd=shop, env=seen)
    assert busy.code == 2
    assert "opencode-ledger send" in busy.errors
    following = asyncio.create_task(in_a_pipe("watch", ".", name, cwd=shop, env=seen))
    stopped = await in_a_pipe("stop", cwd=shop, env=seen)
    assert (stopped.code, stopped.output) == (0, "Stopped shop.\n")
    assert (await following).code == 4


async def test_ctrl_c_detaches(service: Service, shop: Path, seen: dict[str, str]) -> None:
    """It ends the command with 130, and the agent works on; `watch` of all sees what others do."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "opencode_ledger", "watch"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
        cwd=shop,
        env=environment(seen),
    )
    assert process.stdout is not None
    connected = asyncio.ensure_future(process.stdout.readline())
    for number in range(100):
        if connected.done():
            break
        await service.ask("PATCH", "/codebases/shop", {"description": f"Something happens: {number}"})
        await asyncio.wait([connected], timeout=0.5)
    async with person("run", "say: I wait.\nhang:", cwd=shop, env=seen) as here:
        await here.sees("I wait.", 2)
        here.press("\x03")
        assert await here.leaves() == 130
        assert "the agent works on" in here.screen
    status = json.loads((await in_a_pipe("codebase", "show", "--json", cwd=shop, env=seen)).output)["status"]
    assert status["status"] == "running"
    await in_a_pipe("interrupt", "shop", cwd=shop, env=seen)
    seen_lines = list[str]()
    async with asyncio.timeout(30):
        while not seen_lines or "interrupted on request" not in seen_lines[-1]:
            seen_lines.append((await process.stdout.readline()).decode().rstrip())
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 130
    assert any(re.fullmatch(r"\d\d:\d\d:\d\d shop agent    I wait\.", line) for line in seen_lines), seen_lines


async def test_what_a_program_reads(service: Service, shop: Path, seen: dict[str, str]) -> None:
    """Every list and document as JSON, from the directory's codebase, whatever state the service is in."""

    async def document(*words: str) -> Any:
        ended = await in_a_pipe(*words, "--json", cwd=shop, env=seen)
        assert (ended.code, ended.errors) == (0, ""), (words, ended)
        return json.loads(ended.output)

    (known,) = await document("ps")
    assert (known["name"], "overview" in known) == ("shop", True)
    shown = await document("show")
    assert shown["messages"][0]["role"] == "user"
    added = await document("tasks", "add", "say: Later.", "--priority", "3")
    assert added["task"]["priority"] == 3
    listed = await document("tasks", "--all")
    assert added["task"]["id"] in {task["id"] for task in listed["tasks"]}
    found = await document("search", "README")
    assert {one["codebase"]["name"] for one in found["results"]} == {"shop"}
    assert (await document("codebase", "sync"))["success"]
    assert "log" in {one["what"] for one in await document("doctor")}


async def test_completion_knows_the_names(service: Service, shop: Path, seen: dict[str, str]) -> None:
    """A shell is given commands from its script, and names from the service; without a service it gets no error."""
    script = await in_a_pipe("completion", "bash", cwd=shop, env=seen)
    assert (script.code, script.errors) == (0, "")
    program = Path(sys.executable).with_name("opencode-ledger")
    typed = f"COMP_WORDS=({program} stop ''); COMP_CWORD=2; _opencode_ledger; echo \"${{COMPREPLY[@]}}\""
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-c", f"{script.output}\n{typed}"),
        stdout=asyncio.subprocess.PIPE,
        env=environment(seen),
        cwd=shop,
    )
    output, _ = await shell.communicate()
    assert "shop" in output.decode().split()
    nobody = await in_a_pipe("__complete", "stop", "", cwd=shop, env={**seen, "LEDGER_URL": "http://127.0.0.1:1"})
    assert (nobody.code, nobody.errors) == (0, "")
    for shell_name in ("zsh", "fish"):
        assert "opencode-ledger" in (await in_a_pipe("completion", shell_name, cwd=shop, env=seen)).output
