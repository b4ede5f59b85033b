"""Who sent a request: found out once, at the gate, and named by every event that the request causes."""

from typing import Final

from aiohttp import web

from ...domain.principals import Principal

_PRINCIPAL: Final = web.RequestKey("principal", Principal)


def sent_by(request: web.BaseRequest, principal: Principal) -> None:
    """Note who sent a request."""
    request[_PRINCIPAL] = principal


def principal_of(request: web.BaseRequest) -> Principal:
    """Who sent a request that passed the gate, other than to an address that is open to all."""
    return request[_PRINCIPAL]
