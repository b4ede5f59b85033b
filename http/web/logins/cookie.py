"""The cookie of a login: how a browser gets it, and what a request with it must show.

Browsers send a cookie also with requests that another page or another program on the same host causes. So the cookie alone
is good for reading. A command needs a second thing that only our page has: the page key, in a header.
"""

import hmac
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from aiohttp import web

from ....domain.errors import Conflict, Forbidden
from ...public_url import PublicUrl
from ...settings import Settings
from ..conditions import Condition, only_while
from ..errors import Unauthorized
from .kept import LIFETIME, LOGIN_ID, Begun, Logins

PAGE_KEY: Final = "X-Ledger-Page"
"""The header of the page's commands."""

ENDED: Final = b": this login has ended\n"
"""A comment, before a stream ends because its login did. The next request gets 401."""


class LoginEnded(Unauthorized):
    """This login is not valid any more: sign in again."""


class NotFromThePage(Forbidden):
    """A command with the page's cookie also needs the page's `Origin` and key; programs send a token instead."""

    code = "not_from_the_page"


class NothingToSignIn(Conflict):
    """This server has no tokens, so everybody who can connect is signed in."""

    code = "nothing_to_sign_in"


class LoginCookie:
    """The cookie of one service. Services on other ports of the same host have cookies with other names."""

    def __init__(self, settings: Settings, logins: Logins) -> None:
        self._public, self._logins = settings.published, logins
        self.name: Final = f"opencode_ledger_{sha256(bytes(settings.data)).hexdigest()[:8]}"
        self._held = re.compile(rf"(?:^|;)\s*{self.name}=({LOGIN_ID.pattern})\s*(?=;|$)")

    def held(self, request: web.Request) -> str | None:
        """The login that a request's cookie names, or None without one. A valid one wins over others."""
        given = [login for line in request.headers.getall("Cookie", []) for login in self._held.findall(line)]
        return next((login for login in given if self._logins.token_of(login)), given[0] if given else None)

    def token_of(self, request: web.Request) -> bytes | None:
        """The digest of the token that a request's cookie stands for, or None without a cookie.

        A stream that is opened with the cookie ends with the login.
        Raises `LoginEnded`, or `NotFromThePage` for a command that the page did not send.
        """
        login = self.held(request)
        if login is None:
            return None
        token = self._logins.token_of(login)
        if token is None:
            raise LoginEnded
        if request.method not in ("GET", "HEAD"):
            self.check_page(request, login)
        only_while(request, Condition(lambda: self._logins.token_of(login) is not None, ENDED))
        return token

    def check_page(self, request: web.Request, login: str) -> None:
        """Raise `NotFromThePage` unless our page sent this request. The gate has refused every foreign `Origin` before."""
        given = request.headers.get(PAGE_KEY, "")
        key = given.encode(errors="surrogateescape")  # aiohttp reads bytes that aren't UTF-8 so
        if "Origin" not in request.headers or not hmac.compare_digest(key, page_key(login).encode()):
            raise NotFromThePage

    def give(self, request: web.Request, response: web.Response, begun: Begun) -> None:
        """Send the cookie with a response."""
        self._set(request, response, begun.login_id, int(LIFETIME.total_seconds()))

    def take_back(self, request: web.Request, response: web.Response) -> None:
        """Remove the cookie with a response."""
        self._set(request, response, "", 0)

    def _set(self, request: web.Request, response: web.Response, value: str, age: int) -> None:
        public = self._used(request)
        response.set_cookie(
            self.name,
            value,
            max_age=age,
            expires=datetime.fromtimestamp(0, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT") if not age else None,
            path=public.prefix or "/" if public else "/",
            secure=public is not None and public.secure,
            httponly=True,
            samesite="Strict",
        )

    def _used(self, request: web.Request) -> PublicUrl | None:
        """The public URL, unless the request came from a page at another address of this server."""
        origin = request.headers.get("Origin")
        return self._public if self._public and origin in (None, self._public.origin) else None


def page_key(login_id: str) -> str:
    """The key that only the page that signed in knows. It neither reveals the login nor follows from another one."""
    return hmac.new(login_id.encode(), b"opencode-ledger page key", sha256).hexdigest()
