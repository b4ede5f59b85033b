"""The models that opencode offers, kept at hand: nobody waits for a list where there is an old one.

A list is old when it has outlived its time or what configures opencode has changed. An old one is still given, while
opencode is asked anew in the background; where opencode can't tell, the last good list stays. What isn't in the list
is refused, however old it is, unless the configuration is another by now, which may have brought it.
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
    """A list, when it was learned (the loop's clock) and under which configuration."""

    models: Many[Model]
    ids: frozenset[str]
    at: float
    configured: Stamp


class ModelList:
    """`ask` asks opencode, `configured` looks at the configuration (blocking).

    `lifetime`: seconds that a list stays good. `pause`: seconds after a failure in which an old list must do.
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
        """Every model. Waits only where no list is known. Raises `AgentUnavailable`."""
        if self._known is None:
            return await asyncio.shield(self._refresh())
        if self._has_outlived(self._known) or not await self._is_configured_as(self._known):
            self._refresh_later()
        return self._known.models

    async def check(self, model: str) -> None:
        """Raise `UnknownModel` where it is known that opencode doesn't offer this one; where it isn't, all may pass."""
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
        """Ask no more."""
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
        log.warning("opencode did not tell its models; the last list stays", models=kept, reason=reason)
