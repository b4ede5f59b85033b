"""The holder of a connection's other end on Linux, by the connection table and the files of processes. Blocking."""

import os
from collections.abc import Container, Iterable, Mapping
from collections.abc import Sequence as Many
from pathlib import Path
from typing import Final

from ....domain.callers import ANOTHER, UNKNOWN, Caller, OwnAgent
from ....domain.ids import CodebaseId
from .kin import Kin, Process, held_by_others, program_of, sockets_of
from .socket_table import Ends, socket_number, socket_user

TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def look(instance: str, names: Many[str], connections: Many[Ends]) -> list[Caller]:
    """See `caller_lookup.Look`.

    Sockets are read before the table: a process that ends meanwhile is then missing from the table, and isn't
    overlooked.
    """
    kin, held = Kin(instance, names), dict[int, Process]()
    hidden = _hold(kin.look(), held)
    table = b"".join(path.read_bytes() for path in TABLES if path.exists())
    numbers = [socket_number(table, ends) for ends in connections]
    if any(number and number not in held for number in numbers):
        # A process may have handed its socket to a child and ended while this looked elsewhere.
        hidden = _hold(kin.look(), held) or hidden
    users = [socket_user(table, ends) for ends in connections]
    return [
        _caller(number, held, kin.all, visible=hidden or _is_shown(user))
        for number, user in zip(numbers, users, strict=True)
    ]


def _is_shown(user: int | None) -> bool:
    """Whether the open files of this user's processes can be looked into."""
    return os.geteuid() in (0, user)


def agent_named(name: str, program: str) -> OwnAgent:
    """The agent of a marker's name: its codebase, perhaps with a purpose after a slash."""
    codebase = name.partition("/")[0]
    return OwnAgent(CodebaseId(codebase) if codebase.startswith("cb_") else None, program)


def _hold(processes: Iterable[Process], held: dict[int, Process]) -> bool:
    """Note which sockets these processes hold. Returns whether some processes can't be looked into."""
    hidden = False
    for process in processes:
        try:
            held.update(dict.fromkeys(sockets_of(process.pid), process))
        except PermissionError:
            hidden = True
    return hidden


def _caller(number: int | None, held: Mapping[int, Process], agents: Container[int], *, visible: bool) -> Caller:
    if not number:
        return UNKNOWN
    if (holder := held.get(number)) is not None:
        return agent_named(holder.name, program_of(holder.pid))
    # A socket that nobody holds may be on its way from one process to another, to be read from later.
    return ANOTHER if held_by_others(number, agents) or not visible else UNKNOWN
