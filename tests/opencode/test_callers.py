"""Whose a connection is: real processes that bear an agent's marks, or none, and hold its other end."""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest

from opencode_ledger.actors.opencode.callers import holders_linux, holders_psutil, kin
from opencode_ledger.actors.opencode.callers.caller_lookup import Callers, Look
from opencode_ledger.actors.opencode.callers.socket_table import Ends
from opencode_ledger.actors.opencode.processes import inherited
from opencode_ledger.actors.opencode.program.environment import MARKER, marker
from opencode_ledger.actors.opencode.starting.presence import Presence
from opencode_ledger.domain.callers import ANOTHER, UNKNOWN, Caller, OwnAgent
from opencode_ledger.domain.ids import CodebaseId

LIMIT = 20.0
INSTANCE = secrets.token_hex(8)
HOLD = "exec 3<>/dev/tcp/127.0.0.1/$PORT; echo x >&3; read -r line <&3"
"""Connects, says something, and holds the connection until the server closes it."""

PYTHON = f"""'{sys.executable}' -c '
import ctypes, os, socket, sys, threading
{{before}}
s = socket.create_connection(({{host}}, int(os.environ["PORT"])))
s.send(b"x")
{{after}}
s.recv(1)'"""


def python(before: str = "", after: str = "", host: str = '"127.0.0.1"') -> str:
    return PYTHON.format(before=before, after=after, host=host)


FROM_ENVIRONMENT = {
    "itself": HOLD,
    "in the background": f"( {HOLD} ) & sleep 30",
    "detached": f"setsid bash -c '{HOLD}' <&- >&- 2>&- & exit",
    "forked twice": f"(setsid bash -c '{HOLD}' <&- >&- 2>&- &); exit",
    "a child without its environment": f"env -i \"PORT=$PORT\" bash -c '{HOLD}'; true",
    "a child of a child": f'env -i "PORT=$PORT" bash -c "bash -c \'{HOLD}\'; true"; true',
    "with an odd name": python('open("/proc/self/comm", "w").write(") Z 1 (x")'),
    "half closed": python(after="s.shutdown(socket.SHUT_WR)"),
    "by IPv6": HOLD.replace("127.0.0.1", "::1"),
    "by an IPv6 socket over IPv4": python(host='"::ffff:127.0.0.1"'),
    "from another address of loopback": python(
        'c = socket.create_connection\nsocket.create_connection = lambda a: c(a, source_address=("127.0.0.9", 0))'
    ),
}
"""Commands whose connection bears the mark of an environment, its own or its ancestors'."""

BY_LIMIT = {
    "an orphan without its environment": f"(env -i \"PORT=$PORT\" setsid bash -c '{HOLD}' <&- >&- 2>&- &); exit",
    "handed to an orphan": 'exec 3<>/dev/tcp/127.0.0.1/$PORT; echo x >&3; (env -i setsid bash -c "read <&3" &); exit',
    "held by a thread whose process seems to have ended": python(
        after="threading.Thread(target=s.recv, args=(1,)).start()\nctypes.CDLL(None).pthread_exit(None)"
    ),
    "by a thread with open files of its own": f"""'{sys.executable}' -c '
import ctypes, os, socket, threading
pair = socket.socketpair()
def call():
    assert ctypes.CDLL(None).unshare(0x400) == 0
    s = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])))
    s.send(b"x")
    s.recv(1)
thread = threading.Thread(target=call)
thread.start()
thread.join()'""",
}
"""Commands that only Linux can recognize."""

ON_ITS_WAY = f"""'{sys.executable}' -c '
import os, socket, time
here, there = socket.socketpair()
s = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])))
s.send(b"x")
socket.send_fds(here, [b"x"], [s.fileno()])
s.close()
time.sleep(30)'"""
"""A connection that nobody holds: it was sent to another process, which hasn't taken it yet."""

ENDED = {
    "gone": "exec 3<>/dev/tcp/127.0.0.1/$PORT; echo x >&3; exit",
    "reset": python(
        after='import struct\ns.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))\nos._exit(0)'
    ),
}
"""Commands that have ended when it is asked whose the connection was."""


@dataclass
class Listening:
    """Two servers on one port, one for each family."""

    port: int
    sockets: Sequence[socket.socket]

    def accept(self) -> tuple[socket.socket, Ends]:
        """A connection that has said something."""
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            for listening in self.sockets:
                try:
                    connection, peer = listening.accept()
                except BlockingIOError:
                    continue
                connection.settimeout(LIMIT)
                own = connection.getsockname()
                with suppress(ConnectionError):
                    connection.recv(1)
                return connection, Ends.of(peer, own)
            time.sleep(0.005)
        raise AssertionError("nobody connected")


