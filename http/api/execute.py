"""From a request to a codebase's actor and back: the command, named by its request, and the answer that follows."""

from collections.abc import Sequence as Many
from typing import Final, TypeVar

from aiohttp import web

from ...domain.codebase.commands import Command, Register
from ...domain.codebase.requests import IdempotencyKey, Request, Tell
from ...domain.events import Event
from ...domain.ids import CodebaseId
from ..web.answers import json_answer
from ..web.correlation import correlation_of
from .service import Service

KEY: Final = web.RequestKey("idempotency_key", IdempotencyKey)
ANSWERED: Final = web.RequestKey("answered", bool)
"""Set once the answer is recorded under the request's key."""

E = TypeVar("E", bound=Event)


async def carry_out(
    service: Service, request: web.Request, codebase: CodebaseId, command: Command, tell: Tell
) -> web.Response:
    """Have a codebase's actor do something; the answer is what `tell` makes of the recorded events.

    With an idempotency key the answer is recorded together with these. Raises `LedgerError`.
    """
    named = Request(correlation_id=correlation_of(request), tell=tell, key=request.get(KEY))
    if isinstance(command, Register):
        answer = await service.supervisor.register(command, named)
    else:
        answer = await service.supervisor.ask(codebase, command, named)
    request[ANSWERED] = True
    return json_answer(answer.content)


def saying(message: str) -> Tell:
    """An answer that is the same whatever happened."""
    return lambda _events: {"success": True, "message": message}


def the(kind: type[E], events: Many[Event]) -> E:
    """The one event of a kind."""
    return next(event for event in events if isinstance(event, kind))
