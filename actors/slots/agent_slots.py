"""The slots of the running agents: how many codebases may be at work concurrently.

First come, first served. A codebase whose agent is idle takes no slot, even while its process is kept warm. When
another codebase needs the slot, the process that has been idle longest is retired.
"""

from collections import OrderedDict
from collections.abc import Callable

from ...domain.ids import CodebaseId

Notify = Callable[[], None]


class AgentSlots:
    """At most `limit` codebases at work."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken: set[CodebaseId] = set()
        self._waiting: OrderedDict[CodebaseId, Notify] = OrderedDict()
        self._warm: OrderedDict[CodebaseId, Notify] = OrderedDict()

    @property
    def busy(self) -> int:
        """How many codebases are at work."""
        return len(self._taken)

    @property
    def queued(self) -> int:
        """How many codebases wait for a slot."""
        return len(self._waiting)

    def holds(self, codebase: CodebaseId) -> bool:
        """Whether this codebase has a slot."""
        return codebase in self._taken

    def is_awaited_by(self, codebase: CodebaseId) -> bool:
        """Whether this codebase waits for a slot."""
        return codebase in self._waiting

    def enter(self, codebase: CodebaseId) -> bool:
        """Take a slot if one is free and nobody waits for it. Returns whether the codebase has a slot now."""
        if codebase in self._taken:
            return True
        if len(self._taken) >= self.limit or self._waiting:
            return False
        self._take(codebase)
        return True

    def wait(self, codebase: CodebaseId, granted: Notify) -> None:
        """Call `granted` once this codebase has a slot."""
        if codebase not in self._taken:
            self._waiting.setdefault(codebase, granted)
            self._admit()

    def leave(self, codebase: CodebaseId) -> None:
        """Give the slot back, or stop waiting for one."""
        self._waiting.pop(codebase, None)
        self._taken.discard(codebase)
        self._admit()

    def keep_warm(self, codebase: CodebaseId, retire: Notify) -> None:
        """This codebase's agent process is idle; `retire` asks for its end."""
        if codebase not in self._warm:
            self._warm[codebase] = retire
            self._retire_idle()

    def gone(self, codebase: CodebaseId) -> None:
        """This codebase has no idle agent process (any more)."""
        self._warm.pop(codebase, None)

    def _admit(self) -> None:
        while self._waiting and len(self._taken) < self.limit:
            codebase, granted = self._waiting.popitem(last=False)
            self._take(codebase)
            granted()

    def _take(self, codebase: CodebaseId) -> None:
        self._taken.add(codebase)
        self.gone(codebase)
        self._retire_idle()

    def _retire_idle(self) -> None:
        while self._warm and len(self._taken) + len(self._warm) > self.limit:
            _, retire = self._warm.popitem(last=False)
            retire()
