"""What can be set about the service. Each field is an option of `serve` and an environment variable `LEDGER_…`."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ..actors.opencode.host.memory_limit import usual_limit
from .web.loopback import loopback_of

PROJECT_CACHE = ".opencode-ledger"


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _host(host: str) -> str:
    """The host as the system wants it: without the brackets of an address in a URL."""
    plain = host[1:-1] if host.startswith("[") and host.endswith("]") and ":" in host else host
    return loopback_of(host) or plain


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"There is no file {path}.")
    return path


def _directory(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(f"There is no directory {path}.")
    return path


Place = Annotated[Path, AfterValidator(_absolute)]
"""A path as a person writes it; the agents work elsewhere, so it must not depend on where it was written."""

FilePlace = Annotated[Place, AfterValidator(_file)]
DirectoryPlace = Annotated[Place, AfterValidator(_directory)]


def usual_room() -> int:
    """Two agents per core: about where streaming agents begin to slow each other down."""
    return max(2, 2 * (os.cpu_count() or 1))


def usual_data() -> Path:
    """Where the log is kept unless said otherwise."""
    return Path.home() / PROJECT_CACHE


Data = Annotated[Path | None, Parameter(show_env_var=True)]
"""The option of every command but `serve`; it is the only one of theirs that may come from the environment."""


class Settings(BaseModel):
    """The options of `opencode-ledger serve`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    """Address to listen on. Anything but loopback needs --token-file."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on; 0 takes any that is free."""

    data: Place = Field(default_factory=usual_data)
    """Directory of the log (ledger.db), its views and its lock."""

    new_proofs: bool = False
    """For one start: make a new key or tree where these are gone from the data directory. What checkpoints of earlier
    proved can't be compared any more, so run `opencode-ledger audit verify --checkpoint …` before."""

    opencode_binary: Place | None = None
    """The opencode executable; without it, the one on PATH."""

    opencode_config: FilePlace | None = None
    """An opencode.json given to every agent."""

    opencode_home: Place | None = None
    """A private home for the agents, outside the data directory; without it they use your own opencode credentials and
    sessions."""

    allow_root: Annotated[tuple[DirectoryPlace, ...], Parameter(negative="", show_default=False)] = ()
    """Codebases must lie under one of these directories; without it they may lie anywhere. Repeat the option for more
    of them; in the variable they are separated by colons."""

    token_file: Place | None = None
    """File of the tokens that clients send as `Authorization: Bearer …`, one on a line; with scopes before it, as in
    `read, audit: <token>`, a token is good for these alone. Nobody else may be able to read the file."""

    max_agents: Annotated[int, Field(ge=1, le=1000)] = Field(default_factory=usual_room)
    """How many agents may run at the same time; further triggers wait their turn."""

    agent_memory: Annotated[int, Field(ge=0, le=2**24)] = Field(default_factory=usual_limit)
    """MiB of memory that an agent and its tools may hold together; then they are ended, as if they had crashed. 0 sets
    no limit; without it, half of the machine's memory."""

    attachment_size: Annotated[int, Field(ge=1, le=2**20)] = 10
    """MiB that a file which goes along with a prompt may have."""

    permission_limit: Annotated[float, Field(ge=1, le=604_800)] = 600
    """Seconds within which what an agent asks must be answered; then it is rejected."""

    silence_limit: Annotated[float, Field(ge=1, le=604_800)] = 1200
    """Seconds for which an agent at work may say and ask nothing; then its run is ended as failed."""

    tool_output_limit: Annotated[int, Field(ge=0, le=4096)] = 16
    """MiB of a tool's output that are kept on record; of a longer one the event says how much is missing. 0 keeps what the
    agent's model was given, and no more."""

    max_connections: Annotated[int, Field(ge=16, le=100_000)] | None = None
    """How many connections may be open at the same time, of which nine in ten may be event streams; without it as many
    as the system's limit of open files allows, 10000 at most."""

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return loopback_of(self.host) is not None

    @model_validator(mode="after")
    def _refuse_an_open_door(self) -> "Settings":
        if not self.loopback and self.token_file is None:
            raise ValueError(
                f"--host {self.host} is reachable by others, and whoever reaches this service runs commands as you. "
                "Give --token-file FILE with a secret in it, or keep --host 127.0.0.1."
            )
        return self

    @model_validator(mode="after")
    def _refuse_a_home_among_the_data(self) -> "Settings":
        if self.opencode_home and self.opencode_home.resolve().is_relative_to(self.data.resolve()):
            raise ValueError(
                f"--opencode-home {self.opencode_home} lies in the data directory, and opencode keeps there what is said "
                "in sessions, where `opencode-ledger erase` can't reach it. Choose a place outside it."
            )
        return self
