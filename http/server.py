"""The socket and the signals: serve until told to end, then let go in good order."""

import asyncio
import gc
import os
import signal
import socket
from typing import Final, NoReturn

import structlog

from ..domain.errors import LedgerError
from ..domain.secrets.masker import Secrets
from .api.service import AgentHost
from .app import make_app
from .bootstrap import running_service, sweep_agents
from .limits import Limits
from .settings import Settings
from .web.connections import accepting
from .web.tokens import read_tokens

log = structlog.get_logger()


TOGETHER: Final = 0.5
"""Seconds after the first signal in which others count as the same: some send each to a process and to its group."""


class PortTaken(LedgerError):
    """The server can't listen on this address."""

    code = "port_taken"


async def serve_until_told(
    settings: Settings, *, secrets: Secrets | None = None, agents: AgentHost | None = None
) -> None:
    """Serve until SIGTERM or SIGINT. `agents` stands in for opencode in tests."""
    secrets = secrets or Secrets()
    tokens = await asyncio.to_thread(read_tokens, settings.token_file, secrets)
    limits = Limits.of(settings)
    told = _listen_for_signals(settings)
    listening = _bind(settings)
    try:
        async with (
            running_service(settings, agents=agents, secrets=secrets) as service,
            accepting(make_app(service, tokens), listening, limit=limits.connections),
        ):
            _look_for_garbage_seldom()
            print(f"opencode-ledger listening on {_url(listening)}", flush=True)
            await told.wait()
            log.info("shutting down: running agents are interrupted and recorded")
            await service.farewell.say()
    finally:
        listening.close()


def _look_for_garbage_seldom() -> None:
    """Leave out of each search for garbage what is there by now, and search less often.

    Nearly all of it stays until the end. Looked through again and again it held everybody up for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _listen_for_signals(settings: Settings) -> asyncio.Event:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    ends: list[asyncio.Task[NoReturn]] = []
    first: list[float] = []

    def on_signal() -> None:
        first.append(loop.time())
        if loop.time() - first[0] >= TOGETHER and not ends:
            ends.append(asyncio.create_task(_end_at_once(settings)))
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    return told


async def _end_at_once(settings: Settings) -> NoReturn:
    """End without waiting for anything but the death of the agents' processes.

    The log bears it, as it bears a power cut: what was under way is brought to a truthful state at the next start.
    """
    log.warning("second signal: agents are killed now, and their sessions are recovered at the next start")
    try:
        await sweep_agents(settings)
    finally:
        os._exit(1)


def _bind(settings: Settings) -> socket.socket:
    """Take the address before anything is opened, so that a taken port costs nothing."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise PortTaken(
            f"Can't listen on {settings.host}:{settings.port} ({error.strerror}); use another --port, or --port 0 for any free port."
        ) from None
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
