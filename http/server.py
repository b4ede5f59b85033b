"""The socket and the signals: serve until a signal comes, then shut down in good order."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final, NoReturn

import structlog

from ..actors.clock import loop_seconds
from ..domain.errors import LedgerError
from ..domain.secrets.masker import Secrets
from .access.token_file import read_tokens
from .access.token_watch import KnownTokens, TokenWatch
from .access.tokens import Tokens
from .api.service import AgentHost
from .app import make_app
from .bootstrap import running_service, sweep_agents
from .greeting import greeting
from .limits import Limits
from .running import RunningService
from .settings import Settings
from .web.connections import accepting

log = structlog.get_logger()


SAME_SIGNAL: Final = 0.5
"""Seconds after the first signal in which others count as the same: some tools signal a process and also its group."""


class PortTaken(LedgerError):
    """The server can't listen on this address."""

    code = "port_taken"


async def serve_until_signalled(
    settings: Settings,
    *,
    secrets: Secrets | None = None,
    agents: AgentHost | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. `agents` replaces opencode in tests. `on_ready`: gets the address of the page."""
    secrets = secrets or Secrets()
    tokens = await asyncio.to_thread(read_tokens, settings.token_file, secrets)
    limits = Limits.of(settings)
    signalled = _listen_for_signals(settings)
    listening = _bind(settings)
    try:
        async with (
            running_service(settings, agents=agents, secrets=secrets) as running,
            valid_tokens(settings, tokens, running) as valid,
            accepting(make_app(running, valid), listening, limit=limits.connections),
        ):
            _collect_garbage_rarely()
            print(f"opencode-ledger listening on {_url(listening)}", flush=True)
            if sys.stdout.isatty():
                print(await greeting(running.service, _url(listening)), flush=True)
            if on_ready is not None:
                await asyncio.to_thread(on_ready, settings.public_url or f"{_url(listening)}/")
            await signalled.wait()
            log.info("shutting down: running agents are interrupted and recorded")
            await running.shutdown.run()
    finally:
        listening.close()


@asynccontextmanager
async def valid_tokens(
    settings: Settings, tokens: Tokens | None, running: RunningService
) -> AsyncGenerator[KnownTokens | None]:
    """The tokens that are valid at each moment: `tokens`, until their file changes. None where none are required.

    SIGHUP has the file read at once; so it doesn't end a server that has one.
    """
    service = running.service
    if settings.token_file is None or tokens is None:
        await service.own_stream.tokens_valid({})
        yield None
        return
    watch = TokenWatch(
        settings.token_file,
        tokens,
        service.secrets,
        running.clock,
        record=service.own_stream.tokens_valid,
        revoke=service.streams.revoke,
    )
    await watch.settle()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, watch.read_now)
    following = asyncio.create_task(watch.run(), name="token file: watch")
    try:
        yield watch
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def _collect_garbage_rarely() -> None:
    """Exclude all objects that exist now from garbage collection, and collect less often.

    Nearly all of them live until the end. Scanning them again and again blocked the loop for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _listen_for_signals(settings: Settings) -> asyncio.Event:
    signalled = asyncio.Event()
    loop = asyncio.get_running_loop()
    ends: list[asyncio.Task[NoReturn]] = []
    first: list[float] = []

    def on_signal() -> None:
        first.append(loop_seconds())
        if loop_seconds() - first[0] >= SAME_SIGNAL and not ends:
            ends.append(asyncio.create_task(_end_at_once(settings)))
        signalled.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    return signalled


async def _end_at_once(settings: Settings) -> NoReturn:
    """Exit as soon as the agents' processes are dead.

    The log tolerates this like a power cut: the next start brings unfinished work to a truthful state.
    """
    log.warning("second signal: agents are killed now, and their sessions are recovered at the next start")
    try:
        await sweep_agents(settings)
    finally:
        os._exit(1)


def _bind(settings: Settings) -> socket.socket:
    """Bind the address before anything is opened, so that a port in use costs nothing."""
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
