"""How much the service takes on at once: connections, and of these event streams, in all and for each client."""

import resource
from dataclasses import dataclass
from typing import Final

from ..domain.errors import LedgerError
from .settings import Settings

MOST_CONNECTIONS: Final = 10_000
"""Connections unless said otherwise, where the system allows as many open files."""

FEWEST_CONNECTIONS: Final = 16

RESERVE: Final = 128
"""Open files that the service itself needs: its log and views, what it reads, what it refuses."""

PER_AGENT: Final = 8
"""Open files that each running agent needs in the service."""


class TooFewFiles(LedgerError):
    """The system's limit of open files is too low."""

    code = "too_few_files"


@dataclass(frozen=True)
class Limits:
    """`connections`: at once, of which `streams` may be event streams, those of one client `streams_per_client` at most.

    Readers that come anew get no more than `new_streams` and half of `streams_per_client`: the rest is kept for
    those who come back, whose broken connections may still be counted.
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
        """Event streams at once; what is left serves everything else."""
        return self.connections * 9 // 10

    @property
    def new_streams(self) -> int:
        """Event streams at once, beyond which nobody new is let in."""
        return self.streams * 3 // 4

    @property
    def streams_per_client(self) -> int:
        """Event streams of one client at once, unless it is on this machine."""
        return max(8, self.streams // 4)


def _needed(settings: Settings) -> int:
    return RESERVE + PER_AGENT * settings.max_agents
