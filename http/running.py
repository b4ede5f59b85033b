"""A running service: what its handlers use, and what only the application and the server use."""

from dataclasses import dataclass

from ..domain.ports import Clock
from .api.service import Service
from .streams.shutdown import Shutdown
from .traces.spans import Spans
from .web.logins.kept import Logins
from .web.refused_access import RefusedAccess


@dataclass(frozen=True, kw_only=True)
class RunningService:
    """The service, and what is not for its handlers.

    `refused_access`, `logins`, `clock` and `spans` are for the application, `shutdown` for the server. `spans`: where
    traces are exported to, if they are.
    """

    service: Service
    refused_access: RefusedAccess
    logins: Logins
    shutdown: Shutdown
    clock: Clock
    spans: Spans | None = None
