"""The settings of the opencode adapter, with their defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...domain.secrets.masker import Secrets
from .homes.own_home import OwnHome
from .starting.first_start import FirstStart
from .starting.presence import Presence

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class OpencodeSettings:
    """All times in seconds. `instance` names the data directory whose server starts the processes.

    `binary`: the executable; None searches PATH, then `tools_dir` (the project's own tools).
    `config_file`, `config`: an opencode.json for every agent, as a file or as its content.
    `home`: a private home for the agents; None gives them the user's own.
    `roots`: agents must work under one of these directories; none allow any place. `data`: agents may never work here.
    `environment`: the variables to choose from; None is the server's own environment.
    `secrets`: holds the secrets that agents are given and nobody may be shown.
    `shell_dir`: where the shell of the agents' tools is put, which lacks opencode's own secrets; None for none.
    `scratch_dir`: where each agent gets a directory for its temporary files; None for the system's place.
    `own_home`: the home to use when another version of opencode works in the shared one; None for never.
    `presence`: notes which agents run. `first_start`: lets the first agent of a home start alone.
    """

    instance: str
    binary: Path | None = None
    tools_dir: Path | None = None
    config_file: Path | None = None
    config: Mapping[str, object] | None = None
    home: Path | None = None
    roots: Sequence[Path] = ()
    data: Path | None = None
    environment: Mapping[str, str] | None = None
    secrets: Secrets = field(default_factory=Secrets)
    shell_dir: Path | None = None
    scratch_dir: Path | None = None
    own_home: OwnHome | None = None
    presence: Presence = field(default_factory=Presence)
    first_start: FirstStart = field(default_factory=FirstStart)

    @property
    def at_home(self) -> Path | None:
        """Our own home while agents work in it; None while they work in the shared one."""
        return self.own_home.place if self.own_home is not None and self.own_home.reason is not None else None

    coalesce: float = 0.015
    """How long a piece of text may wait for more."""
    backlog: int = 8 * MIB
    """Bytes of facts that may wait for the log before the agent's stream is no longer read."""
    line_limit: int = 32 * MIB
    """Bytes of one event; a longer one is dropped."""
    start_limit: float = 30.0
    """How long opencode may take to listen, be healthy and open its stream."""
    request_limit: float = 15.0
    """How long opencode may take to answer a request."""
    heartbeat_limit: float = 30.0
    """Silence after which opencode's stream counts as dead; it sends a heartbeat every 10 s."""
    reconnect_limit: float = 10.0
    """How long a stream that broke may take to come back before opencode is given up."""
    take_limit: float = 5.0
    """How long a prompt may show no effect before opencode is asked for its status."""
    abort_limit: float = 10.0
    """How long opencode may take to abort a run before it is ended."""
    grace_limit: float = 0.5
    """How long the commands of interrupted calls may take to end by themselves before they are ended by force."""
    force_limit: float = 5.0
    """How long commands that are ended by force may take to be gone. Any that remain are reported."""
    shutdown_limit: float = 2.0
    """At a shutdown: how long each of abort, dispose and SIGTERM may take."""
    retry_limit: float = 600.0
    """A retry farther off than this ends the run as rate limited."""
    hang_limit: float = 1200.0
    """A busy agent that says and asks nothing for this time has hung."""
    attachment_limit: int = 10 * MIB
    """Bytes of the largest file that may go along with a prompt."""
    memory_limit: int = 0
    """Bytes that an agent and its tools may hold in sum; 0 for no limit."""
    version_limit: float = 10.0
    """How long the executable may take to report its version."""
    look_limit: float = 3.0
    """How long a request that needs an agent waits for the first finding about the executable."""
    look_lifetime: float = 0.5
    """How long a finding about the executable stays good."""
    models_lifetime: float = 300.0
    """How long a list of models stays good."""
    models_pause: float = 30.0
    """How long an old list of models stays in use after opencode could not give a new one."""
