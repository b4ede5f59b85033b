"""What the set-up prints for the person who waits, and how it runs other programs."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from scripts.provision.advice import advice_on

ROOT: Final = Path(__file__).resolve().parents[2]
TOOLS: Final = ROOT / ".tools"
LOG: Final = TOOLS / "setup.log"


class SetupFailed(Exception):
    """The set-up can't go on. The message says what failed, `advice` what to do about it."""

    def __init__(self, what: str, advice: str) -> None:
        """`what` failed, with the `advice` for the reader."""
        super().__init__(what)
        self.advice = advice


def say(line: str) -> None:
    """One line for the person, on standard error."""
    print(f"setup: {line}", file=sys.stderr, flush=True)


class Runner:
    """Runs programs one at a time, keeping what they print in the log.

    `lock` is handed to every program, so that it stays held while one of them outlives the set-up.
    """

    def __init__(self, lock: BinaryIO) -> None:
        """Run programs under this lock."""
        self._lock = lock

    def run(self, what: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
        """The output, standard error included. Raises `SetupFailed`, with advice read from the output."""
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(self._lock.fileno(),),
                check=False,
            )
        except OSError as error:
            raise SetupFailed(f"{what} failed: {command[0]}: {error.strerror}", "See whether it can be run.") from None
        output = done.stdout.decode("utf-8", "replace")
        with LOG.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(map(str, command))}\n{output}\n")
        if done.returncode != 0:
            raise SetupFailed(
                f"{what} failed: {_why(output, done.returncode)}",
                advice_on(output) or f"The whole output is in {LOG}. Fix that and run this again.",
            )
        return output


def _why(output: str, status: int) -> str:
    """The line that most probably says why: the first that speaks of an error, else the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm error")) or "Error:" in line]
    return (*errors[:1], *lines[-1:], f"exit status {status}")[0]
