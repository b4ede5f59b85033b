"""The check, outside the actor's loop, whether waiting work can use its slot."""

from collections.abc import Callable

import structlog

from ...domain.codebase.commands import GrantSlot
from ...domain.codebase.hindrance import Hindered
from ...domain.codebase.state import State
from ...domain.ids import CodebaseId
from ..background import Background
from ..mailbox import Mailbox

log = structlog.get_logger()


class StartCheck:
    """`begin` finds out what hinders the agent, and sends the answer to the mailbox as `GrantSlot`."""

    def __init__(
        self,
        codebase: CodebaseId,
        hindered: Hindered,
        state: Callable[[], State],
        mailbox: Mailbox,
        background: Background,
    ) -> None:
        self._codebase, self._hindered, self._state = codebase, hindered, state
        self._mailbox, self._background = mailbox, background

    def begin(self) -> None:
        """A slot was granted: check in the background whether the agent can start."""
        if not self._mailbox.closed:
            self._background.spawn(self._check())

    async def _check(self) -> None:
        hindrance = None
        if (codebase := self._state().codebase) is not None:
            try:
                hindrance = await self._hindered(codebase)
            except Exception:
                log.exception("could not check whether an agent can start", codebase=self._codebase)
        self._mailbox.send(GrantSlot(hindrance))
