"""The limits of the service: connections, and how many of them may be event streams, in all and of each client."""

import resource
from dataclasses import dataclass
from typing import Final

from ..domain.errors import LedgerError
from .settings import Settings

MOST_CONNECTIONS: Final = 10_000
"""The default limit of connections, if the system allows that many open files."""

FEWEST_CONNECTIONS: Final = 16

RESERVE: Final = 128
"""Open files for the service itself: its log and views, files that it reads, connections that it refuses."""

PER_AGENT: Final = 8
"""Open files that each running agent needs in the service."""


class TooFewFiles(LedgerError):
    """The system's limit of open files is too low."""

    code = "too_few_files"


@dataclass(frozen=True)
class Limits:
    """`connections`: the most at the same time. `streams` of them may be event streams, `streams_per_client` of one client.

    New readers get at most `new_streams` and half of `streams_per_client`. The rest is kept for readers that return, whose
    broken connections may still be counted.
    """

    connections: int

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """The limits under these settings and the system's limit of open files. Raises `TooFewFiles`."""
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        room = MOST_CONNECTIONS if files == resource.RLIM_INFINITY else files - _needed(settings)
        wanted = settings.max_connections or min(max(room, FEWEST_CONNECTIONS), MOST_CONNECTIONS)
        if wanted > room and files != resource.RLIM_INFINITY:
            raise TooFewFiles(
                f"{wanted} connections and {settings.max_agents} agents need {wanted + _needed(settings)} open files, but "
                f"the system allows only {files}; raise this limit with ulimit -n, or lower --max-connections or --max-agents."
            )
        return cls(wanted)

    @property
    def streams(self) -> int:
        """The most event streams at the same time. The rest of the connections serve everything else."""
        return self.connections * 9 // 10

    @property
    def new_streams(self) -> int:
        """The number of event streams from which on new readers are refused."""
        return self.streams * 3 // 4

    @property
    def streams_per_client(self) -> int:
        """The most event streams of one client at the same time. Clients on this machine have no such limit."""
        return max(8, self.streams // 4)


def _needed(settings: Settings) -> int:
    return RESERVE + PER_AGENT * settings.max_agents
