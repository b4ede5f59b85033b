"""Aborts an agent's run, so that nothing of it is executed afterwards.

- What the agent asks is refused first. An abort does not withdraw a question of permission, and a late yes would still
  be carried out.
- A prompt that was just handed over may begin after the abort, so its beginning is awaited.
- Commands that ignore the signal or have left their shell outlive an abort. They are ended here.
"""

import asyncio
from collections.abc import Awaitable

from ...domain.untrusted_json import fields, items, text
from ..clock import loop_seconds
from .client import NotFoundThere
from .connection import Connection
from .processes.interrupt import Interrupt

BEGIN_LIMIT = 1.0
"""Seconds in which an accepted prompt begins, if it ever does."""
COMPLETE_LIMIT = 3.0
"""Seconds in which the last messages of an aborted run are complete: the abort may be answered before."""
PAUSE = 0.02


async def abort_run(connection: Connection) -> None:
    """Return when the run is over and all its facts were reported. Goes on until cancelled. Raises `AgentError`."""
    run = connection.translator.run
    if run is None:
        return
    began = loop_seconds()
    calls = await InterruptedCalls.of(connection)
    while True:
        await _refuse_all(connection)
        await connection.client.abort(run.root, connection.server.settings.abort_limit)
        await connection.ask_status()
        begun = run.taken or run.answer() is not None or loop_seconds() - began > BEGIN_LIMIT
        if run.activity == "resting" and begun:
            break
        await asyncio.sleep(PAUSE)
    await _refuse_all(connection)
    await calls.end()
    await connection.ask_everything()
    while run.unfinished and loop_seconds() - began < COMPLETE_LIMIT:
        await asyncio.sleep(PAUSE)
        await connection.ask_everything()


class InterruptedCalls:
    """What an interrupt ends besides the run: the commands of its open calls, and what was started for them."""

    def __init__(self, connection: Connection, interrupt: Interrupt) -> None:
        self._connection, self._interrupt = connection, interrupt

    @classmethod
    async def of(cls, connection: Connection) -> "InterruptedCalls":
        """Call this before the abort: afterwards it is unknown which calls were open."""
        times = connection.translator.command_times
        return cls(connection, await asyncio.to_thread(Interrupt, connection.server.commands, times))

    async def end(self) -> None:
        """Return when none of these is left."""
        settings = self._connection.server.settings
        await self._interrupt.end(settings.grace_limit, settings.force_limit)


async def _refuse_all(connection: Connection) -> None:
    client, sessions = connection.client, set(connection.translator.sessions)
    for asked in items(await client.permissions()):
        if text(fields(asked).get("sessionID")) in sessions:
            await unless_gone(client.reply_permission(text(fields(asked).get("id")), "reject", None))
    for asked in items(await client.questions()):
        if text(fields(asked).get("sessionID")) in sessions:
            await unless_gone(client.answer_question(text(fields(asked).get("id")), None))
    if run := connection.translator.run:
        run.asking.clear()


async def unless_gone(request: Awaitable[None]) -> None:
    """Send an answer to the agent; nothing happens if it no longer asks."""
    try:
        await request
    except NotFoundThere:
        return
