"""Signing in: the page sends a token once and gets a cookie for it, so that no script of the page can read the token."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ...domain.timestamps import timestamp_of
from ..access.token_watch import KnownTokens
from ..access.tokens import SCOPES
from ..api.request_bodies import NoBody, SignIn
from ..api.service import Service
from ..web.answers import json_answer
from ..web.bodies import read_body
from ..web.errors import WrongToken
from ..web.logins.cookie import LoginCookie, NothingToSignIn, page_key
from ..web.logins.kept import Logins


@dataclass(frozen=True)
class SigningIn:
    """What the handlers need: the valid tokens, if tokens are required, and the logins with their cookie."""

    tokens: KnownTokens | None
    logins: Logins
    cookie: LoginCookie


SIGNING_IN: Final[web.AppKey[SigningIn]] = web.AppKey("signing_in")


async def sign_in(service: Service, request: web.Request) -> web.Response:
    """Sign in to the page with a token.

    The response sets a cookie (`HttpOnly`, `SameSite=Strict`) that is valid for seven days, or until the token is revoked.
    Requests with the cookie can read what the token may read. Commands with it also need the page's `Origin`, and the
    `page_key` in the header `X-Ledger-Page`. Programs need no cookie: they send `Authorization: Bearer <token>`.
    """
    way = request.app[SIGNING_IN]
    body = await read_body(request, SignIn)
    if way.tokens is None:
        raise NothingToSignIn
    token = way.tokens.find(body.token.strip())
    if token is None:
        raise WrongToken
    for earlier in (way.cookie.held(request), *way.cookie.left_over(request)):
        if earlier is not None:
            await way.logins.end(earlier)
    begun = await way.logins.begin(token.digest)
    response = json_answer(
        {
            "success": True,
            "scopes": [scope for scope in SCOPES if scope in token.scopes],
            "expires_at": timestamp_of(begun.until),
            "page_key": page_key(begun.login_id),
        }
    )
    way.cookie.give(request, response, begun)
    return response


async def sign_out(service: Service, request: web.Request) -> web.Response:
    """Sign out: end the login of the request's cookie, and remove the cookie. Without a valid login nothing changes."""
    await read_body(request, NoBody)
    way = request.app[SIGNING_IN]
    login = way.cookie.held(request)
    if login is not None and way.logins.token_of(login) is not None:
        way.cookie.check_page(request, login)
        await way.logins.end(login)
    response = json_answer({"success": True, "message": "Signed out"})
    way.cookie.take_back(request, response)
    return response
