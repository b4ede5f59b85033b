"""Keys that a person presses while a session is shown, and the lines that they type there."""

import asyncio
import codecs
import os
import sys
import termios
import tty
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

from rich.cells import cell_len

from ....domain.visible_text import one_line

ENTER, ESCAPE, ERASE_LINE = "\r\n", "\x1b\x04", "\x15"
BACK = "\x7f\x08"


class Keys:
    """Reads keys from standard input. `write`: shows what is typed. Only within `reading`.

    `pressed`: what happens with a key. While `line` waits, keys belong to the line instead.
    """

    def __init__(self, pressed: Callable[[str], None], write: Callable[[str], None]) -> None:
        self._pressed, self._write = pressed, write
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._typed: list[str] = []
        self._line: asyncio.Future[str | None] | None = None

    @contextmanager
    def reading(self) -> Generator[None]:
        """Take keys one by one, without showing them. The terminal is as before afterwards."""
        file = sys.stdin.fileno()
        before = termios.tcgetattr(file)
        loop = asyncio.get_running_loop()
        tty.setcbreak(file, termios.TCSADRAIN)
        loop.add_reader(file, self._read, file)
        try:
            yield
        finally:
            loop.remove_reader(file)
            termios.tcsetattr(file, termios.TCSADRAIN, before)

    @property
    def typing(self) -> bool:
        """Whether a line is being typed."""
        return self._line is not None

    async def line(self, prompt: str) -> str | None:
        """A line that the person types; None if they gave up with Escape."""
        self._typed.clear()
        self._line = asyncio.get_running_loop().create_future()
        self._write(prompt)
        try:
            return await self._line
        finally:
            self._line = None
            self._write("\n")

    def give_up(self) -> None:
        """End the line that is being typed, as with Escape."""
        if self._line is not None and not self._line.done():
            self._line.set_result(None)

    def _read(self, file: int) -> None:
        with suppress(OSError):
            data = os.read(file, 4096)
            if not data:
                asyncio.get_running_loop().remove_reader(file)
            text = self._decoder.decode(data)
            if text.startswith("\x1b") and len(text) > 1:
                return  # an arrow or another key with a sequence: it means nothing here
            for key in text:
                self._take(key)

    def _take(self, key: str) -> None:
        if self._line is None:
            self._pressed(key)
        elif self._line.done():
            return
        elif key in ENTER:
            self._line.set_result("".join(self._typed))
        elif key in ESCAPE:
            self._line.set_result(None)
        elif key in BACK:
            if self._typed:
                self._erase(self._typed.pop())
        elif key == ERASE_LINE:
            while self._typed:
                self._erase(self._typed.pop())
        elif key.isprintable():
            self._typed.append(key)
            self._write(one_line(key))

    def _erase(self, char: str) -> None:
        back = "\b" * cell_len(one_line(char))
        self._write(f"{back}{' ' * len(back)}{back}")
