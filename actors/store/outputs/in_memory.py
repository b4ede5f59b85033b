"""Whole outputs in memory, for tests and for trying things out. Nothing survives the process."""

import asyncio
from collections.abc import Collection, Iterator
from collections.abc import Sequence as Many
from itertools import accumulate

from ....domain.errors import StoreError
from ....domain.ids import CodebaseId, OutputId


class MemoryOutputStore:
    """See the port `OutputStore`."""

    def __init__(self) -> None:
        self._outputs: dict[tuple[CodebaseId, OutputId], tuple[bytes, list[bytes]]] = {}
        self._unsettled: dict[tuple[CodebaseId, OutputId], None] = {}
        self._closed = False

    @property
    def names(self) -> set[tuple[CodebaseId, OutputId]]:
        """What there is."""
        return set(self._outputs)

    async def keep(self, codebase: CodebaseId, output: OutputId, salt: bytes, chunks: Iterator[bytes]) -> None:
        """See the port."""
        await self._give_way()
        name = codebase, output
        if name in self._outputs:
            raise StoreError("There is an output of this name already.")
        self._outputs[name] = salt, await asyncio.to_thread(list, chunks)  # they may come from a file
        self._unsettled[name] = None

    async def size(self, codebase: CodebaseId, output: OutputId) -> int | None:
        """See the port."""
        await self._give_way()
        found = self._outputs.get((codebase, output))
        return sum(map(len, found[1])) if found else None

    async def salt(self, codebase: CodebaseId, output: OutputId) -> bytes | None:
        """See the port."""
        await self._give_way()
        found = self._outputs.get((codebase, output))
        return found[0] if found else None

    async def read(self, codebase: CodebaseId, output: OutputId, first: int, upto: int) -> bytes:
        """See the port."""
        await self._give_way()
        return self._text(codebase, output)[first:upto]

    async def chunk(self, codebase: CodebaseId, output: OutputId, first: int) -> bytes:
        """See the port."""
        await self._give_way()
        _, chunks = self._outputs.get((codebase, output), (b"", []))
        starts = accumulate(map(len, chunks), initial=0)
        return next((chunk for at, chunk in zip(starts, chunks, strict=False) if at == first), b"")

    async def unsettled(self) -> Many[tuple[CodebaseId, OutputId]]:
        """See the port."""
        await self._give_way()
        return list(self._unsettled)

    async def settle(self, named: Collection[tuple[CodebaseId, OutputId]]) -> None:
        """See the port."""
        await self._give_way()
        for output in self._unsettled:
            if output not in named:
                del self._outputs[output]
        self._unsettled.clear()

    async def close(self) -> None:
        """See the port."""
        self._closed = True
        await asyncio.sleep(0)

    def _text(self, codebase: CodebaseId, output: OutputId) -> bytes:
        return b"".join(self._outputs.get((codebase, output), (b"", []))[1])

    async def _give_way(self) -> None:
        if self._closed:
            raise StoreError("The outputs are closed.")
        await asyncio.sleep(0)  # a real store gives way here, and its callers must not rely on the contrary