@pytest.fixture
def listening() -> Iterator[Listening]:
    with socket.create_server(("127.0.0.1", 0)) as four:
        port = four.getsockname()[1]
        with socket.create_server(("::1", port), family=socket.AF_INET6) as six:
            for one in (four, six):
                one.setblocking(False)
            yield Listening(port, (four, six))


@contextmanager
def run(command: str, port: int, marked: str | None) -> Generator[subprocess.Popen[bytes]]:
    """A command, begun when its process bears its marks; all of it is ended at the end."""
    environment = {"PATH": os.environ["PATH"], "PORT": str(port), "TEST_CALLERS": INSTANCE}
    if marked is not None:
        environment[MARKER] = marked
    with subprocess.Popen(
        ["bash", "-c", 'read -r begin; eval "$1"', "_", command],
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            if marked is not None:
                inherited.put_on(process.pid, marked)
            assert process.stdin is not None
            process.stdin.write(b"begin\n")
            process.stdin.flush()
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def seen(look: Look, command: str, listening: Listening, marked: str | None, *, ended: bool = False) -> Caller:
    with run(command, listening.port, marked) as process:
        connection, ends = listening.accept()
        with connection:
            if ended:
                process.wait(LIMIT)
            return look(INSTANCE, ["cb_1", "models"], [ends])[0]


@pytest.mark.parametrize("look", [holders_linux.look, holders_psutil.look], ids=["linux", "elsewhere"])
def test_a_connection_of_an_agent(look: Look, listening: Listening, subtests: pytest.Subtests) -> None:
    """However a process of an agent connects, and whatever of its environment is left, its connection is known as the agent's."""
    by_limit = BY_LIMIT if look is holders_linux.look else {}
    for way, command in {**FROM_ENVIRONMENT, **by_limit}.items():
        with subtests.test(way):
            caller = seen(look, command, listening, marker(INSTANCE, "cb_1"))
            assert isinstance(caller, OwnAgent), caller
            assert caller.codebase == "cb_1"
            assert caller.program


@pytest.mark.parametrize("look", [holders_linux.look, holders_psutil.look], ids=["linux", "elsewhere"])
def test_a_connection_of_somebody_else(look: Look, listening: Listening, subtests: pytest.Subtests) -> None:
    """Processes without a mark, and with that of another data directory's agents, are others; so is the service itself."""
    for marked in (None, marker(secrets.token_hex(8), "cb_1"), f"{INSTANCE}x:cb_1", INSTANCE, ""):
        with subtests.test(str(marked)):
            assert seen(look, HOLD, listening, marked) == ANOTHER
    with subtests.test("itself"), socket.create_connection(("127.0.0.1", listening.port)) as ours:
        ours.send(b"x")
        connection, ends = listening.accept()
        with connection:
            assert look(INSTANCE, ["cb_1"], [ends]) == [ANOTHER]


@pytest.mark.parametrize("look", [holders_linux.look, holders_psutil.look], ids=["linux", "elsewhere"])
@pytest.mark.parametrize("way", ENDED)
def test_a_connection_of_nobody(look: Look, way: str, listening: Listening) -> None:
    """A caller that has ended since is unknown: that is said, and it isn't taken for another."""
    assert seen(look, ENDED[way], listening, marker(INSTANCE, "cb_1"), ended=True) == UNKNOWN
    assert look(INSTANCE, ["cb_1"], [Ends.of(("127.0.0.1", 1), ("127.0.0.1", 2))]) == [UNKNOWN]


def test_a_connection_on_its_way(listening: Listening) -> None:
    """A socket that is under way from one process to another is nobody's, and not taken for somebody else's."""
    with run(ON_ITS_WAY, listening.port, marker(INSTANCE, "cb_1")):
        connection, ends = listening.accept()
        with connection:
            deadline = time.monotonic() + LIMIT
            while (caller := holders_linux.look(INSTANCE, ["cb_1"], [ends])[0]) != UNKNOWN:
                assert isinstance(caller, OwnAgent)  # until it is closed
                assert time.monotonic() < deadline


def test_a_process_of_no_codebase(listening: Listening) -> None:
    """An opencode that is asked for models or histories is an agent too; it has no codebase, or the one it is asked about."""
    for name, codebase in (("models", None), ("cb_1/history", "cb_1")):
        with run(HOLD, listening.port, marker(INSTANCE, name)):
            connection, ends = listening.accept()
            with connection:
                assert holders_linux.look(INSTANCE, [name], [ends]) == [
                    OwnAgent(CodebaseId(codebase) if codebase else None, "bash")
                ]


def test_a_process_that_can_not_be_looked_into(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an agent has such a process, only who is seen to hold a connection is somebody else."""

    def shut(_pid: int) -> set[int]:
        raise PermissionError

    monkeypatch.setattr(holders_linux, "sockets_of", shut)
    assert seen(holders_linux.look, HOLD, listening, marker(INSTANCE, "cb_1")) == UNKNOWN
    with run("sleep 30", listening.port, marker(INSTANCE, "cb_1")):
        assert seen(holders_linux.look, HOLD, listening, None) == ANOTHER


async def test_all_who_ask_share_a_look() -> None:
    """Nobody is looked for while no agent is there; who comes while a look is under way shares the next one with all others."""
    looks: list[int] = []
    begun, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def look(_instance: str, names: Sequence[str], connections: Sequence[Ends]) -> list[Caller]:
        assert list(names) == ["cb_1"]
        looks.append(len(connections))
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(LIMIT)
        return [OwnAgent(CodebaseId(f"cb_{ends.client[1]}"), "x") for ends in connections]

    presence = Presence()
    callers = Callers(INSTANCE, presence, look)
    ends = [Ends(("127.0.0.1", number), ("127.0.0.1", 1)) for number in range(1, 6)]
    assert await callers.of(ends[0]) == ANOTHER
    gone = presence.comes("cb_1")
    first = asyncio.ensure_future(callers.of(ends[0]))
    await begun.wait()
    others = [asyncio.ensure_future(callers.of(one)) for one in ends[1:]]
    await asyncio.sleep(0)
    others[-1].cancel()
    go_on.set()
    found = await asyncio.gather(first, *others[:-1])
    assert [caller.codebase for caller in found if isinstance(caller, OwnAgent)] == ["cb_1", "cb_2", "cb_3", "cb_4"]
    assert looks == [1, 4]
    gone()
    gone()
    assert await callers.of(ends[0]) == ANOTHER
    await callers.close()
    assert looks == [1, 4]


async def test_a_look_that_fails() -> None:
    """Where nothing can be seen, nobody is taken for somebody else."""

    def look(_instance: str, _names: Sequence[str], _connections: Sequence[Ends]) -> list[Caller]:
        raise OSError("nothing to see")

    presence = Presence()
    callers = Callers(INSTANCE, presence, look)
    with presence.kept("cb_1"):
        for _ in range(2):
            assert await callers.of(Ends(("127.0.0.1", 1), ("127.0.0.1", 2))) == UNKNOWN
    assert not presence


async def test_a_look_that_misses_one() -> None:
    """Who is not seen is looked for once more, alone; who is still not seen stays unknown."""
    looks: list[list[int]] = []

    def look(_instance: str, _names: Sequence[str], connections: Sequence[Ends]) -> list[Caller]:
        looks.append([ends.client[1] for ends in connections])
        if len(looks) == 1:
            return [UNKNOWN, ANOTHER, UNKNOWN]
        return [ANOTHER, UNKNOWN]

    presence = Presence()
    callers = Callers(INSTANCE, presence, look)
    with presence.kept("cb_1"):
        asked = [callers.of(Ends(("127.0.0.1", number), ("127.0.0.1", 9))) for number in (1, 2, 3)]
        assert await asyncio.gather(*asked) == [ANOTHER, ANOTHER, UNKNOWN]
    assert looks == [[1, 2, 3], [1, 3]]
    await callers.close()


@pytest.mark.parametrize("ended", [FileNotFoundError, ProcessLookupError])
@pytest.mark.parametrize("folder", ["fd", "task", "task/{thread}/fd"])
def test_a_process_that_ends_meanwhile(folder: str, ended: type[OSError], monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may end at any moment of a look: it holds nothing then, and the look goes on."""
    scandir, go_on = os.scandir, threading.Event()
    thread = threading.Thread(target=go_on.wait, daemon=True)
    thread.start()
    gone = f"/proc/{os.getpid()}/{folder.format(thread=thread.native_id)}"

    def scan(path: str | os.PathLike[str]) -> Iterator[os.DirEntry[str]]:
        if os.fspath(path) == gone:
            raise ended
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scan)
    with socket.socket() as held:
        found = kin.sockets_of(os.getpid())
        number = os.fstat(held.fileno()).st_ino
    go_on.set()
    thread.join()
    assert number in found  # the process's other threads have the same files
