"""Ids for the messages that we give to opencode, in its own form, so that its answers can be matched to them.

`msg_`, twelve hexadecimal digits of the time (milliseconds times 4096 plus a counter), fourteen random characters. They
sort by the time of their making, and opencode relies on that.
"""

import secrets
import string

from ..clock import wall_milliseconds

_ALPHABET = string.digits + string.ascii_letters


class MessageIds:
    """Makes ascending ids, also within one millisecond."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        """A new id."""
        self._last = max(self._last + 1, int(wall_milliseconds()) * 4096)
        random = "".join(secrets.choice(_ALPHABET) for _ in range(14))
        return f"msg_{self._last & (2**48 - 1):012x}{random}"
