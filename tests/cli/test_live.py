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
from tests.support.command_line import Command
from tests.support.process import environment

from .conftest import Walked, in_a_pipe
from .document import document
from .person import person
from .walk import CART

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
    assert (failed.code, failed.output) == (1, "")  # nobody takes an error for the answer
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


async def test_two_terminals_answer_the_same_request(
    service: Service, shop: Path, seen: dict[str, str], typed: Command
) -> None:
    """The view shows what the other one answered; a key that comes later answers nothing."""
    await at_rest(typed)
    async with person("run", "bash: touch two.txt\nhang:", cwd=shop, env=seen) as here:
        await here.sees("! asks   bash: touch two.txt")
        (asked,) = json.loads((await typed("permissions", "--json")).output)["permissions"]
        assert (await typed("permissions", "approve", asked["id"])).code == 0
        await here.sees("allowed once")
        here.press("y")
        await here.sees("The agent asks nothing now.")
        await typed("stop")
        await here.sees("stopped in")
        assert await here.leaves() == 4
    late = await typed("permissions", "approve", asked["id"])
    assert (late.code, "no waiting request" in late.errors) == (2, True)


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


async def at_rest(typed: Command) -> None:
    """End what another test has left: its session, and the tasks that wait."""
    async with asyncio.timeout(120):
        while True:
            status = json.loads((await typed("codebase", "show", "--json")).output)["status"]
            if status["status"] == "idle" and not status["queue"]["pending"]:
                return
            await typed("stop")
            await asyncio.sleep(0.05)


async def waiting(typed: Command) -> list[str]:
    """The titles of the tasks that wait, in the order in which they start."""
    tasks = json.loads((await typed("tasks", "--json")).output)["tasks"]
    return [task["title"] for task in tasks if task["status"] == "pending"]


async def test_the_queue_by_command(service: Service, typed: Command) -> None:
    """Tasks are moved, edited and retried; what can't be is refused in a sentence, whatever state the task is in."""
    await at_rest(typed)
    await typed("run", "-d", "say: I wait now.\nhang:")
    ids = {"running": json.loads((await typed("tasks", "--json")).output)["tasks"][0]["id"]}
    for title, prompt in (("a", "fail: 400 with no credit"), ("b", "say: b"), ("c", "say: c")):
        added = await typed("tasks", "add", title, "--prompt", prompt, "--json")
        ids[title] = json.loads(added.output)["task"]["id"]
    moves: list[tuple[tuple[str, ...], str]] = [
        (("move", ids["c"], "--top"), "cab"),
        (("move", ids["c"], "--bottom"), "abc"),
        (("move", ids["c"][-7:], "--before", ids["b"][-7:]), "acb"),
        (("move", ids["b"], "--before", ids["a"]), "bac"),
        (("move", ids["b"], "--before", ids["b"]), "bac"),
        (("edit", ids["c"], "--priority", "3"), "cba"),
        (("edit", ids["c"], "--priority", "-3", "--title", "c"), "bac"),
        (("edit", ids["a"], "--title", "- a", "--priority", "1"), "- abc"),
        (("edit", ids["a"], "--title", "a", "--prompt", "fail: 400 with other words"), "abc"),
    ]
    for words, order in moves:
        ended = await typed("tasks", *words)
        assert (ended.code, ended.errors) == (0, ""), words
        assert "".join(await waiting(typed)) == order, words
    refused: list[tuple[tuple[str, ...], str]] = [
        (("move", ids["running"], "--top"), "can be changed"),
        (
            ("move", ids["a"], "--before", ids["running"]),
            "(say: I wait now.) does not wait in the queue: it is running.",
        ),
        (("move", ids["a"], "--top", "--bottom"), "one of --top, --bottom and --before"),
        (("move", ids["a"]), "one of --top, --bottom and --before"),
        (("edit", ids["running"], "--title", "x"), "can be changed"),
        (("edit", ids["a"], "--title", ""), "must not be empty"),
        (("edit", ids["a"]), "Say what to change"),
        (("retry", ids["running"]), "has not ended"),
        (("retry", ids["a"]), "`opencode-ledger tasks cancel` ends it"),
        (("cancel", "nothing"), "There is no task 'nothing'."),
    ]
    for title in "bc":
        await typed("tasks", "cancel", ids[title])
    again = json.loads((await typed("tasks", "retry", ids["b"], "--json")).output)["task"]
    assert (again["title"], again["retry_of"]) == ("b", ids["b"])
    await typed("tasks", "cancel", again["id"])
    for words, said in refused:
        ended = await typed("tasks", *words)
        assert (ended.code, said in ended.errors) == (2, True), (words, ended)
    await typed("stop")
    assert await ended_as(typed, ids["a"]) == "failed"
    ended = await typed("tasks", "retry", ids["a"])
    new = re.fullmatch(rf"Queued (\S+) \(a\), which repeats {ids['a']}\.\n", ended.output)
    assert new, ended
    assert await ended_as(typed, new[1]) == "failed"
    for line, said in (
        ("cancel", "tasks retry"),
        ("move --top", "can be changed"),
        ("edit --title x", "can be changed"),
    ):
        action, *more = line.split()
        ended = await typed("tasks", action, ids["running"], *more)
        assert (ended.code, said in ended.errors) == (2, True), (line, ended)


