"""The tasks that an actor runs outside its loop. They end with the actor."""

import asyncio
from collections.abc import Coroutine


class Background:
    """The running tasks of one owner. `cancel` ends them all."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Start a task and keep a reference to it until it is done."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cancel(self) -> list[asyncio.Task[None]]:
        """Cancel every task that still runs, and return these tasks so that the caller can wait for them."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks
