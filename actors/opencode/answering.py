"""Gives an agent an answer, and finds out for certain what became of that and of everything else that the agent asks.

One answer can settle more of a session's questions: a refusal refuses the rest, an `always` grants what it covers.
opencode reports that on its event stream, and no longer lists what is settled. It answers `not found` for what it no
longer asks.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from ...domain.errors import AgentError
from ...domain.opencode.run import Given
from .client import NotFoundThere, OpencodeClient
from .connection import Connection

log = structlog.get_logger()

Send = Callable[[OpencodeClient], Coroutine[Any, Any, None]]


async def give_answer(connection: Connection, asked: str, answer: Given, send: Send) -> None:
    """Give the answer if it is still asked for. On return everything that is settled was reported.

    Raises `AgentError` if the agent did not take it.
    """
    run = connection.translator.run
    if run is None:
        return  # with a run all that it asked is over
    if asked not in run.asking:
        connection.settle_unheard(asked)
        return
    others = run.asking - {asked}
    connection.answered()
    connection.translator.given(asked, answer)
    with connection.settling():
        try:
            await send(connection.client)
        except NotFoundThere:
            await connection.settle_gone({asked} | (others - await connection.still_asked()))
        else:
            await _taken(connection, asked, others)


async def _taken(connection: Connection, asked: str, others: set[str]) -> None:
    await connection.settle_taken(asked)
    if others:
        try:
            await connection.settle_gone(others - await connection.still_asked())
        except AgentError as error:
            log.warning("opencode did not say what an answer has settled besides", error=error.message)
