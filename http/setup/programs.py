"""Runs installers, keeps what they print, and says in one sentence why one failed."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from .advice import advice_on


class SetupFailed(Exception):
    """The set-up can't go on. The message says what failed, `advice` what to do about it."""

    def __init__(self, what: str, advice: str) -> None:
        """`what` failed, with the `advice` for the reader."""
        super().__init__(what)
        self.advice = advice


class Runner:
    """Runs programs in `folder`, one at a time, keeping what they print in the file `log`.

    `lock` is handed to every program, so that it stays held while one of them outlives the set-up.
    """

    def __init__(self, lock: BinaryIO, folder: Path, log: Path) -> None:
        """Run programs under this lock."""
        self._lock, self._folder, self._log = lock, folder, log

    def run(self, what: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
        """The output, standard error included. Raises `SetupFailed`, with advice read from the output."""
        try:
            done = subprocess.run(
                command,
                cwd=self._folder,
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
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(map(str, command))}\n{output}\n")
        if done.returncode != 0:
            raise SetupFailed(
                f"{what} failed: {_why(output, done.returncode)}",
                advice_on(output) or f"The whole output is in {self._log}. Fix that and run this again.",
            )
        return output


def _why(output: str, status: int) -> str:
    """The line that most probably says why: the first that speaks of an error, else the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm error")) or "Error:" in line]
    return (*errors[:1], *lines[-1:], f"exit status {status}")[0]
