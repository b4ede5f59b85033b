"""The public URL of the service: the one address outside this machine under which a proxy publishes it."""

import re
from dataclasses import dataclass
from typing import Final

from yarl import URL

from .loopback import loopback_of

_HOST: Final = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_OWN: Final = frozenset({"v1", "docs", "dashboard", "healthz", "readyz", "metrics", "openapi.json"})
"""First parts of the service's own addresses. A prefix among them couldn't be distinguished from these."""


@dataclass(frozen=True)
class PublicUrl:
    """`scheme://host:port/prefix`. `authority`: the host, with its port unless that is the scheme's default one.

    `prefix` is empty, or begins with a slash and doesn't end with one.
    """

    scheme: str
    host: str
    authority: str
    prefix: str

    @property
    def origin(self) -> str:
        """The `Origin` that browsers send from its pages."""
        return f"{self.scheme}://{self.authority}"

    @property
    def secure(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.scheme == "https"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return loopback_of(self.host) is not None

    def __str__(self) -> str:
        return f"{self.origin}{self.prefix}/"


def read_public_url(text: str) -> PublicUrl:
    """The public URL that a person wrote. Raises `ValueError` with a sentence that says what is wrong."""
    text = text.strip()
    if not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} must not contain blanks or control characters")
    try:
        url = URL(text)
        host, port = url.host_subcomponent, url.port
    except ValueError:
        raise ValueError(f"{text!r} is not a URL; use one such as https://agents.example.com") from None
    if url.scheme not in ("http", "https") or not host or not port or not _HOST.fullmatch(host.lower()):
        raise ValueError(f"{text!r} must begin with https:// or http://, and name a host")
    if url.user is not None or url.password is not None:
        raise ValueError("it must not contain a user name or a password")
    if url.raw_query_string or url.raw_fragment or "?" in text or "#" in text:
        raise ValueError(f"{text!r} must end with its path, without `?` and `#`")
    prefix = url.raw_path.rstrip("/")
    if not _PATH.fullmatch(prefix) or "%" in text:
        raise ValueError(f"the path of {text!r} may contain letters, digits and . _ ~ - only")
    if prefix.split("/")[1:2] and prefix.split("/")[1] in _OWN:
        raise ValueError(f"the path of {text!r} begins like an address of the service itself; use another path")
    return PublicUrl(url.scheme, host.lower(), (url.host_port_subcomponent or host).lower(), prefix)
