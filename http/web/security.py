"""Who may talk to us: the Host and Origin checks that keep foreign web pages out, the tokens and their scopes."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ...domain.errors import Forbidden
from ..settings import Settings
from .callers import CallerCheck
from .errors import Unauthorized, WrongToken
from .rate_limit import Pace, client_of
from .tokens import Scope, Tokens

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_HOST: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[0-9]{0,5}))?")

Access = Scope | Literal["open"]
"""What a request needs: a token with this scope, or nothing at all."""


class ForeignHost(Forbidden):
    """This server does not answer to that Host name."""

    code = "foreign_host"


class ForeignOrigin(Forbidden):
    """Web pages of other origins may not use this service."""

    code = "foreign_origin"


class ScopeMissing(Forbidden):
    """The token is not good for this."""

    code = "scope_missing"

    def __init__(self, needed: Scope, granted: frozenset[Scope]) -> None:
        super().__init__(f"This needs a token with the scope {needed!r}; yours has {', '.join(sorted(granted))}.")
        self.headers = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'}


def gatekeeper(
    settings: Settings,
    tokens: Tokens | None,
    access: Mapping[web.AbstractRoute, Access],
    pace: Pace,
    callers: CallerCheck,
) -> Middleware:
    """The middleware that every request passes first. `access`: what each route needs. `callers`: where no token is asked for."""
    names, loopback = LOCAL_NAMES | {settings.host.lower()}, settings.loopback

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if tokens is None:
            await callers.check(request)
        if loopback:
            _check_host(request, names)
        _check_origin(request)
        if tokens is not None:
            _check_token(request, tokens, access)
        if request.method not in ("GET", "HEAD"):
            pace.command(client_of(request))
        return await handler(request)

    return gate


def _check_host(request: web.Request, names: frozenset[str]) -> None:
    # A page that rebinds its own name to 127.0.0.1 still sends that name here.
    if _host_name(request.headers.get("Host", "")) not in names:
        raise ForeignHost
    # An address with a host of its own, as proxies are sent, is for that host whatever the header says.
    if request.raw_path[:1] not in ("/", "*") and _host_name(request.url.raw_authority) not in names:
        raise ForeignHost


def _check_origin(request: web.Request) -> None:
    host = request.headers.get("Host", "").lower()
    if any(origin not in (f"http://{host}", f"https://{host}") for origin in request.headers.getall("Origin", [])):
        raise ForeignOrigin
    # Browsers send this even where they send no Origin; a page on another port of this machine is foreign too.
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise ForeignOrigin


def _check_token(request: web.Request, tokens: Tokens, access: Mapping[web.AbstractRoute, Access]) -> None:
    # What is no route needs a token too, so that strangers don't learn which addresses there are.
    needed = access.get(request.match_info.route)
    if needed == "open":
        return
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise Unauthorized
    granted = tokens.scopes_of(given.strip())
    if granted is None:
        raise WrongToken
    if needed is not None and needed not in granted:
        raise ScopeMissing(needed, granted)


@lru_cache(maxsize=64)  # nearly all requests name one of a few
def _host_name(host: str) -> str | None:
    parts = _HOST.fullmatch(host)
    if parts is None or int(parts["port"] or 0) >= 2**16:
        return None
    return parts["name"].strip("[]").lower()
