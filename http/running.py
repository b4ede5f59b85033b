"""A running service: what its handlers use, and what only the application and the server use."""

from dataclasses import dataclass

from ..domain.ports import Clock
from .api.service import Service
from .streams.shutdown import Shutdown
from .web.logins.kept import Logins
from .web.refused_access import RefusedAccess


@dataclass(frozen=True, kw_only=True)
class RunningService:
    """`service`: what handlers get. `refused_access`, `logins` and `clock` are for the application, `shutdown` for the server."""

    service: Service
    refused_access: RefusedAccess
    logins: Logins
    shutdown: Shutdown
    clock: Clock
