"""The settings of the service. Each field is an option of `serve`, and all but `--new-proofs` a variable `LEDGER_…`."""

import os
import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ..actors.opencode.host.memory_limit import default_limit
from .loopback import loopback_of
from .public_url import PublicUrl, read_public_url

PROJECT_CACHE = ".opencode-ledger"

_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_OTHER_HEADERS = frozenset(
    "authorization connection content-length content-type cookie expect host idempotency-key last-event-id origin"
    " traceparent transfer-encoding x-request-id".split()
)
"""Headers that mean something else here."""


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _host(host: str) -> str:
    """The host as the system takes it: without the brackets that an IPv6 address has in a URL."""
    plain = host[1:-1] if host.startswith("[") and host.endswith("]") and ":" in host else host
    return loopback_of(host) or plain


def _header(name: str | None) -> str | None:
    if name is not None and (not _HEADER.fullmatch(name) or name.lower() in _OTHER_HEADERS):
        raise ValueError(f"{name} can't be it; name a header that has no other meaning, such as X-Forwarded-User")
    return name


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"the file {path} does not exist")
    return path


def _public(url: str) -> str:
    return str(read_public_url(url))


def _directory(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(f"the directory {path} does not exist")
    return path


Place = Annotated[Path, AfterValidator(_absolute)]
"""A path as a person writes it, made absolute: agents work in other directories."""

FilePlace = Annotated[Place, AfterValidator(_file)]
DirectoryPlace = Annotated[Place, AfterValidator(_directory)]


def default_slots() -> int:
    """Two agents per core: with more, agents that stream begin to slow each other down."""
    return max(2, 2 * (os.cpu_count() or 1))


def default_data() -> Path:
    """The default data directory."""
    return Path.home() / PROJECT_CACHE


Data = Annotated[Path | None, Parameter(show_env_var=True)]
"""The option of every command but `serve`. It is their only option that may come from the environment."""


class Settings(BaseModel):
    """The options of `opencode-ledger serve`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    """The address to listen on. Any address but loopback requires --token-file."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """The port to listen on. 0: any free port."""

    data: Place = Field(default_factory=default_data)
    """The data directory. It holds the log (ledger.db), the views and a lock."""

    new_proofs: Annotated[bool, Parameter(negative="", show_default=False, show_env_var=False)] = False
    """Create a new signing key or Merkle tree if one is missing. Use it for one start only, so there is no environment
    variable for it. Older checkpoints can't be compared with the new ones, so run
    `opencode-ledger audit verify --checkpoint …` first."""

    opencode_binary: Place | None = None
    """The opencode executable, version 1.18. Default: the first of that version on PATH, else the project's own."""

    opencode_config: FilePlace | None = None
    """An opencode.json for every agent."""

    opencode_home: Place | None = None
    """A private home directory for the agents, outside the data directory. Default: agents use your own opencode
    credentials and sessions."""

    allow_root: Annotated[tuple[DirectoryPlace, ...], Parameter(negative="", show_default=False)] = ()
    """Allow codebases only under this directory. Repeat the option for more directories; in the variable, separate them
    with colons. Default: codebases may be anywhere."""

    token_file: Place | None = None
    """A file of tokens that clients send as `Authorization: Bearer …`, one per line, as in `anna = read, operate: <token>`.
    It is read again when it changes. Other users must not be able to read it."""

    trusted_user_header: Annotated[str | None, AfterValidator(_header)] = None
    """A header in which a proxy names the person for whom it sends a request, as in `X-Forwarded-User`. It counts only
    with a token that has the scope `proxy`; anyone else who sends it is refused."""

    public_url: Annotated[str, AfterValidator(_public)] | None = None
    """The URL under which a proxy publishes this server, such as `https://agents.example.com/ledger`. Its host and origin are
    accepted beside those of this machine. Requires --token-file."""

    max_agents: Annotated[int, Field(ge=1, le=1000)] = Field(default_factory=default_slots)
    """How many agents may run at the same time. Further triggers wait in a queue."""

    agent_memory: Annotated[int, Field(ge=0, le=2**24), Parameter(show_default=False)] = Field(
        default_factory=default_limit
    )
    """Memory limit in MiB for an agent with its tools. An agent above the limit is killed, and its run ends as after a
    crash. 0: no limit. Default: half of the machine's memory."""

    attachment_size: Annotated[int, Field(ge=1, le=2**20)] = 10
    """Maximum size in MiB of a file that is attached to a prompt."""

    permission_limit: Annotated[float, Field(ge=1, le=604_800)] = 600
    """Reject a permission request or a question after this many seconds without an answer."""

    silence_limit: Annotated[float, Field(ge=1, le=604_800)] = 1200
    """Fail a run after this many seconds without output or requests from the agent."""

    tool_output_limit: Annotated[int, Field(ge=0, le=4096)] = 16
    """Record at most this many MiB of each tool's output. The event says how much of a longer output is missing. 0: record
    only the part that the agent's model was given."""

    max_connections: Annotated[int, Field(ge=16, le=100_000)] | None = None
    """How many connections may be open at the same time. At most 90 % of them may be event streams. Default: as many as
    the system's limit of open files allows, but at most 10000."""

    traces: Annotated[bool, Parameter(negative="")] = False
    """Export traces to an OpenTelemetry collector, named by the variables OTEL_EXPORTER_OTLP_…. Needs
    `pip install 'opencode-ledger[otel]'`."""

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return loopback_of(self.host) is not None

    @property
    def published(self) -> PublicUrl | None:
        """The public URL."""
        return read_public_url(self.public_url) if self.public_url else None

    @property
    def prefix(self) -> str:
        """The path of the public URL, without a slash at its end. Requests may have it or not."""
        return self.published.prefix if self.published else ""

    @model_validator(mode="after")
    def _refuse_an_open_door(self) -> "Settings":
        if not self.loopback and self.token_file is None:
            raise ValueError(
                f"--host {self.host} is reachable from other machines, and any client of this service can run commands as "
                "you. Use --token-file FILE, or keep --host 127.0.0.1."
            )
        return self

    @model_validator(mode="after")
    def _refuse_names_without_tokens(self) -> "Settings":
        if self.trusted_user_header is not None and self.token_file is None:
            raise ValueError("--trusted-user-header needs --token-file with a token that has the scope `proxy`.")
        return self

    @model_validator(mode="after")
    def _refuse_an_open_proxy(self) -> "Settings":
        if self.published and not self.published.loopback and self.token_file is None:
            raise ValueError(
                f"--public-url {self.public_url} is reachable from other machines, and any client of this service can run "
                "commands as you. Use --token-file FILE too."
            )
        return self

    @model_validator(mode="after")
    def _refuse_a_home_among_the_data(self) -> "Settings":
        if self.opencode_home and self.opencode_home.resolve().is_relative_to(self.data.resolve()):
            raise ValueError(
                f"--opencode-home {self.opencode_home} is inside the data directory. opencode stores sessions there, which "
                "`opencode-ledger erase` can't erase. Choose a directory outside it."
            )
        return self
