"""The socket and the signals: serve until told to end, then let go in good order."""

import asyncio
import signal
import socket

import structlog
from aiohttp import web

from ..domain.errors import LedgerError
from .app import make_app
from .bootstrap import let_go, running_service
from .security import read_token
from .settings import Settings

log = structlog.get_logger()

BACKLOG = 1024


class PortTaken(LedgerError):
    """The address can't be listened on."""

    code = "port_taken"


async def serve_until_told(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. A second signal doesn't wait for the agents' good-byes."""
    token = read_token(settings.token_file)
    told = _listen_for_signals()
    listening = _bind(settings)
    try:
        async with running_service(settings) as service:
            runner = web.AppRunner(
                make_app(service, token), handler_cancellation=True, access_log=None, shutdown_timeout=2.0
            )
            await runner.setup()
            await web.SockSite(runner, listening, backlog=BACKLOG).start()
            print(f"opencode-ledger listening on {_url(listening)}", flush=True)
            await told.wait()
            log.info("ending: running agents are interrupted and recorded")
            await let_go(service)
            await runner.cleanup()
    finally:
        listening.close()
    return 0


def _listen_for_signals() -> asyncio.Event:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()
    assert main is not None  # called from the coroutine that asyncio.run runs

    def on_signal() -> None:
        if told.is_set():
            main.cancel()
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    return told


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
            f"Can't listen on {settings.host}:{settings.port} ({error.strerror}); choose another with --port, or --port 0 for any."
        ) from None
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
