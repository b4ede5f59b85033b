"""Readers of much of the log take turns, so that no request waits for all of them."""

import asyncio
from collections.abc import AsyncGenerator

from opencode_ledger.http.streams.replay_turns import AT_ONCE, CROWDED, SMALL_PAGE, ReplayTurns

READERS = 40
PAGE = 500


async def test_the_number_of_turns_is_limited() -> None:
    """Forty readers have a page each under way in turns, first come first served."""
    turns, under_way, most, order = ReplayTurns(), 0, 0, list[int]()

    async def read(number: int) -> None:
        nonlocal under_way, most
        async with turns.turn(PAGE):
            order.append(number)
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*map(read, range(READERS)))
    assert most == AT_ONCE
    assert order == sorted(order)


async def test_a_crowd_gets_small_pages() -> None:
    """A reader among few gets whole pages, one among many small ones, and the last ones whole ones again."""
    turns, sizes = ReplayTurns(), list[int]()

    async def read() -> None:
        async with turns.turn(PAGE) as size:
            sizes.append(size)
            await asyncio.sleep(0)

    await asyncio.gather(*(read() for _ in range(READERS)))
    assert set(sizes) == {PAGE, SMALL_PAGE}
    assert sizes[-CROWDED:] == [PAGE] * CROWDED


async def test_a_reader_that_goes_away_keeps_no_turn() -> None:
    """A reader that is cancelled while it waits, or during its turn, leaves the turn to others."""
    turns, held = ReplayTurns(), asyncio.Event()

    async def hold() -> None:
        async with turns.turn(PAGE):
            await held.wait()

    readers = [asyncio.create_task(hold()) for _ in range(AT_ONCE + 3)]
    await asyncio.sleep(0)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    async with asyncio.timeout(30), turns.turn(PAGE) as size:
        assert size == PAGE


async def test_pieces_made_in_turns_are_the_same() -> None:
    """An export is made a piece a turn; it ends where it ended."""

    async def pieces() -> AsyncGenerator[bytes]:
        for number in range(5):
            yield b"%d" % number

    assert [piece async for piece in ReplayTurns().paced(pieces())] == [b"0", b"1", b"2", b"3", b"4"]
