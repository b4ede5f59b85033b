"""The headers of pages and their files: they may load content only from this server, and no other page may frame them."""

from collections.abc import Mapping
from typing import Final

_CONTENT: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


def page_headers(**also: str) -> Mapping[str, str]:
    """The headers. `also`: more sources for a directive of the content security policy, as `style_src`."""
    more = {name.replace("_", "-"): sources for name, sources in also.items()}
    policy = {name: f"{sources} {more[name]}" if name in more else sources for name, sources in _CONTENT.items()}
    return {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
        "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
    }
