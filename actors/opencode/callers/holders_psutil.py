"""Finds the holder of a connection's other end on systems without `/proc`, process by process. Blocking.

No table shows whether a connection still has a holder at its other end. So our own end is looked at: it is no longer
established when the other was closed.
"""

from collections.abc import Iterator
from collections.abc import Sequence as Many
from contextlib import suppress

import psutil

from ....domain.callers import ANOTHER, UNKNOWN, Caller, OwnAgent
from ..program.environment import MARKER
from .holders_linux import agent_named
from .socket_table import Ends


def look(instance: str, names: Many[str], connections: Many[Ends]) -> list[Caller]:
    """See `caller_lookup.Look`."""
    del names  # whatever is marked with the instance is ours
    held = {ends: agent for process, agent in _kin(instance) for ends, _ in _connections(process)}
    open_ends = {
        Ends(ends.server, ends.client)
        for ends, status in _connections(psutil.Process())
        if status == psutil.CONN_ESTABLISHED
    }
    return [held.get(ends) or (ANOTHER if ends in open_ends else UNKNOWN) for ends in connections]


def _kin(instance: str) -> Iterator[tuple[psutil.Process, OwnAgent]]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            of_instance, marked, name = process.environ().get(MARKER, "").partition(":")
            if marked and of_instance == instance and process.pid != psutil.Process().pid:
                for one in (process, *process.children(recursive=True)):
                    with suppress(psutil.Error):
                        yield one, agent_named(name, one.name())


def _connections(process: psutil.Process) -> Iterator[tuple[Ends, str]]:
    """A process's connections as it has them itself, with their states."""
    with suppress(psutil.Error):
        for connection in process.net_connections(kind="tcp"):
            with suppress(ValueError):  # one that only listens
                yield Ends.of(connection.laddr, connection.raddr), connection.status
