"""Who a client is, as far as limits go, and how fast it may give commands."""

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
"""Clients that are remembered; the ones unheard of for longest are forgotten first."""


def client_of(request: web.Request) -> str | None:
    """The network address that a request came from; None for this machine, where all clients share one.

    An IPv6 client is its network, out of which it may take any address.
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
    """Lets each client give some commands at once, and then so many a second."""

    def __init__(self, clock: Clock, *, burst: int = COMMANDS_AT_ONCE, rate: float = COMMANDS_PER_SECOND) -> None:
        self._clock, self._burst, self._rate = clock, burst, rate
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def command(self, client: str | None) -> None:
        """Count one command. Raises `TooManyRequests` with the time to wait; never for this machine's own clients."""
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
