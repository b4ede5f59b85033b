"""Which processes belong to which call of an agent, shown on plain processes in place of opencode."""

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.support.waiting import eventually

from opencode_ledger.actors.opencode import sweep_all
from opencode_ledger.actors.opencode.host.shell import withholding_shell
from opencode_ledger.actors.opencode.processes import inherited
from opencode_ledger.actors.opencode.processes.calls import Commands
from opencode_ledger.actors.opencode.processes.interrupt import Interrupt
from opencode_ledger.actors.opencode.program.environment import MARKER, marker
from opencode_ledger.domain.opencode.command_times import CommandTimes

from ..faults.processes import sleep_alone

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of others are seen on Linux alone")


class Agent:
    """A Python that starts what its arguments say in sessions of their own, or in its own, and waits for none of it."""

    def __init__(self, shell: Path) -> None:
        self.instance = secrets.token_hex(8)
        self.marker = marker(self.instance, "cb_test")
        environment = {"PATH": os.environ["PATH"], "SHELL": "/bin/sh", MARKER: self.marker}
        self.environment = environment | withholding_shell(shell, environment)
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        program = (
            "import subprocess, sys\n"
            "for line in sys.stdin:\n"
            "    own, _, command = line.strip().partition(' ')\n"
            "    shell = [sys.argv[1]] if own == 'call' else ['/bin/sh']\n"
            "    subprocess.Popen([*shell, '-c', command], start_new_session=own == 'call')\n"
        )
        arguments = (sys.executable, "-c", program, self.environment["SHELL"])
        self.process = await asyncio.create_subprocess_exec(
            *arguments, stdin=subprocess.PIPE, env=self.environment, start_new_session=True
        )
        inherited.put_on(self.process.pid, self.marker)

    async def order(self, line: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()

    def commands(self, *, shelled: bool) -> Commands:
        assert self.process is not None
        return Commands(self.process.pid, self.marker, shelled)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    agent = await asyncio.to_thread(Agent, tmp_path / "shell")
    try:
        await agent.start()
        yield agent
    finally:
        await sweep_all(agent.instance)
        if agent.process is not None:
            assert agent.process.stdin is not None
            agent.process.stdin.close()
            await agent.process.wait()


async def interrupted(looking: Commands, *, open_since: float | None = None) -> Interrupt:
    """An interrupt at this moment. `open_since`: when the only open command began, in s since the epoch."""
    times = CommandTimes() if open_since is None else CommandTimes((open_since * 1000,))
    return await asyncio.to_thread(Interrupt, looking, times)


@pytest.mark.parametrize("shelled", [True, False])
async def test_what_opencode_itself_starts_is_never_ended(agent: Agent, shelled: bool) -> None:
    """A language or MCP server, whenever it was started, outlives the interrupt; the command of the call doesn't."""
    early, early_sleeps = sleep_alone()
    call, call_sleeps = sleep_alone()
    late, late_sleeps = sleep_alone()
    await agent.order(f"own {early}")
    await agent.order(f"call {call}")
    await eventually(lambda: early_sleeps() and call_sleeps())
    interrupt = await interrupted(agent.commands(shelled=shelled), open_since=0.0)
    await agent.order(f"own {late}")
    await eventually(late_sleeps)
    await interrupt.end(0.0, 5.0)
    assert (early_sleeps(), call_sleeps(), late_sleeps()) == (True, False, True)


async def test_a_helper_of_a_server_of_opencode_is_no_command(agent: Agent) -> None:
    """What an MCP server starts in a session of its own, such as a browser, isn't taken for a command of a call."""
    helper, sleeps = sleep_alone()
    await agent.order(f"own (setsid {helper} &)")
    await eventually(sleeps)
    await (await interrupted(agent.commands(shelled=True), open_since=0.0)).end(0.0, 5.0)
    assert sleeps()


async def has_ended(looking: Commands, calls: int) -> None:
    """Wait until the shells of this number of calls are gone."""
    async with asyncio.timeout(60):
        while len((found := await asyncio.to_thread(looking.by_call)).keys() - looking.shells(found)) != calls:
            await asyncio.sleep(0.02)


async def test_what_two_calls_left_is_kept_apart(agent: Agent) -> None:
    """Of two calls whose shells have ended, one still holds its output: what began with it or later is ended alone."""
    left, left_sleeps = sleep_alone()
    held, held_sleeps = sleep_alone()
    await agent.order(f"call {left} &")
    await eventually(left_sleeps)
    looking = agent.commands(shelled=True)
    await has_ended(looking, 1)
    opened = time.time() + 0.2
    await eventually(lambda: time.time() > opened + 0.1)
    await agent.order(f"call env -i setsid {held} &")
    await eventually(held_sleeps)
    await has_ended(looking, 2)
    await (await interrupted(looking, open_since=opened)).end(0.0, 5.0)
    assert (left_sleeps(), held_sleeps()) == (True, False)
    await (await interrupted(looking)).end(0.0, 5.0)
    assert left_sleeps()


WORKER = "while :; do {worker} & echo $! >>{notes}; wait $!; done"


async def test_a_server_that_restarts_its_worker_goes_on(agent: Agent, tmp_path: Path) -> None:
    """A worker that began during the interrupted call is ended once; the one that takes its place is the server's own."""
    worker, works = sleep_alone()
    call, call_sleeps = sleep_alone()
    start, notes = tmp_path / "start", tmp_path / "notes"
    waiting = f"until [ -e {start} ]; do sleep 0.01; done"
    await agent.order(f"call setsid sh -c '{waiting}; {WORKER.format(worker=worker, notes=notes)}' >/dev/null 2>&1 &")
    looking = agent.commands(shelled=True)
    await has_ended(looking, 1)
    await agent.order(f"call {call}")
    await eventually(call_sleeps)
    start.touch()
    await eventually(works)
    await (await interrupted(looking, open_since=0.0)).end(0.0, 5.0)
    assert not call_sleeps()
    await eventually(works)
    assert len(notes.read_text().split()) == 2


CRON = """
import os, pathlib, time
while not os.path.exists({start!r}):
    time.sleep(0.01)
while True:
    time.sleep(0.01)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            pathlib.Path({note!r}).write_text(str(time.time()))
            time.sleep(0.5)
        os._exit(0)
    os.wait()
"""


async def test_a_server_that_starts_jobs_without_parents_goes_on(agent: Agent, tmp_path: Path) -> None:
    """Its daemons of a moment hold up no interrupt, and a daemon of the same server that forks without end is ended."""
    program, start, note, forks = (tmp_path / name for name in ("cron.py", "start", "note", "forks"))
    program.write_text(CRON.format(start=str(start), note=str(note)))
    call, call_sleeps = sleep_alone()
    await agent.order(f"call {sys.executable} {program} >/dev/null 2>&1 &")
    looking = agent.commands(shelled=True)
    await has_ended(looking, 1)
    endless = f"until [ -e {start} ]; do sleep 0.01; done; f() {{ echo x >>{forks}; sleep 0.01; f & exit 0; }}; f"
    await agent.order(f'call setsid sh -c "{endless}" >/dev/null 2>&1 &')
    await has_ended(looking, 2)
    await agent.order(f"call {call}")
    await eventually(call_sleeps)
    start.touch()
    await eventually(lambda: note.exists() and forks.exists() and forks.stat().st_size > 20)
    with capture_logs() as logged:
        await (await interrupted(looking, open_since=0.0)).end(0.2, 30.0)
    size, seen = forks.stat().st_size, note.read_text()
    assert not logged
    assert not call_sleeps()
    await eventually(lambda: note.read_text() not in {"", seen})
    assert forks.stat().st_size == size


async def test_a_command_may_end_by_itself_first(agent: Agent, tmp_path: Path) -> None:
    """A command is asked to end before it is ended by force, and has time to put its things in order."""
    note = tmp_path / "note.txt"
    await agent.order(f"call trap 'echo bye > {note}; exit' TERM; echo here > {note}; while :; do sleep 0.02; done")
    await eventually(lambda: note.exists() and note.read_text() == "here\n")
    await (await interrupted(agent.commands(shelled=True), open_since=0.0)).end(5.0, 5.0)
    assert note.read_text() == "bye\n"


async def test_the_mark_survives_what_the_environment_does_not(agent: Agent) -> None:
    """A daemon without environment, parents, session or files is found again by another server of the same directory."""
    daemon, sleeps = sleep_alone()
    await agent.order(f"call (env -i setsid {daemon} <&- >&- 2>&- &)")
    await eventually(sleeps)
    assert agent.process is not None
    agent.process.kill()
    await agent.process.wait()
    await sweep_all(secrets.token_hex(8))
    assert sleeps()
    await sweep_all(agent.instance)
    assert not sleeps()


async def test_what_forks_without_end_does_not_outrun_a_sweep(agent: Agent, tmp_path: Path) -> None:
    """Processes that exist for a moment each, every one started by the one before, are all gone after a sweep."""
    files = [tmp_path / str(number) for number in range(6)]
    for file in files:
        fork = f"f() {{ echo x >>{file}; sleep 0.01; f & exit 0; }}; f"
        await agent.order(f'call setsid sh -c "{fork}" >/dev/null 2>&1 &')
    await eventually(lambda: all(file.exists() and file.stat().st_size > 20 for file in files))
    await sweep_all(agent.instance)
    sizes = [file.stat().st_size for file in files]
    command, sleeps = sleep_alone()
    other = await asyncio.create_subprocess_exec(*command.split())
    await eventually(sleeps)
    other.kill()
    await other.wait()
    assert [file.stat().st_size for file in files] == sizes


async def test_a_process_without_a_mark_has_none() -> None:
    """One that is gone bears no mark; a mark that can't be put on is no error."""
    assert await asyncio.to_thread(inherited.read, 2**22 + 1) is None
    inherited.put_on(2**22 + 1, "a:b")
    assert inherited.same_instance(inherited.number_of("a:b"), "a")
    assert not inherited.same_instance(inherited.number_of("a:b"), "b")
