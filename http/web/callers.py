"""Keeps the service's own agents from using it, if no tokens do that."""

import asyncio
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from aiohttp import web

from ...domain.callers import ANOTHER, Caller, OwnAgent
from ...domain.errors import CalledByAgent, CallerUnknown
from .correlation import correlation_of
from .refused_access import RefusedAccess

HEALTH: Final = "/healthz"
"""Any caller may learn whether the process is alive, and nothing else."""


class AgentProcesses(Protocol):
    """What the check needs of those who run the agents."""

    @property
    def any_there(self) -> bool:
        """Whether a process of any agent may be there."""
        ...

    async def caller(self, client: object, server: object) -> Caller:
        """Who is at the client's end of a connection. `client` and `server`: the socket addresses of its two ends."""
        ...


class CallerCheck:
    """Refuses requests from the service's own agents. Each connection is checked once, at its first request."""

    def __init__(self, agents: AgentProcesses, refused: RefusedAccess) -> None:
        self._agents, self._refused = agents, refused
        self._known: WeakKeyDictionary[asyncio.Transport, Caller] = WeakKeyDictionary()

    async def check(self, request: web.Request) -> None:
        """Raise `CalledByAgent` or `CallerUnknown` if this request must be refused."""
        transport = request.transport
        known = self._known.get(transport) if transport else None
        if request.path == HEALTH or known == ANOTHER or (known is None and not self._agents.any_there):
            return
        if transport is None:
            raise CallerUnknown  # the client has closed the connection
        if known is None:
            known = await self._agents.caller(
                transport.get_extra_info("peername"), transport.get_extra_info("sockname")
            )
            self._known[transport] = known
        if isinstance(known, OwnAgent):
            call = f"{request.method} {request.rel_url.raw_path}"
            await self._refused.note(known, call, correlation_of(request))
            raise CalledByAgent
        if known != ANOTHER:
            raise CallerUnknown
