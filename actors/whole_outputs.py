"""Keeps whole outputs: before an event says that a tool printed more, all of it is on the disk, masked.

An output is read at once, in a thread, and in bounded pieces. If something is wrong with it, its event says so. Nothing
here keeps an event from being recorded.
"""

import asyncio
import codecs
import os
from collections.abc import Callable, Coroutine, Iterator
from collections.abc import Sequence as Many
from contextlib import suppress
from dataclasses import replace
from secrets import token_bytes, token_hex
from typing import Final, TypeAlias

import structlog

from ..domain.codebase.facts import Fact, ToolEnded
from ..domain.errors import StoreError
from ..domain.ids import CodebaseId, OutputId
from ..domain.outputs.intake import Intake
from ..domain.ports import OutputStore
from ..domain.secrets.masker import Secrets
from ..domain.whole_output import SALT, AgentOutput, Missing, WholeOutput

log = structlog.get_logger()

PIECE: Final = 16_384
"""Bytes that are read and masked at once: other threads wait for no more than that."""

SEEN: Final = 4096
"""Characters of a whole output's beginning and end that are compared with what the agent has shown of it."""

AT_ONCE: Final = 2
"""Outputs that are read concurrently: each takes a thread, and others need threads, too."""

PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between looks at a file that doesn't end yet as what the agent has shown: it may still be written."""

READ_LIMIT: Final = 256 * 2**20
"""Bytes up to which an output is read to its end for its hash, though it isn't kept."""


class NotKept(Exception):
    """There is nothing to keep. `why`: as the event says it."""

    def __init__(self, why: Missing) -> None:
        super().__init__(why)
        self.why: Missing = why


OutputFiles: TypeAlias = Callable[[str], int]
"""Opens the file of a whole output, at the path that the agent has named.

Returns a descriptor; the caller closes it. Blocking. Raises `NotKept`.
"""


def no_files(_path: str, /) -> int:
    """For agents that write no such files. Raises `NotKept`."""
    raise NotKept("refused")


def new_output() -> tuple[OutputId, bytes]:
    """A name and a salt that nobody can guess."""
    return OutputId(f"out_{token_hex(16)}"), token_bytes(SALT)


class OutputKeeper:
    """Brings whole outputs into their store. `limit`: bytes of each that are kept, 0 for none."""

    def __init__(
        self,
        outputs: OutputStore,
        secrets: Secrets,
        limit: int,
        files: OutputFiles = no_files,
        new: Callable[[], tuple[OutputId, bytes]] = new_output,
        pauses: Many[float] = PAUSES,
    ) -> None:
        self._outputs, self._secrets, self._limit, self._files, self._new = outputs, secrets, limit, files, new
        self._pauses, self._places, self._others = pauses, asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(1)
        self._under_way = set[asyncio.Task[WholeOutput]]()

    async def kept(
        self, codebase: CodebaseId, facts: tuple[Fact, ...], patient: Callable[[], bool]
    ) -> tuple[Fact, ...]:
        """The facts, each with the record of its whole output in place of the agent's own file.

        `patient`: returns whether there is time to read on for the hash of what isn't kept. A thread may call it.
        """
        if not any(isinstance(fact, ToolEnded) and fact.whole for fact in facts):
            return facts
        return tuple([await self._complete(codebase, fact, patient) for fact in facts])

    async def imported(self, codebase: CodebaseId, output: AgentOutput) -> WholeOutput:
        """Keep an output of an imported session. The outputs of our own agents don't wait for it."""
        if not self._limit:
            return WholeOutput(missing="off")
        return await self._apart(self._keep(codebase, output, lambda: True, ()), self._others)

    async def close(self) -> None:
        """Wait for the outputs that are still being read."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _complete(self, codebase: CodebaseId, fact: Fact, patient: Callable[[], bool]) -> Fact:
        if not isinstance(fact, ToolEnded) or not isinstance(fact.whole, AgentOutput):
            return fact
        if not self._limit:
            return replace(fact, whole=WholeOutput(missing="off"))
        keeping = self._keep(codebase, fact.whole, patient, self._pauses)
        return replace(fact, whole=await self._apart(keeping, self._places))

    async def _apart(self, keeping: Coroutine[None, None, WholeOutput], places: asyncio.Semaphore) -> WholeOutput:
        """Keep an output in a task of its own: the caller may be cancelled, and a thread can't be."""

        async def in_turn() -> WholeOutput:
            async with places:
                return await keeping

        task = asyncio.create_task(in_turn(), name="whole output")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _keep(
        self, codebase: CodebaseId, output: AgentOutput, patient: Callable[[], bool], pauses: Many[float]
    ) -> WholeOutput:
        name, salt = self._new()
        try:
            reading = await asyncio.to_thread(_Reading, output, Intake(self._secrets, self._limit, salt), self._files)
        except NotKept as nothing:
            return WholeOutput(missing=nothing.why)
        try:
            await self._written(reading, patient, pauses)
            await self._outputs.keep(codebase, name, salt, reading.chunks())
            await asyncio.to_thread(reading.to_the_end, patient)
            return reading.result(name)
        except StoreError as error:
            log.warning("a whole output was not kept", codebase=codebase, error=error.message)
            return WholeOutput(bytes=reading.size, missing="not_kept")
        except Exception:
            log.exception("a whole output was not kept", codebase=codebase)
            return WholeOutput(bytes=reading.size, missing="not_kept")
        finally:
            await asyncio.to_thread(reading.close)

    async def _written(self, reading: "_Reading", patient: Callable[[], bool], pauses: Many[float]) -> None:
        """Wait until the agent has written its file to the end, but only as long as that may take."""
        for pause in pauses:
            if await asyncio.to_thread(reading.is_written) or not patient():
                return
            await asyncio.sleep(pause)


