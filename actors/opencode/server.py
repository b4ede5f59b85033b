"""One opencode server that is ready for requests: a process, a healthy answer, a version that we understand."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from ...domain.errors import AgentError, AgentUnavailable
from .catalog import Catalog
from .client import OpencodeClient
from .host.configuration import Stamp, configuration_stamp
from .host.home import prepare_home
from .host.known_secrets import learn_secrets
from .host.process import START_FAILED, EndedEarly, OpencodeProcess
from .host.scratch import Scratch
from .host.shell import withholding_shell
from .host.snapshot_locks import remove_stale_locks
from .other_versions.choice import settle
from .processes import survivors
from .processes.calls import Commands
from .program.binary import supported, wrong_version
from .program.environment import agent_environment, for_commands, marker, opencode_data, search_path
from .settings import OpencodeSettings

log = structlog.get_logger()

_TRIES = 4


@dataclass
class OpencodeServer:
    """A running server. The caller that starts it closes it."""

    process: OpencodeProcess
    client: OpencodeClient
    settings: OpencodeSettings
    codebase: str
    configured: Stamp
    """What its configuration looked like just before it was started."""
    scratch: Scratch
    gone: Callable[[], None]
    """Called when neither it nor anything that it started is left."""
    shelled: bool
    """Whether its tools' commands run below our shell."""
    at_home: Path | None
    """See `OpencodeSettings.at_home`, as it was at the start."""
    _catalog: Catalog | None = None

    @classmethod
    async def start(
        cls, settings: OpencodeSettings, codebase: str, directory: str, *, trusted: bool
    ) -> "OpencodeServer":
        """Start one. Raises `AgentError`; if it fails, or is cancelled, nothing is left."""
        scratch = await Scratch.make(settings.scratch_dir)
        gone = settings.presence.comes(codebase)
        try:
            async with asyncio.timeout(settings.start_limit):
                return await cls._start(settings, codebase, directory, trusted, scratch, gone)
        except BaseException as error:
            await survivors.sweep(settings.instance, codebase)
            gone()
            await scratch.remove()
            if isinstance(error, TimeoutError):
                raise AgentError(
                    f"opencode was not ready within {settings.start_limit:.0f} s.", code=START_FAILED
                ) from None
            raise

    @classmethod
    async def _start(
        cls,
        settings: OpencodeSettings,
        codebase: str,
        directory: str,
        trusted: bool,
        scratch: Scratch,
        gone: Callable[[], None],
    ) -> "OpencodeServer":
        # Before anything is run in a home: another version would change it permanently.
        choice = await settle(settings, await asyncio.to_thread(search_path, settings))
        password = secrets.token_urlsafe(32)
        marked = marker(settings.instance, codebase)
        environment = await asyncio.to_thread(
            agent_environment, settings, marked=marked, password=password, trusted=trusted
        )
        environment |= scratch.variables
        shell: dict[str, str] = {}
        if settings.shell_dir is not None:
            shell = await asyncio.to_thread(withholding_shell, settings.shell_dir, environment, for_commands(settings))
        environment |= shell
        await asyncio.to_thread(_prepare, settings, environment)
        # Known before the agent is: it can't say anything sooner.
        await learn_secrets(settings)
        settings.secrets.learn(marked, [password])
        configured = await asyncio.to_thread(configuration_stamp, environment)
        process = await _spawn(settings, choice.used.binary, directory, environment)
        client = OpencodeClient(process.url, password, settings.request_limit, directory)
        server = cls(process, client, settings, codebase, configured, scratch, gone, bool(shell), settings.at_home)
        try:
            if not supported(version := await client.health()):
                raise AgentUnavailable(wrong_version(version))
        except BaseException:
            await server.close(0.0)
            raise
        return server

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process.alive

    @property
    def commands(self) -> Commands:
        """Where to look for the commands of its calls."""
        return Commands(self.process.pid, marker(self.settings.instance, self.codebase), self.shelled)

    async def catalog(self) -> Catalog:
        """What it offers; it is asked once."""
        if self._catalog is None:
            answers = await asyncio.gather(self.client.providers(), self.client.agents(), self.client.config())
            self._catalog = Catalog(*answers)
        return self._catalog

    async def close(self, patience: float) -> None:
        """End the process, gently for `patience` seconds, then everything that it left behind."""
        await self.client.close()
        if patience:
            await self.process.terminate(patience)
        else:
            await self.process.kill()
        await survivors.sweep(self.settings.instance, self.codebase)
        self.gone()
        await self.scratch.remove()
        self.settings.secrets.forget(marker(self.settings.instance, self.codebase))


def _prepare(settings: OpencodeSettings, environment: dict[str, str]) -> None:
    """Prepare a home that the agents have to themselves."""
    if settings.home is not None:
        prepare_home(settings.home)
    if settings.at_home is not None or settings.home is not None:
        remove_stale_locks(opencode_data(environment))


async def _spawn(
    settings: OpencodeSettings, binary: Path, directory: str, environment: dict[str, str]
) -> OpencodeProcess:
    own = settings.own_home
    first_start = own.first_start if own is not None and own.reason is not None else settings.first_start
    for attempt in range(1, _TRIES + 1):
        try:
            async with first_start.turn():
                return await OpencodeProcess.start(
                    binary, directory, environment, settings.start_limit, settings.secrets
                )
        except EndedEarly as error:
            # Another program may have taken the port meanwhile, or be making or upgrading the database of this home.
            if attempt == _TRIES:
                raise
            log.warning("opencode ended before it listened; once more", error=error.message)
    raise AssertionError("unreachable")
