"""What an interrupt ends: every command of the calls that it interrupts, however it tries to live on, and nothing else."""

import asyncio
import os
from pathlib import Path
from typing import Final

import pytest
from scripts.scripted_model import Call, Say, ScriptedModel, when
from tests.support.waiting import eventually

from opencode_ledger.domain.codebase import facts as f

from .conftest import MakeLive
from .live import Live
from .writers import Writers


def without_the_call(command: str) -> str:
    """The command, as its own shell has it on its command line, is not one of its children."""
    return f"{command}\nexec sleep 300"


@pytest.fixture
def shelled(make_live: MakeLive, tmp_path: Path) -> Live:
    """An agent as the service makes them, with the shell in between."""
    return make_live(shell_dir=tmp_path / "shell")


async def test_no_command_outlives_its_interrupt(shelled: Live, model: ScriptedModel) -> None:
    """However a command tries to live on, none is left when the interrupt returns, and none comes back."""
    live, writers = shelled, Writers(shelled.directory)
    held = Writers(live.directory, {"holding the output": "setsid sh -c '{write}' &"})
    together = (
        Call("bash", command=without_the_call(writers.command), description="Work"),
        Call("bash", command=held.command, description="Go without waiting"),
    )
    model.rules = [when("Work", [together, Say("Never said.")])]
    await live.prompt("Work")
    await asyncio.gather(writers.all_at_work(), held.all_at_work())
    await live.agent.abort()
    assert (writers.alive(), held.alive()) == ([], [])
    assert live.agent.connection is not None
    assert await live.agent.connection.client.statuses() == {}
    said = writers.words()
    assert (await live.run("bash: sleep 0.3\nsay: On we go.")).summary == "On we go."
    assert writers.words() == said


async def test_what_an_ended_call_left_lives_until_stop(shelled: Live, model: ScriptedModel) -> None:
    """A server of an ended call outlives the interrupt of a call beside it; a message never runs beside the old command."""
    live = shelled
    restarting = "setsid sh -c 'while :; do sh -c \"{write}\" & sleep 0.2; kill $!; done' >/dev/null 2>&1 &"
    server, old = (
        Writers(live.directory, {"restarting": restarting}),
        "trap '' TERM; while :; do echo old >> order.txt; sleep 0.02; done",
    )
    together = tuple(Call("bash", command=command, description="One of two") for command in (server.command, old))
    model.rules = [when("Work", [together, Say("Never said.")])]
    await live.prompt("Work")
    order = live.directory / "order.txt"
    await asyncio.gather(server.all_at_work(), live.eventually(order.exists), live.recorder.has(f.ToolEnded))
    await live.agent.abort()
    model.rules = []
    await live.run("bash: for i in 1 2 3 4 5 6 7 8 9; do echo new >> order.txt; sleep 0.05; done\nsay: Done.")
    words = order.read_text().split()
    assert words == sorted(words, reverse=True)
    assert words[-1] == "new"
    assert server.alive() == ["restarting"]
    written = server.words()
    await eventually(lambda: server.words() > written)
    await live.agent.stop()
    assert (server.alive(), live.marked()) == ([], [])


SERVER: Final = """setsid bash -c 'while read -r request; do . "./$request"; done' <>requests >/dev/null 2>&1 &"""
"""A server that does what is asked of it, in processes of its own: a build daemon, a terminal multiplexer."""


async def test_what_a_server_began_for_an_interrupted_call_is_ended(shelled: Live, model: ScriptedModel) -> None:
    """What a server of an ended call has started since the interrupted one began is ended; the server lives, and serves on."""
    live, place, worker = shelled, shelled.directory, {"a worker": "sh -c '{write}' &"}
    early, meanwhile, later = Writers(place, worker), Writers(place), Writers(place, worker)
    os.mkfifo(place / "requests")
    for name, writers in (("early", early), ("meanwhile", meanwhile), ("later", later)):
        (place / name).write_text(writers.command)
    steps = (f"{SERVER}\necho early >requests", "echo meanwhile >requests\nexec sleep 300")
    model.rules = [when("Work", [*(Call("bash", command=step, description="Work") for step in steps), Say("Never.")])]
    await live.prompt("Work")
    await asyncio.gather(early.all_at_work(), meanwhile.all_at_work())
    await live.agent.abort()
    assert (early.alive(), meanwhile.alive()) == ([*worker], [])
    written = meanwhile.words()
    model.rules = []
    assert (await live.run("bash: echo later >requests\nsay: On we go.")).summary == "On we go."
    await later.all_at_work()
    assert (early.alive(), meanwhile.words()) == ([*worker], written)
    await live.agent.stop()
    assert (early.alive(), later.alive(), live.marked()) == ([], [], [])
