"""What ends a command, with the exit code that scripts can rely on."""

from typing import Final

from ...domain.errors import LedgerError

DONE: Final = 0
FAILED: Final = 1
"""An agent failed, or a verification did."""
IMPOSSIBLE: Final = 2
"""Invalid arguments, not found, or not possible in the current state."""
NEEDS_ANSWER: Final = 3
"""An agent waits for an answer that nobody is there to give."""
INTERRUPTED: Final = 4
"""An agent was interrupted or stopped."""
NO_SERVICE: Final = 5
"""No service answers."""
CTRL_C: Final = 130
NO_READER: Final = 141
"""The reader of the output has gone, as with `| head -1`. A shell reports the same of other programs."""


class CommandFailed(LedgerError):
    """A command could not be executed. `exit_code`: how the program ends."""

    def __init__(self, message: str, exit_code: int = IMPOSSIBLE) -> None:
        super().__init__(message)
        self.exit_code = exit_code
