"""What counts as one client, and how fast it may go on: commands of a client, and reads of a principal that are recorded."""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from aiohttp import web

from ...domain.ports import Clock
from ...domain.principals import Principal
from .errors import TooManyReads, TooManyRequests

COMMANDS_AT_ONCE: Final = 200
COMMANDS_PER_SECOND: Final = 50.0
MOST_CLIENTS: Final = 10_000
"""The most clients that are remembered. The least recent are forgotten first."""


def client_of(request: web.Request) -> str | None:
    """The network address of a request's client. None for this machine, where all clients share one address.

    An IPv6 client counts as its /64 network, because it can use any address of that.
    """
    try:
        address = ipaddress.ip_address((request.remote or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback:
        return None
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


READS_AT_ONCE: Final = 120
READS_PER_SECOND: Final = 1.0
"""Twice as often as a stream comes back that breaks off each time (`retry: 2000`), so nobody is refused for returning."""


class Allowance:
    """Allows each of many a burst, and then a steady rate per second."""

    def __init__(self, clock: Clock, burst: int, rate: float) -> None:
        self._clock, self._burst, self._rate = clock, burst, rate
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, who: Hashable) -> int:
        """Count one of `who`, unless that is too many. Returns the whole seconds to wait then, and else 0."""
        now = self._clock.monotonic()
        left, since = self._left.pop(who, (float(self._burst), now))
        left = min(self._burst, left + (now - since) * self._rate)
        allowed = left >= 1
        self._left[who] = (left - 1 if allowed else left, now)
        if len(self._left) > MOST_CLIENTS:
            self._left.popitem(last=False)
        return 0 if allowed else math.ceil((1 - left) / self._rate)


class Pace:
    """Refuses what comes too fast."""

    def __init__(self, clock: Clock) -> None:
        self._commands = Allowance(clock, COMMANDS_AT_ONCE, COMMANDS_PER_SECOND)
        self._reads = Allowance(clock, READS_AT_ONCE, READS_PER_SECOND)

    def command(self, client: str | None) -> None:
        """Count one command. Raises `TooManyRequests` with the time to wait. Clients on this machine have no limit."""
        if client is not None and (seconds := self._commands.wait(client)):
            raise TooManyRequests(f"This client sends more than {COMMANDS_PER_SECOND:g} commands per second.", seconds)

    def recorded_read(self, reader: Principal) -> None:
        """Count one read that is recorded, since each makes the log longer. Raises `TooManyReads` with the time to wait."""
        if seconds := self._reads.wait(reader):
            raise TooManyReads(
                f"`{reader.by}` reads the log too often, and each such read is recorded; wait {seconds} s.", seconds
            )
