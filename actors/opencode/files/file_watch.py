"""Looks at a codebase's directory around an agent's run and during it, so that no change by a shell is missed."""

import asyncio

from ....domain.file_trees import Look
from ....domain.opencode.translator import Translator
from ...clock import loop_seconds, wall_milliseconds
from ..outbox import Outbox
from .tree_scan import SECONDS, SECONDS_AGAIN, scan_files, scan_tree

REST = 4
"""The pause after a look during a run, as a multiple of its length: a large directory must not take a whole core."""


class FileWatch:
    """The looks of one agent, one at a time."""

    def __init__(self, directory: str, translator: Translator, outbox: Outbox) -> None:
        self._directory, self._translator, self._outbox = directory, translator, outbox
        self._news = asyncio.Event()
        self._one = asyncio.Lock()

    async def before_run(self) -> None:
        """Await this before a prompt is handed over: it notes the state of the directory."""
        look = None if self._translator.run is not None else await self._scan(SECONDS)
        self._translator.before_run(look)

    def heard(self) -> None:
        """The agent has said something: a command may have ended, or a tool may have written."""
        seen = self._translator.seen
        if seen.due or seen.touched:
            self._news.set()

    async def run(self) -> None:
        """Look whenever there is a reason, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            began = loop_seconds()
            async with self._one:
                await self._look_at_touched()
                if self._translator.seen.due:
                    await self._look()
            await asyncio.sleep(REST * (loop_seconds() - began))

    async def settle(self, *, whatever_ran: bool = False) -> None:
        """The run rests, or its processes are gone: look once more if anything ran that no tool reports."""
        async with self._one:
            await self._look_at_touched()
            if self._translator.seen.shell or whatever_ran:
                await self._look()

    async def _look_at_touched(self) -> None:
        seen = self._translator.seen
        if touched := dict(seen.touched):
            marks = await asyncio.to_thread(scan_files, self._directory, list(touched))
            for path, exists in touched.items():
                if path in marks:
                    self._outbox.put(list(seen.seen_one(path, exists, marks[path])))
                else:
                    seen.out_of_sight(path)

    async def _look(self) -> None:
        seen = self._translator.seen
        seen.looking()
        if seen.known:
            look = await self._scan(SECONDS_AGAIN)
            self._outbox.put(list(seen.seen(look, wall_milliseconds())))
        else:
            self._outbox.put(list(seen.not_compared()))

    async def _scan(self, seconds: float) -> Look:
        return await asyncio.to_thread(scan_tree, self._directory, seconds=seconds)
