"""Who may use the service: the Host and Origin checks that keep foreign web pages out, tokens and their scopes."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from aiohttp import HttpVersion10, web
from aiohttp.typedefs import Handler, Middleware

from ...domain.errors import Forbidden, InvalidInput
from ...domain.principals import LOCAL
from ...domain.secrets.masker import Secrets
from ..access.token_watch import KnownTokens
from ..access.tokens import Scope, Token
from ..loopback import loopback_of
from ..public_url import PublicUrl
from ..settings import Settings
from .callers import CallerCheck
from .errors import Unauthorized, WrongToken
from .logins.cookie import LoginCookie, LoginEnded
from .principal import sent_by, vouched
from .rate_limit import Pace, client_of

_HOST: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[0-9]{0,5}))?")

Access = Scope | Literal["open"]
"""What a request needs: a token with this scope, or nothing."""

AccessTable = Mapping[tuple[str, str], Access]
"""The access that each route needs, by method and by path without the patterns of its parameters."""


class NoHost(InvalidInput):
    """The `Host` header is required, except with HTTP/1.0."""

    code = "malformed_request"


class ForeignHost(Forbidden):
    """This server does not accept requests for that `Host`; use `localhost`, `127.0.0.1` or the host of `--public-url`."""

    code = "foreign_host"


class ForeignOrigin(Forbidden):
    """Web pages from other origins may not use this service; call it from its own page or from a program."""

    code = "foreign_origin"


class ScopeMissing(Forbidden):
    """This token lacks the needed scope; use a token that has it."""

    code = "scope_missing"

    def __init__(self, needed: Scope, granted: frozenset[Scope]) -> None:
        super().__init__(
            f"This token lacks the scope `{needed}`; it has {', '.join(sorted(granted))}. Use another token."
        )
        self.headers = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'}


def gatekeeper(
    settings: Settings,
    tokens: KnownTokens | None,
    access: AccessTable,
    pace: Pace,
    callers: CallerCheck,
    cookie: LoginCookie,
    secrets: Secrets,
) -> Middleware:
    """The middleware that checks every request first. `callers` is used only if no tokens are required."""
    loopback, header, public = settings.loopback, settings.trusted_user_header, settings.published

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if tokens is None:
            await callers.check(request)
        if loopback:
            _check_host(request, public)
        needed = _needed(request, access)
        _check_origin(request, public, follows_link=needed == "open" and _follows_link(request))
        if tokens is None:
            sent_by(request, LOCAL)
        elif needed != "open":
            # An unknown address needs a token too, so that strangers don't learn which addresses exist.
            token = _token(request, tokens, cookie)
            _check_scope(token, needed)
            sent_by(request, vouched(request, header, token, secrets) or token.principal, token)
        if request.method not in ("GET", "HEAD"):
            pace.command(client_of(request))
        return await handler(request)

    return gate


def _check_host(request: web.Request, public: PublicUrl | None) -> None:
    if "Host" not in request.headers and request.version != HttpVersion10:
        raise NoHost
    # A page that rebinds its own name to 127.0.0.1 still sends that name here. No page can send none at all.
    named = request.headers.getall("Host", [])
    # An address with a host of its own, as proxies are sent, is for that host whatever the header says.
    if request.raw_path[:1] not in ("/", "*"):
        named = [*named, request.url.raw_authority]
    if not all(_is_local(host) or _is_public(host, public) for host in named):
        raise ForeignHost


def _check_origin(request: web.Request, public: PublicUrl | None, *, follows_link: bool) -> None:
    host = request.headers.get("Host", "").lower()
    own = [f"http://{host}", f"https://{host}"] if host and not _is_public(host, public) else []
    own += [public.origin] if public else []
    if any(origin not in own for origin in request.headers.getall("Origin", [])):
        raise ForeignOrigin
    # Browsers send this even where they send no Origin; a page on another port of this machine is foreign too.
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and not follows_link:
        raise ForeignOrigin


def _follows_link(request: web.Request) -> bool:
    """Whether a person follows a link in another page. The other page sees nothing of what the link leads to."""
    sent = request.headers
    by_link = sent.get("Sec-Fetch-Mode") == "navigate" and sent.get("Sec-Fetch-Dest") == "document"
    return by_link and request.method == "GET" and "Origin" not in sent


def _needed(request: web.Request, access: AccessTable) -> Access | None:
    """The access that a request needs, or None for an unknown address."""
    resource = request.match_info.route.resource
    return access.get((request.method, resource.canonical)) if resource else None


def _token(request: web.Request, tokens: KnownTokens, cookie: LoginCookie) -> Token:
    """The valid token that a request has, in its `Authorization` header or else by its cookie."""
    if "Authorization" not in request.headers and (digest := cookie.token_of(request)) is not None:
        token = tokens.with_digest(digest)
        if token is None:
            raise LoginEnded
        return token
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise Unauthorized
    token = tokens.find(given.strip())
    if token is None:
        raise WrongToken
    return token


def _check_scope(token: Token, needed: Scope | None) -> None:
    if needed is not None and needed not in token.scopes:
        raise ScopeMissing(needed, token.scopes)


def _is_public(host: str, public: PublicUrl | None) -> bool:
    """Whether a name, with or without a port, is the host of the public URL. Proxies often leave the port out."""
    parts = _HOST.fullmatch(host)
    return public is not None and parts is not None and parts["name"].lower() == public.host


@lru_cache(maxsize=64)  # nearly all requests name one of a few
def _is_local(host: str) -> bool:
    """Whether a name with or without a port is one of this machine alone."""
    parts = _HOST.fullmatch(host)
    if parts is None or int(parts["port"] or 0) >= 2**16:
        return False
    return loopback_of(parts["name"]) is not None