class _Reading:
    """An output on its way from the agent's file, or from memory, into the store. Blocking."""

    def __init__(self, output: AgentOutput, intake: Intake, files: OutputFiles) -> None:
        self._output, self._intake = output, intake
        self._file = files(output.path) if output.path else None
        self._stat: os.stat_result | None = None
        self.size = len(output.text.encode("utf-8", "replace")) if self._file is None else os.fstat(self._file).st_size
        self._pieces = self._of_file() if self._file is not None else self._of_text()
        self._head = self._tail = ""
        self._ended = False
        self._wrong: Missing | None = None

    def is_written(self) -> bool:
        """Whether the agent's file ends as what the agent has shown."""
        if self._file is None:
            return True
        ends, size = self._output.ends.encode("utf-8", "replace"), os.fstat(self._file).st_size
        return os.pread(self._file, len(ends), max(0, size - len(ends))) == ends

    def chunks(self) -> Iterator[bytes]:
        """What is kept."""
        for piece in self._pieces:
            yield from self._intake.feed(piece)
            if self._intake.is_full:
                return
        yield from self._end()

    def to_the_end(self, patient: Callable[[], bool]) -> None:
        """Read on, though no more is kept."""
        if self._ended:
            return
        for piece in self._pieces if self.size <= READ_LIMIT and patient() else ():
            list(self._intake.feed(piece))
            if not patient():
                return
        if self.size <= READ_LIMIT and patient():
            list(self._end())

    def result(self, name: OutputId) -> WholeOutput:
        """What is on record of it."""
        intake, full = self._intake, self._intake.is_full
        return WholeOutput(
            output_id=name,
            bytes=intake.bytes if self._ended else self.size,
            sha256=intake.sha256 if self._ended else None,
            kept=intake.kept if full else None,
            kept_sha256=intake.kept_sha256 if full else None,
            missing=self._wrong or ("too_large" if full else None),
        )

    def close(self) -> None:
        """Close the agent's file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _end(self) -> Iterator[bytes]:
        yield from self._intake.end()
        self._ended = True
        if self._wrong is None and not self._output.is_of(self._head, self._tail):
            self._wrong = "changed"

    def _of_text(self) -> Iterator[str]:
        for at in range(0, len(self._output.text), PIECE):
            yield self._output.text[at : at + PIECE]

    def _of_file(self) -> Iterator[str]:
        assert self._file is not None
        self._stat = os.fstat(self._file)
        self.size = self._stat.st_size
        decoder, left = codecs.getincrementaldecoder("utf-8")("replace"), self.size
        # No more than there was at first: a file that grows as fast as it is read has no end.
        while left and (data := self._read(min(PIECE, left))):
            left -= len(data)
            yield self._seen(decoder.decode(data))
        yield self._seen(decoder.decode(b"", final=True))
        with suppress(OSError):
            now = os.fstat(self._file)
            if left or not self._stat or (now.st_size, now.st_mtime_ns) != (self.size, self._stat.st_mtime_ns):
                self._wrong = self._wrong or "changed"

    def _read(self, most: int) -> bytes:
        assert self._file is not None
        try:
            return os.read(self._file, most)
        except OSError:
            self._wrong = "unreadable"
            return b""

    def _seen(self, piece: str) -> str:
        if len(self._head) < SEEN:
            self._head += piece[: SEEN - len(self._head)]
        self._tail = (self._tail + piece)[-SEEN:]
        return piece