async def ended_as(typed: Command, task: str) -> str:
    """The status of a task when it has ended."""
    async with asyncio.timeout(120):
        while True:
            tasks = {one["id"]: one for one in json.loads((await typed("tasks", "-a", "--json")).output)["tasks"]}
            if tasks[task]["status"] not in ("pending", "running"):
                return str(tasks[task]["status"])
            await asyncio.sleep(0.1)


async def test_the_diff_of_a_session_can_be_applied(walked: Walked, typed: Command, tmp_path: Path) -> None:
    """What `diff` prints into a pipe makes of the old files what the agent made of them."""
    first = json.loads((await typed("sessions", "-n", "500", "--json")).output)["sessions"][-1]["id"]
    patch = await typed("diff", first)
    assert "# create test_cart.py: binary or empty" in patch.output
    (tmp_path / "cart.py").write_text(CART)
    (tmp_path / "patch").write_text(patch.output)
    apply = await asyncio.create_subprocess_exec("git", "apply", "patch", cwd=tmp_path)
    assert await apply.wait() == 0
    assert (tmp_path / "cart.py").read_text() == (walked.shop / "cart.py").read_text()
    stat = await typed("diff", "--stat", first[-8:])
    assert re.search(r"^M  cart\.py +\+\d  -\d$", stat.output, re.MULTILINE), stat.output
    shown = json.loads((await typed("diff", "shop", first, "--json", "-p", "cart.py")).output)
    assert ([file["path"] for file in shown["files"]], shown["session_id"]) == (["cart.py"], first)
    assert "+++ b/cart.py" in shown["files"][0]["diff"]


async def test_an_earlier_moment(walked: Walked, typed: Command) -> None:
    """Each command that looks back shows what was so then, by an event's number or by a time; others refuse it."""
    first, second = json.loads((await typed("sessions", "-n", "500", "--json")).output)["sessions"][-1:-3:-1]
    at = first["ended_at"]
    assert f'"id": "{first["id"]}"' in (await typed("sessions", "--at", at, "--json")).output
    assert second["id"] not in (await typed("sessions", "--at", at)).output
    shown = json.loads((await typed("show", "--at", at, "--json")).output)
    assert shown["session"]["id"] == first["id"], "the newest one of then"
    early = json.loads((await typed("show", "shop", first["id"], "--at", "5", "--json")).output)
    assert early["session"]["status"] == "running"
    assert len(early["messages"]) < len(shown["messages"])
    assert (await typed("tasks", "--at", "1")).output == "shop had no task that ran or waited then.\n"
    assert "Fix the total" in (await typed("tasks", "--at", "5")).output
    assert re.search(r"● running", (await typed("ps", "--at", first["started_at"].replace("Z", "9Z"))).output)
    assert (await typed("ps", "--at", "2020-01-01T00:00:00Z")).output == "There was no codebase then.\n"
    assert json.loads((await typed("codebase", "show", "--at", "5", "--json")).output)["status"]["status"] == "running"
    refused: list[tuple[tuple[str, ...], str]] = [
        (("ps", "--at", "7"), "belongs to one codebase"),
        (("show", "--at", "nonsense"), "--at takes"),
        (("diff", "--at", "7"), "--at is not possible here"),
        (("search", "x", "--at", "7"), "--at is not possible here"),
        (("permissions", "--at", "7"), "--at is not possible here"),
        (("watch", "--at=7"), "--at is not possible here"),
    ]
    for words, said in refused:
        ended = await typed(*words)
        assert (ended.code, said in ended.errors) == (2, True), (words, ended)


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
