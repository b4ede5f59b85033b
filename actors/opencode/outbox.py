"""Brings facts to the actor: in order, in batches, one batch at a time. Text is gathered meanwhile.

Text leaves at most every `coalesce` seconds: a piece that comes sooner waits for more of its part. Everything else
leaves at once, with all before it. While the log is slow the outbox fills, and `room` holds the reader back.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import structlog

from ...domain.codebase.facts import Fact, TextStreamed, ToolEnded, ToolStarted
from ...domain.ports import Deliver
from ...domain.whole_output import AgentOutput
from ..clock import loop_seconds

log = structlog.get_logger()

_OVERHEAD = 400
BATCH = 2000
"""Facts in one delivery, at most."""
BATCH_BYTES = 4_194_304
"""About how many bytes in one delivery, unless a single fact has more."""
PIECE = 16_384
"""Characters after which a piece of text takes no more."""
LARGEST = 262_144
"""Characters of text in one piece. A longer text becomes several pieces."""


class Outbox:
    """Facts on their way. `run` in a task; `put` never blocks."""

    def __init__(self, deliver: Deliver, coalesce: float, backlog: int) -> None:
        self._deliver, self._coalesce, self._backlog = deliver, coalesce, backlog
        self._facts: list[Fact] = []
        self._size = 0
        self._delivering = 0
        self._left_at = float("-inf")
        self._urgent = asyncio.Event()
        self._filled = asyncio.Event()
        self._settled = asyncio.Condition()

    @property
    def size(self) -> int:
        """About how many bytes wait or are being delivered."""
        return self._size

    def put(self, facts: list[Fact]) -> None:
        """Add facts, in order."""
        for fact in facts:
            for piece in _pieces(fact):
                self._add(piece)
        if facts:
            self._filled.set()

    async def room(self) -> None:
        """Wait until no more bytes than the backlog are waiting."""
        if self._size > self._backlog:
            async with self._settled:
                await self._settled.wait_for(lambda: self._size <= self._backlog)

    async def flushed(self) -> None:
        """Wait until everything put so far has been delivered."""
        self._urgent.set()
        async with self._settled:
            await self._settled.wait_for(lambda: not self._facts and not self._delivering)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self._filled.wait()
            await self._gather()
            await self._deliver_batch()

    def _add(self, fact: Fact) -> None:
        last = self._facts[-1] if self._facts else None
        if isinstance(fact, TextStreamed) and isinstance(last, TextStreamed) and _continues(last, fact):
            self._facts[-1] = replace(last, content=last.content + fact.content)
            self._size += len(fact.content)
            return
        self._facts.append(fact)
        self._size += _cost(fact)
        if not isinstance(fact, TextStreamed):
            self._urgent.set()

    async def _gather(self) -> None:
        # Counted from the last delivery: to hold back the first piece after a pause would only delay it.
        pause = self._left_at + self._coalesce - loop_seconds()
        if pause > 0 and not self._urgent.is_set():
            try:
                async with asyncio.timeout(pause):
                    await self._urgent.wait()
            except TimeoutError:
                return

    async def _deliver_batch(self) -> None:
        count = _first(self._facts)
        batch, self._facts = tuple(self._facts[:count]), self._facts[count:]
        self._delivering, self._left_at = len(batch), loop_seconds()
        self._urgent.clear()
        if not self._facts:
            self._filled.clear()
        try:
            if batch:
                await self._deliver(batch)
        except Exception as error:
            # The actor is gone, or will restart from its log: nobody takes the report.
            log.warning("facts not recorded", count=len(batch), error=str(error))
        finally:
            self._delivering = 0
            self._size -= sum(map(_cost, batch))
            async with self._settled:
                self._settled.notify_all()


def _first(facts: list[Fact]) -> int:
    """How many facts make the next delivery; at least one, if there is any."""
    size = 0
    for count, fact in enumerate(facts[:BATCH], 1):
        size += _cost(fact)
        if size >= BATCH_BYTES:
            return count
    return min(len(facts), BATCH)


def _pieces(fact: Fact) -> Iterator[Fact]:
    """A fact as it is; a long text in several pieces."""
    if not isinstance(fact, TextStreamed) or len(fact.content) <= LARGEST:
        yield fact
        return
    for at in range(0, len(fact.content), LARGEST):
        yield replace(fact, content=fact.content[at : at + LARGEST], replaces=fact.replaces and at == 0)


def _continues(last: TextStreamed, fact: TextStreamed) -> bool:
    """Whether `fact` can be joined to `last`; pieces stay small, so that joining stays cheap."""
    same = (fact.part_id, fact.subagent) == (last.part_id, last.subagent)
    return same and not fact.replaces and len(last.content) < PIECE


def _cost(fact: Fact) -> int:
    """About how many bytes a fact takes."""
    match fact:
        case TextStreamed(content=content):
            return _OVERHEAD + len(content)
        case ToolStarted(args=args):
            return _OVERHEAD + sum(len(value) for value in args.values() if isinstance(value, str))
        case ToolEnded(output=output, whole=AgentOutput(text=text)):
            return _OVERHEAD + len(output) + len(text)
        case ToolEnded(output=output):
            return _OVERHEAD + len(output)
        case _:
            return _OVERHEAD
