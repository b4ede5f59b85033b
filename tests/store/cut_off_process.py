"""A process that records a day's work with log, views and tree in step, and is killed at a named point.

    cut_off_process.py DIRECTORY ACKNOWLEDGEMENTS POINT PASSES

It goes on where the log ends, writes down each acknowledged position, and ends with `kill -9` when `POINT` has been
passed so often; without that it ends by itself.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.projections.histories import workday

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.fault_points import FaultPoint, Reach
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.tree.log_tree import Tree
from opencode_ledger.projections.tree.signing import SigningKey


def killed_at(wanted: str, passes: int) -> Reach:
    """Ends this process at a point."""
    left = [passes]

    def reach(point: FaultPoint) -> None:
        left[0] -= point == wanted
        if point == wanted and not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


async def main(directory: Path, acknowledgements: int, reach: Reach) -> None:
    """Append the day's commits that are still missing, one after another, each covered before the next."""
    async with SqliteEventStore.open(directory / "ledger.db", reach=reach) as store:
        projections = await Projections.open(directory / "views.db", store, reach=reach)
        key = await asyncio.to_thread(SigningKey.open, directory / "checkpoint.key")
        tree = await Tree.open(directory / "tree.db", store, key, reach=reach)
        done: int = store.head
        for stream, events in workday().commits:
            if (done := done - len(events)) >= 0:
                continue
            recorded = await store.append(stream, await store.stream_head(stream), list(events))
            os.write(acknowledgements, b"%d\n" % recorded[-1].position)
            await projections.caught_up(store.head)
            await tree.checkpoint()
        await projections.close()
        await tree.close()


if __name__ == "__main__":
    place, file = Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    asyncio.run(main(place, file, killed_at(sys.argv[3], int(sys.argv[4]))))
