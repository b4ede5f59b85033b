"""Processes that stand still for a moment, so that they start nothing meanwhile."""

from collections.abc import Iterable
from contextlib import suppress
from signal import SIGCONT, SIGSTOP
from threading import Lock

import psutil

from .calls import Command


class Halted:
    """What was halted, and goes on in the end. What somebody else had halted before stays as it is. Blocking."""

    def __init__(self) -> None:
        self._found: dict[psutil.Process, float] = {}
        self._lock = Lock()
        self._released = False

    def halt(self, found: Iterable[Command]) -> None:
        """Halt these, the oldest first. Does nothing after the release."""
        # A look in a thread may still run when its interrupt was cancelled.
        with self._lock:
            if self._released:
                return
            for command in sorted(found, key=lambda command: command.began):
                self._halt(command)

    def release(self) -> None:
        """Let them go on, the youngest first: a shell that saw its job halted would put it in the background."""
        with self._lock:
            self._released = True
            for process in sorted(self._found, key=self._found.__getitem__, reverse=True):
                with suppress(psutil.Error):
                    process.send_signal(SIGCONT)

    def _halt(self, command: Command) -> None:
        process = command.process
        with suppress(psutil.Error):
            if process not in self._found and process.status() != psutil.STATUS_STOPPED:
                process.send_signal(SIGSTOP)
                self._found[process] = command.began
