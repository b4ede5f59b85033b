"""What counts as one client, and how many commands it may send."""

import ipaddress
import math
from collections import OrderedDict
from typing import Final

from aiohttp import web

from ...domain.ports import Clock
from .errors import TooManyRequests

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


class Pace:
    """Allows each client a burst of commands, and then a steady rate per second."""

    def __init__(self, clock: Clock, *, burst: int = COMMANDS_AT_ONCE, rate: float = COMMANDS_PER_SECOND) -> None:
        self._clock, self._burst, self._rate = clock, burst, rate
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def command(self, client: str | None) -> None:
        """Count one command. Raises `TooManyRequests` with the time to wait. Clients on this machine have no limit."""
        if client is None:
            return
        now = self._clock.monotonic()
        left, since = self._clients.pop(client, (float(self._burst), now))
        left = min(self._burst, left + (now - since) * self._rate)
        allowed = left >= 1
        self._clients[client] = (left - 1 if allowed else left, now)
        if len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)
        if not allowed:
            raise TooManyRequests(
                f"This client sends more than {self._rate:g} commands per second.", math.ceil((1 - left) / self._rate)
            )
