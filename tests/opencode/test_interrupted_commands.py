"""What an interrupt ends: every command of the calls that it interrupts, however it tries to live on, and nothing else."""

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from scripts.scripted_model import Call, Say, ScriptedModel, when

from opencode_ledger.domain.codebase import facts as f

from ..faults.processes import commands, eventually
from .conftest import MakeLive
from .live import Live

WRITE: Final = "while :; do echo x >> {}; sleep 0.05; done"
IGNORE: Final = "trap : 1 2 3 6 10 12 13 14 15 20 21 22; trap '' 1 2 3 6 10 12 13 14 15 20 21 22;"
PYTHON: Final = (
    "import os,signal,sys,time\n"
    "[signal.signal(n, signal.SIG_IGN) for n in range(1, 32) if n not in (9, 17, 19)]\n"
    "os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); os.closerange(0, 256)\n"
    "while True:\n open(sys.argv[1], 'a').write('x\\n'); time.sleep(0.05)\n"
)

WAYS: Final[Mapping[str, str]] = {
    "in the background": "sh -c '{write}' &",
    "ignoring every signal": 'sh -c "{ignore} {write}" &',
    "forked twice": "( ( sh -c '{write}' & ) & )",
    "in a session of its own": "setsid sh -c '{write}' </dev/null >/dev/null 2>&1 &",
    "in a session of its own, ignoring every signal": 'setsid sh -c "{ignore} {write}" </dev/null >/dev/null 2>&1 &',
    "immune to hang-ups": "nohup sh -c '{write}' </dev/null >/dev/null 2>&1 &",
    "a child of a child": 'sh -c "sh -c \'sh -c \\"{write}\\"; true\'; true" &',
    "in a process group of its own": "bash -c \"set -m; sh -c '{write}' & exit 0\"",
    "stopped": "sh -c 'echo x > {file}; kill -STOP $$; {write}' &",
    "stopped, in a session of its own": "setsid sh -c 'echo x > {file}; kill -STOP $$; {write}' &",
    "with a cleared environment": "env -i sh -c '{write}' &",
    "with a cleared environment, forked twice": "(env -i setsid sh -c '{write}' <&- >&- 2>&- &)",
    "with its limits set back": "(ulimit -S -x unlimited; setsid sh -c '{write}' >/dev/null 2>&1 &)",
    "forking without end": "sh -c 'f() {{ echo x >> {file}; sleep 0.02; f & exit 0; }}; f' &",
    "forking without end, in a session of its own": (
        "setsid sh -c 'f() {{ echo x >> {file}; sleep 0.02; f & exit 0; }}; f' >/dev/null 2>&1 &"
    ),
    "a daemon by the book": "python3 daemon.py {file}",
    "disowned": "bash -c 'sh -c \"{write}\" & disown -a; exit 0' &",
    "through xargs": "echo {file} | xargs -I@ setsid -f sh -c 'while :; do echo x >> @; sleep 0.05; done'",
    "under another name": "(exec -a opencode sh -c '{write}') &",
    **{f"one of ten: {number}": "sh -c '{write}' &" for number in range(1, 11)},
}
"""How a command may try to outlive the call that began it."""


class Writers:
    """Commands that write to files of their own for ever, known on the machine by a word that nobody else has."""

    def __init__(self, live: Live, ways: Mapping[str, str] = WAYS) -> None:
        self._word = secrets.token_hex(8)
        self._files = {way: live.directory / f"{self._word}-{number}.txt" for number, way in enumerate(ways)}
        (live.directory / "daemon.py").write_text(PYTHON)
        self.command = "\n".join(self._of(way, text) for way, text in ways.items())

    def _of(self, way: str, text: str) -> str:
        file = self._files[way].name
        return text.format(write=WRITE.format(file), ignore=IGNORE, file=file)

    async def all_at_work(self) -> None:
        await eventually(lambda: [way for way, file in self._files.items() if not file.exists()] == [])

    def alive(self) -> list[str]:
        """The ways in which one is alive."""
        running = commands().values()
        return [way for way, file in self._files.items() if any(file.name.encode() in line for line in running)]

    def words(self) -> int:
        return sum(len(file.read_bytes()) for file in self._files.values())


def without_the_call(command: str) -> str:
    """The command, as its own shell has it on its command line, is not one of its children."""
    return f"{command}\nexec sleep 300"


@pytest.fixture
def shelled(make_live: MakeLive, tmp_path: Path) -> Live:
    """An agent as the service makes them, with the shell in between."""
    return make_live(shell_dir=tmp_path / "shell")


async def test_no_command_outlives_its_interrupt(shelled: Live, model: ScriptedModel) -> None:
    """However a command tries to live on, none is left when the interrupt returns, and none comes back."""
    live, writers = shelled, Writers(shelled)
    held = Writers(live, {"holding the output": "setsid sh -c '{write}' &"})
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
        Writers(live, {"restarting": restarting}),
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
