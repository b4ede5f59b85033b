"""Waiting for what announces nothing: files and processes of others."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

LIMIT: Final = 60.0
"""Seconds within which anything that is waited for must happen: many times what it takes, for a machine with more to do."""

BUSY: Final = 10.0
"""Seconds that what has a promised time may take longer where three workers of tests share two processors."""

_PAUSE: Final = 0.02
_PAUSES: Final = 9
"""Pauses are this many times as long as looks: what is waited for needs the processor more."""


async def eventually(wanted: Callable[[], object], limit: float = LIMIT) -> None:
    """Look until it is so. The more a look costs, the longer the pauses."""
    async with asyncio.timeout(limit):
        while True:
            began = time.thread_time()
            if wanted():
                return
            await asyncio.sleep(max(_PAUSE, _PAUSES * (time.thread_time() - began)))
