"""Executes the command of a request: from the request to a codebase's actor, and back to the response."""

from collections.abc import Sequence as Many
from typing import Final, TypeVar

from aiohttp import web

from ...domain.codebase.commands import Command, Register
from ...domain.codebase.requests import IdempotencyKey, Request, Respond
from ...domain.events import Cause, Event
from ...domain.ids import CodebaseId
from ..web.answers import json_answer
from ..web.correlation import correlation_of
from ..web.principal import principal_of
from .service import Service

KEY: Final = web.RequestKey("idempotency_key", IdempotencyKey)
ANSWERED: Final = web.RequestKey("answered", bool)
"""Set when the response is recorded under the request's key."""

E = TypeVar("E", bound=Event)


async def execute(
    service: Service, request: web.Request, codebase: CodebaseId, command: Command, respond: Respond
) -> web.Response:
    """Execute a command in a codebase's actor. `respond` makes the response from the recorded events.

    With an idempotency key, the response is recorded together with the events. Raises `LedgerError`.
    """
    named = named_request(request, respond, request.get(KEY))
    if isinstance(command, Register):
        answer = await service.supervisor.register(command, named)
    else:
        answer = await service.supervisor.ask(codebase, command, named)
    request[ANSWERED] = True
    return json_answer(answer.content)


def named_request(request: web.Request, respond: Respond, key: IdempotencyKey | None = None) -> Request:
    """The request as its events know it. With a `key`, its response is recorded with the events."""
    return Request(correlation_id=correlation_of(request), respond=respond, key=key, principal=principal_of(request))


def cause_of(request: web.Request) -> Cause:
    """What events say of a request that no codebase's actor executes."""
    return named_request(request, lambda _events: {}).cause


def with_message(message: str) -> Respond:
    """A response that is the same for all events."""
    return lambda _events: {"success": True, "message": message}


def the(kind: type[E], events: Many[Event]) -> E:
    """The only event of a kind."""
    return next(event for event in events if isinstance(event, kind))
