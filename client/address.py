"""Where the service is and who asks: the address and the token, from arguments or from the environment."""

import os
from typing import Final
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from .errors import BadSetting

DEFAULT_URL: Final = "http://127.0.0.1:8000"
URL_VARIABLE: Final = "LEDGER_URL"
TOKEN_VARIABLE: Final = "LEDGER_TOKEN"  # noqa: S105 it is a variable's name
API: Final = "/v1/opencode"


class Address:
    """A service and the credential for it. `url` has no slash at its end. The token is in no representation."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url, self.token = url, token

    def __repr__(self) -> str:
        return f"Address({self.url!r})"

    @classmethod
    def of(cls, url: str | None = None, token: str | None = None) -> "Address":
        """From these arguments, or else from `LEDGER_URL` and `LEDGER_TOKEN`. Raises `BadSetting`."""
        given = url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
        secret = token if token is not None else os.environ.get(TOKEN_VARIABLE)
        return cls(_checked_url(given), _checked_token(secret.strip()) if secret and secret.strip() else None)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def path_of(*parts: str) -> str:
    """A path below the service's address; each part is one segment. Raises `ValueError` for an empty part."""
    if not all(parts):
        raise ValueError("An id or a name must not be empty.")
    return "/" + "/".join(_segment(part) for part in parts)


def query_of(**parameters: object) -> str:
    """The query for these parameters, with its question mark. Those that are None are left out."""
    given = {name: str(value) for name, value in parameters.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _segment(part: str) -> str:
    # Clients and proxies take `.` and `..` out of a path, even if they are percent-encoded.
    if part in (".", ".."):
        raise ValueError(f"{part!r} is neither an id nor a name.")
    return quote(part, safe="")


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
        parts = SplitResult("", "", "", "", "")
    if not usable or not url.isascii() or any(char.isspace() for char in url):
        raise BadSetting(f"{url!r} is not the address of a service; it is like {DEFAULT_URL}.")
    if parts.username is not None or parts.query or parts.fragment:
        raise BadSetting("The address of the service must have no user, query or fragment; give the token apart.")
    return url.rstrip("/")


def _checked_token(token: str) -> str:
    if not all("!" <= char <= "~" for char in token):
        raise BadSetting("The token must consist of printable ASCII characters without spaces.")
    return token
