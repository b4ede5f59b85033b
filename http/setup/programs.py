"""Runs installers, keeps what they print, and says in one sentence why one failed."""

import os
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final

from .advice import advice_on

WORD_EVERY: Final = 10
"""Seconds between two words to the person who waits."""


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

    def __init__(self, lock: BinaryIO, folder: Path, log: Path, say: Callable[[str], object] | None = None) -> None:
        """Run programs under this lock. `say`: called every ten seconds while a program runs."""
        self._lock, self._folder, self._log, self._say = lock, folder, log, say

    def run(self, what: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
        """The output, standard error included. Raises `SetupFailed`, with advice read from the output."""
        try:
            with self._waiting(what):
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

    @contextmanager
    def _waiting(self, what: str) -> Generator[None]:
        """Say during the block that it goes on, so that nobody takes it for stuck."""
        over = threading.Event()

        def speak() -> None:
            for number in count(1):
                if over.wait(WORD_EVERY) or self._say is None:
                    return
                self._say(f"still {what}: {number * WORD_EVERY} s ...")

        speaker = threading.Thread(target=speak, daemon=True)
        speaker.start()
        try:
            yield
        finally:
            over.set()
            speaker.join()


def _why(output: str, status: int) -> str:
    """The line that most probably says why: the first that speaks of an error, else the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm error")) or "Error:" in line]
    return (*errors[:1], *lines[-1:], f"exit status {status}")[0]
