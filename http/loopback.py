"""Recognises hosts that only this machine can reach, in any spelling."""

import ipaddress
import re
import socket
from typing import Final

NAME: Final = "localhost"

_NUMBER: Final = r"(?:0x[0-9a-f]+|[0-9]+)"
_IPV4: Final = re.compile(rf"{_NUMBER}(?:\.{_NUMBER}){{0,3}}")
"""An IPv4 address as systems and browsers read it: one to four numbers, each decimal, octal or hexadecimal."""


def loopback_of(host: str) -> str | None:
    """The normal form of a host that only this machine can reach: `localhost` or a loopback address. Otherwise None."""
    name = host.lower()
    bracketed = name.startswith("[") and name.endswith("]")
    if not bracketed and name.removesuffix(".") == NAME:
        return NAME
    address = _ipv6(name[1:-1]) if bracketed else _ipv4(name.removesuffix(".")) or _ipv6(name)
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return str(address) if address is not None and address.is_loopback else None


def _ipv4(text: str) -> ipaddress.IPv4Address | None:
    if not _IPV4.fullmatch(text):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except OSError:
        return None


def _ipv6(text: str) -> ipaddress.IPv6Address | None:
    try:
        return ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return None
