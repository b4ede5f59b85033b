#!/usr/bin/env python3
"""The stand-in for opencode, with vices: what no agent should do to the machine that it runs on.

    eat 300             takes 300 MiB of memory and keeps them
    feed 300            has a tool of its own take them, with nothing in its environment, and outlive its parent
    flood 20000         20,000 events of text as fast as it can, without waiting for a reader
    line 64             one event of 64 MiB
Otherwise it does what the stand-in does.
"""

import asyncio
import subprocess
import sys
from importlib import import_module
from typing import Any

stand_in: Any = import_module("stand_in")
kept: list[object] = []


async def eat(_run: Any, mebibytes: str) -> None:
    kept.append(b"x" * (int(mebibytes) << 20))


async def feed(_run: Any, mebibytes: str) -> None:
    program = f"x = b'x' * ({mebibytes} << 20); import time; time.sleep(600)"
    kept.append(subprocess.Popen([sys.executable, "-c", program], env={}, start_new_session=True))


async def flood(run: Any, count: str) -> None:
    part = run.part(type="text", text="", time={"start": stand_in.now()})
    for number in range(int(count)):
        run.delta(part, f"{number} ")
        if number % 1000 == 0:
            await asyncio.sleep(0)


async def line(run: Any, mebibytes: str) -> None:
    run.part(type="text", text="y" * (int(mebibytes) << 20), time={"start": 1, "end": 2})


stand_in.WORDS.update(eat=eat, feed=feed, flood=flood, line=line)

if __name__ == "__main__":
    if "--version" in sys.argv:
        print(stand_in.VERSION)
    else:
        asyncio.run(stand_in.main(sys.argv[1:]))
