"""Who may talk to us: the Host and Origin checks that keep foreign web pages out, and the token."""

import hmac
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ..domain.errors import Forbidden, LedgerError
from .errors import Unauthorized
from .settings import Settings

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
MIN_TOKEN = 16


class ForeignHost(Forbidden):
    """This server does not answer to that Host name."""

    code = "foreign_host"


class ForeignOrigin(Forbidden):
    """Web pages of other origins may not use this service."""

    code = "foreign_origin"


class BadTokenFile(LedgerError):
    """The token file can't be used."""

    code = "bad_token_file"


def read_token(path: Path | None) -> str | None:
    """The first line of the token file; None where there is none."""
    if path is None:
        return None
    try:
        token = path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except OSError as error:
        raise BadTokenFile(f"The token file {path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadTokenFile(f"The token file {path} is not text.") from None
    if len(token) < MIN_TOKEN:
        raise BadTokenFile(
            f"The first line of {path} must be a secret of at least {MIN_TOKEN} characters; "
            f"make one with: head -c 32 /dev/urandom | base64 > {path}"
        )
    return token


def gatekeeper(settings: Settings, token: str | None) -> Middleware:
    """The middleware that every request passes first."""
    names = LOCAL_NAMES | {settings.host.lower()}

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if settings.loopback:
            _check_host(request, names)
        _check_origin(request)
        if token is not None:
            _check_token(request, token)
        return await handler(request)

    return gate


def _check_host(request: web.Request, names: frozenset[str]) -> None:
    # A page that rebinds its own name to 127.0.0.1 still sends that name here.
    if _host_name(request.headers.get("Host", "")) not in names:
        raise ForeignHost


def _check_origin(request: web.Request) -> None:
    host = request.headers.get("Host", "").lower()
    if any(origin not in (f"http://{host}", f"https://{host}") for origin in request.headers.getall("Origin", [])):
        raise ForeignOrigin
    # Browsers send this even where they send no Origin; a page on another port of this machine is foreign too.
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise ForeignOrigin


def _check_token(request: web.Request, token: str) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    right = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())
    if scheme.lower() != "bearer" or not right:
        raise Unauthorized


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
