"""Who sent a request: found out once, at the gate, and named by every event that the request causes."""

from typing import Final

from aiohttp import web

from ...domain.errors import InvalidInput
from ...domain.principals import Principal, why_no_name
from ...domain.secrets.masker import Secrets
from ..access.tokens import Token

_PRINCIPAL: Final = web.RequestKey("principal", Principal)
_TOKEN: Final = web.RequestKey("token", Token)


class UserHeaderRefused(InvalidInput):
    """Only a proxy, whose token has the scope `proxy`, may name the person for whom it sends a request."""

    code = "user_header_refused"


class BadUserName(InvalidInput):
    """The header that names the person must be given once, with a name that can be recorded."""

    code = "bad_user_name"


def sent_by(request: web.BaseRequest, principal: Principal, token: Token | None = None) -> None:
    """Note who sent a request, and with which token."""
    request[_PRINCIPAL] = principal
    if token is not None:
        request[_TOKEN] = token


def principal_of(request: web.BaseRequest) -> Principal:
    """Who sent a request that passed the gate, other than to an address that is open to all."""
    return request[_PRINCIPAL]


def token_of(request: web.BaseRequest) -> Token | None:
    """The token of a request; None where none is required."""
    return request.get(_TOKEN)


def limit_of(request: web.BaseRequest) -> frozenset[str] | None:
    """The ids and names of the codebases that the request's token is limited to; None for all."""
    token = token_of(request)
    return token.codebases if token else None


def vouched(request: web.BaseRequest, header: str | None, token: Token | None, secrets: Secrets) -> Principal | None:
    """The person whom a proxy names in `header`; None where nobody is named.

    Raises `UserHeaderRefused` for a caller that is no proxy, and `BadUserName`.
    """
    given = request.headers.getall(header, []) if header else []
    if not given:
        return None
    if token is None or not token.vouches:
        raise UserHeaderRefused(f"`{header}` is only for a proxy whose token has the scope `proxy`.")
    if len(given) > 1:
        raise BadUserName(f"`{header}` must be given once.")
    if why := why_no_name(given[0], secrets):
        raise BadUserName(f"`{header}` can't be recorded: it {why}.")
    return Principal(given[0], via=token.principal.by)
