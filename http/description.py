"""The OpenAPI document of what is served."""

from functools import cache

from .openapi.document import document
from .routes import ROUTES


def description() -> bytes:
    """The document as JSON, made once."""
    return _made()


@cache
def _made() -> bytes:
    return document(ROUTES)
