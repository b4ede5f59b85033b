"""The OpenAPI document of what is served."""

from functools import cache

from .openapi.document import document
from .routes import ROUTES


def description(prefix: str = "") -> bytes:
    """The document as JSON, made once. `prefix`: that of the public URL."""
    return _made(prefix)


@cache
def _made(prefix: str) -> bytes:
    return document(ROUTES, prefix)
