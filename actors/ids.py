"""Identities that sort by the time at which they were made."""

import secrets
import string

from ..domain.ids import CodebaseId, MessageId, PermissionId, SessionId, TaskId
from ..domain.ports import Clock

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 14


class SortableIds:
    """Hexadecimal digits of time, then random characters.

    A message's digits count 1/4096 milliseconds modulo 2**48, which is how opencode makes its own, so that our
    messages and its answers sort together there. All others count microseconds. Never the same number twice.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_message = 0
        self._last_other = 0

    def codebase(self) -> CodebaseId:
        """A new `cb_…`."""
        return CodebaseId(f"cb_{self._other()}")

    def session(self) -> SessionId:
        """A new `sess_…`."""
        return SessionId(f"sess_{self._other()}")

    def task(self) -> TaskId:
        """A new `task_…`."""
        return TaskId(f"task_{self._other()}")

    def permission(self) -> PermissionId:
        """A new `perm_…`."""
        return PermissionId(f"perm_{self._other()}")

    def message(self) -> MessageId:
        """A new `msg_…`."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        self._last_message = max(milliseconds * 4096, self._last_message + 1)
        return MessageId(f"msg_{self._last_message % 2**48:012x}{_random()}")

    def _other(self) -> str:
        microseconds = int(self._clock.now().timestamp() * 1_000_000)
        self._last_other = max(microseconds, self._last_other + 1)
        return f"{self._last_other:014x}{_random()[:10]}"


def _random() -> str:
    # One call gives many more bits than the characters hold, so that all characters are equally likely.
    number, characters = secrets.randbits(128), list[str]()
    for _ in range(RANDOM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[digit])
    return "".join(characters)
