"""The models that opencode offers. Nobody waits for a new list while there is an old one.

- A list is old when its lifetime is over, or when the configuration of opencode has changed.
- An old list is still used while opencode is asked again in the background. If opencode can't answer, it stays.
- A model that isn't in the list is refused, however old the list is, unless a changed configuration may have brought
  it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from collections.abc import Sequence as Many
from dataclasses import dataclass

import structlog

from ...domain.errors import LedgerError, UnknownModel
from ..clock import loop_seconds
from .catalog import Model, no_such_model
from .host.configuration import Stamp

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Known:
    """A list, when it was learned (by the loop's clock), and under which configuration."""

    models: Many[Model]
    ids: frozenset[str]
    at: float
    configured: Stamp


class ModelList:
    """`ask` asks opencode. `configured` reads the state of the configuration (blocking).

    `lifetime`: seconds that a list stays good. `pause`: seconds after a failure before opencode is asked again.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[Many[Model]]],
        configured: Callable[[], Stamp],
        *,
        lifetime: float,
        pause: float,
    ) -> None:
        self._ask, self._configured = ask, configured
        self._lifetime, self._pause = lifetime, pause
        self._known: Known | None = None
        self._asking: asyncio.Task[Many[Model]] | None = None
        self._not_before = 0.0

    async def all(self) -> Many[Model]:
        """Every model. Waits only if no list is known. Raises `AgentUnavailable`."""
        if self._known is None:
            return await asyncio.shield(self._refresh())
        if self._has_outlived(self._known) or not await self._is_configured_as(self._known):
            self._refresh_later()
        return self._known.models

    async def check(self, model: str) -> None:
        """Raise `UnknownModel` if opencode is known not to offer this one. If that is unknown, every model passes."""
        known = self._known
        if known is None or model in known.ids:
            return
        same = await self._is_configured_as(known)
        if not same or self._has_outlived(known):
            self._refresh_later()
        if same:
            raise UnknownModel(await asyncio.to_thread(no_such_model, model, known.models))

    def learn(self, models: Many[Model], configured: Stamp) -> None:
        """Take a list from an opencode that was started under this configuration."""
        ids = frozenset(model.id for model in models)
        self._known = Known(models, ids, loop_seconds(), configured)

    async def close(self) -> None:
        """Cancel the request that is under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _has_outlived(self, known: Known) -> bool:
        return loop_seconds() - known.at >= self._lifetime

    async def _is_configured_as(self, known: Known) -> bool:
        return await asyncio.to_thread(self._configured) == known.configured

    def _refresh_later(self) -> None:
        if loop_seconds() >= self._not_before:
            self._refresh()

    def _refresh(self) -> asyncio.Task[Many[Model]]:
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_and_learn(), name="models of opencode")
            self._asking.add_done_callback(self._asked)
        return self._asking

    async def _ask_and_learn(self) -> Many[Model]:
        configured = await asyncio.to_thread(self._configured)
        models = await self._ask()
        self.learn(models, configured)
        return models

    def _asked(self, asking: asyncio.Task[Many[Model]]) -> None:
        self._asking = None
        if asking.cancelled() or (error := asking.exception()) is None:
            return
        self._not_before = loop_seconds() + self._pause
        kept = len(self._known.models) if self._known else 0
        reason = error.message if isinstance(error, LedgerError) else repr(error)
        log.warning("opencode did not list its models; the last list stays", models=kept, reason=reason)
