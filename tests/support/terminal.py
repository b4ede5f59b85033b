"""A pseudo-terminal in the place of standard output and standard error: what a person's terminal would be given."""

import fcntl
import os
import pty
import struct
import sys
import termios
import threading
import tty
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, columns: int = 100) -> Generator[Callable[[], str]]:
    """What is printed within goes to a terminal. Yields a function that closes it and returns all that arrived there."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    arrived = list[bytes]()

    def listen() -> None:
        try:
            while piece := os.read(master, 65536):
                arrived.append(piece)
        except OSError:  # so a terminal ends
            return

    ear = threading.Thread(target=listen)
    ear.start()
    out, errors = os.fdopen(slave, "w", encoding="utf-8"), os.fdopen(os.dup(slave), "w", encoding="utf-8")

    def all_that_arrived() -> str:
        out.close()
        errors.close()
        ear.join()
        return b"".join(arrived).decode()

    with monkeypatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.delenv("NO_COLOR", raising=False)
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", errors)
        try:
            yield all_that_arrived
        finally:
            all_that_arrived()
            os.close(master)
