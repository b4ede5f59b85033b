"""What to do when an installer fails, read from what pip or npm printed."""

from typing import Final, NamedTuple


class _Remedy(NamedTuple):
    signs: tuple[str, ...]
    advice: str


# The first that matches counts.
_REMEDIES: Final = (
    _Remedy(("No space left", "ENOSPC", "Disk quota"), "The disk is full. Free some space and run this again."),
    _Remedy(
        ("CERTIFICATE_VERIFY", "self-signed certificate", "SELF_SIGNED", "UNABLE_TO_GET_ISSUER"),
        "The connection's certificate is not trusted. Behind a proxy, give pip (PIP_CERT) and npm (cafile) its own.",
    ),
    _Remedy(
        tuple(
            "name resolution|Connection refused|Connection reset|ConnectionError|ProxyError|timed out|ReadTimeout"
            "|ENOTFOUND|ETIMEDOUT|ECONNREFUSED|ECONNRESET|EAI_AGAIN".split("|")
        ),
        "The package registry could not be reached. Check the network, or the proxy or mirror that pip and npm are "
        "set to use, and run this again.",
    ),
    _Remedy(
        ("EACCES", "Permission denied", "EROFS", "Read-only"), "Make this folder writable for you and run this again."
    ),
    _Remedy(
        ("No matching distribution", "requires a different Python", "Failed building wheel", "Failed to build"),
        "A pinned package has no build for this Python or platform. Try another: PYTHON=python3.12 and run this again.",
    ),
    _Remedy(
        ("EBADPLATFORM", "E404", "ETARGET"),
        "The registry lacks this platform's package. Install opencode 1.18.x yourself and name it in the variable "
        "LEDGER_OPENCODE_BINARY.",
    ),
)


def advice_on(output: str) -> str:
    """What to do, in one sentence or two; nothing if the output shows no known sign."""
    return next((remedy.advice for remedy in _REMEDIES if any(sign in output for sign in remedy.signs)), "")
