"""Commands that end for nothing but force, in every way: none is left when what ends them is answered, and none writes again."""

from typing import Any

import pytest
from scripts.scripted_model import Call, Say, when

from ..opencode.writers import Writers
from .service import Codebase, Service, frame_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOREGROUND = "trap '' HUP INT QUIT TERM USR1 USR2\nwhile :; do echo old >>order.txt; sleep 0.02; done"
"""What keeps the call itself busy."""


async def at_work(codebase: Codebase, *, how: str = "trigger") -> Writers:
    """Have the agent's shell start them all."""
    writers = Writers(codebase.directory)
    call = Call("bash", command=f"{writers.command}\n{FOREGROUND}", description="Work")
    codebase.service.model.rules = [when("Work", [call, Say("Never said.")])]
    body = {"prompt": "Work"} if how == "trigger" else {"message": "Work"}
    await codebase.post(how, body)
    await writers.all_at_work()
    codebase.service.model.rules = []
    return writers


async def cancel(codebase: Codebase) -> None:
    """Cancel what it works on."""
    sessions: Any = (await codebase.service.ask("GET", f"{codebase.path}/sessions")).content
    task = sessions["sessions"][0]["task_id"]
    assert (await codebase.service.ask("POST", f"/tasks/{task}/cancel")).status == 200


async def test_a_cancel_is_answered_when_no_command_is_left(running: Service) -> None:
    """An interrupt ends them all, and so does the cancel of the task when a message has taken it up again."""
    codebase = await running.register()
    first = await at_work(codebase)
    await codebase.post("interrupt")
    assert first.alive() == []
    second = await at_work(codebase, how="message")
    await cancel(codebase)
    assert (first.alive(), second.alive(), codebase.processes) == ([], [], {})
    order = codebase.directory / "order.txt"
    lines, written = order.read_bytes(), second.words()
    session = await codebase.trigger("bash: for i in 1 2 3; do echo new >>order.txt; sleep 0.05; done", "say: Done.")
    assert frame_of("complete", status="completed")((await codebase.session(session))[-1])
    assert (order.read_bytes(), second.words()) == (lines + b"new\n" * 3, written)


async def test_the_services_end_leaves_no_command(running: Service) -> None:
    """The service ends within 10 s with exit code 0, and no command is left."""
    codebase = await running.register()
    writers = await at_work(codebase)
    assert await running.terminate() == 0
    assert (writers.alive(), codebase.processes) == ([], {})
    await running.start()  # for the other test, whose turn may come later
