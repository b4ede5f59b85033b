"""A server that is killed again and again. A process that has imported everything forks each life of it, which is quick.

Usage: python -m tests.clients.kills.serving DATA PORT. It reads `start` and `kill` from its input, a line each, and
answers each with a line when it is done.
"""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

import structlog
from tests.support.service import StandInAgents

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.http.app import make_app
from opencode_ledger.http.bootstrap import running_service
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web.connections import accepting

LAST = "Finish."
"""The message after which the agent ends its work."""

PIECES = 15
"""Pieces of text that the agent says before it waits for the next message."""


async def talk(agent: ScriptedAgent, prompt: Prompt) -> None:
    """Say something every few milliseconds, long and short; then wait for a further message, or end with the last one."""
    for number in range(PIECES):
        await agent.say(f"{prompt.text}: piece {number} \u2028 äöü " + "x" * (number * 97 % 1500))
        await asyncio.sleep(0.004)
    while prompt.text != LAST and agent.given[-1] is prompt:
        await asyncio.sleep(0.004)


async def serve(data: Path, listening: socket.socket) -> None:
    """The whole service, with an agent in memory, until the process is killed."""
    async with (
        running_service(Settings(data=data), agents=StandInAgents(talk)) as started,
        accepting(make_app(started, None), listening),
    ):
        print("ready", flush=True)
        await asyncio.get_running_loop().create_future()


def life(data: Path, port: int) -> NoReturn:
    """One life of the server. It never returns into the code that forked it."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        asyncio.run(serve(data, socket.create_server(("127.0.0.1", port))))
    finally:
        os._exit(1)


def main(data: str, port: str) -> None:
    """Start and kill as the input says."""
    child = 0
    for line in sys.stdin:
        if line == "start\n":
            child = os.fork() or life(Path(data), int(port))
        elif child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            child = 0
            print("killed", flush=True)
    if child:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
