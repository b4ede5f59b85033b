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
    """The cookie of one service. Services on other ports of the same host have cookies with other names.

    At an https public URL its name begins with `__Host-`, or with `__Secure-` if the URL has a path. Browsers then take it
    only from that host itself over TLS, or with a path only over TLS: so a page of a neighbouring host, or a network that
    answers plain http, can't sign a person in as somebody else. There no cookie without the prefix counts.
    """

    def __init__(self, settings: Settings, logins: Logins) -> None:
        self._public, self._logins = settings.published, logins
        self.plain: Final = f"opencode_ledger_{sha256(bytes(settings.data)).hexdigest()[:8]}"
        self.name: Final = f"{_prefix(self._public)}{self.plain}"
        self._held = {
            name: re.compile(rf"(?:^|;)\s*{name}=({LOGIN_ID.pattern})\s*(?=;|$)") for name in (self.name, self.plain)
        }

    def held(self, request: web.Request) -> str | None:
        """The login that a request's cookie names, or None without one. A valid one wins over others."""
        names = (self.name,) if self._came_by_proxy(request) else tuple(self._held)
        given = [login for name in names for login in self._named(request, name)]
        return next((login for login in given if self._logins.token_of(login)), given[0] if given else None)

    def left_over(self, request: web.Request) -> list[str]:
        """The logins of cookies that don't count here, such as those from before this version at an https URL."""
        return self._named(request, self.plain) if self.plain != self.name and self._came_by_proxy(request) else []

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
        public = self._used(request)
        self._set(response, self.name if public else self.plain, begun.login_id, public)
        self._remove_left_over(request, response)

    def take_back(self, request: web.Request, response: web.Response) -> None:
        """Remove the cookie with a response."""
        public = self._used(request)
        self._set(response, self.name if public else self.plain, "", public)
        self._remove_left_over(request, response)

    def _remove_left_over(self, request: web.Request, response: web.Response) -> None:
        if self.left_over(request):
            self._set(response, self.plain, "", self._public)

    def _set(self, response: web.Response, name: str, value: str, public: PublicUrl | None) -> None:
        response.set_cookie(
            name,
            value,
            max_age=int(LIFETIME.total_seconds()) if value else 0,
            expires=None if value else datetime.fromtimestamp(0, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
            path=public.prefix or "/" if public else "/",
            secure=public is not None and public.secure,
            httponly=True,
            samesite="Strict",
        )

    def _named(self, request: web.Request, name: str) -> list[str]:
        return [login for line in request.headers.getall("Cookie", []) for login in self._held[name].findall(line)]

    def _used(self, request: web.Request) -> PublicUrl | None:
        """The public URL, unless the request came from a page at another address of this server."""
        origin = request.headers.get("Origin")
        return self._public if self._public and origin in (None, self._public.origin) else None

    def _came_by_proxy(self, request: web.Request) -> bool:
        """Whether a request certainly came through the proxy. A proxy may also pass on neither the host nor a header of its own."""
        if self._public is None:
            return False
        if (origin := request.headers.get("Origin")) is not None:
            return origin == self._public.origin
        host, public = request.headers.get("Host", "").lower(), self._public.host
        named = not self._public.loopback and (host == public or host.startswith(f"{public}:"))
        return named or not _FORWARDED.isdisjoint(header.lower() for header in request.headers)


_FORWARDED: Final = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"})
"""Headers that only proxies add. A page's script can add some of them too: then fewer cookies count, not more."""


def _prefix(public: PublicUrl | None) -> str:
    """What the name of the cookie begins with at the public URL. Browsers hold cookies with such names to their rules."""
    if public is None or not public.secure:
        return ""
    return "__Secure-" if public.prefix else "__Host-"


def page_key(login_id: str) -> str:
    """The key that only the page that signed in knows. It neither reveals the login nor follows from another one."""
    return hmac.new(login_id.encode(), b"opencode-ledger page key", sha256).hexdigest()
