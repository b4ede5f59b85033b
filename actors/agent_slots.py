"""Room among the running agents: how many codebases may be at work at the same time.

First come, first served. A codebase that has finished but whose agent process is kept warm takes no room; when
someone else needs the room, the process that has rested longest is retired.
"""

from collections import OrderedDict
from collections.abc import Callable

from ..domain.ids import CodebaseId

Notify = Callable[[], None]


class Rooms:
    """At most `limit` codebases at work."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._inside: set[CodebaseId] = set()
        self._waiting: OrderedDict[CodebaseId, Notify] = OrderedDict()
        self._warm: OrderedDict[CodebaseId, Notify] = OrderedDict()

    @property
    def busy(self) -> int:
        """How many codebases are at work."""
        return len(self._inside)

    @property
    def queued(self) -> int:
        """How many wait for room."""
        return len(self._waiting)

    def holds(self, codebase: CodebaseId) -> bool:
        """Whether room is taken for this codebase."""
        return codebase in self._inside

    def is_awaited_by(self, codebase: CodebaseId) -> bool:
        """Whether this codebase waits for room."""
        return codebase in self._waiting

    def enter(self, codebase: CodebaseId) -> bool:
        """Take room if there is some and nobody waits for it; true also for one already inside."""
        if codebase in self._inside:
            return True
        if len(self._inside) >= self.limit or self._waiting:
            return False
        self._take(codebase)
        return True

    def wait(self, codebase: CodebaseId, granted: Notify) -> None:
        """Have `granted` called once room was taken for this codebase."""
        if codebase not in self._inside:
            self._waiting.setdefault(codebase, granted)
            self._admit()

    def leave(self, codebase: CodebaseId) -> None:
        """Give room back, or stop waiting for it."""
        self._waiting.pop(codebase, None)
        self._inside.discard(codebase)
        self._admit()

    def rests(self, codebase: CodebaseId, retire: Notify) -> None:
        """This codebase's agent process is warm and idle; `retire` asks for its end."""
        if codebase not in self._warm:
            self._warm[codebase] = retire
            self._make_space()

    def gone(self, codebase: CodebaseId) -> None:
        """This codebase has no idle agent process (any more)."""
        self._warm.pop(codebase, None)

    def _admit(self) -> None:
        while self._waiting and len(self._inside) < self.limit:
            codebase, granted = self._waiting.popitem(last=False)
            self._take(codebase)
            granted()

    def _take(self, codebase: CodebaseId) -> None:
        self._inside.add(codebase)
        self.gone(codebase)
        self._make_space()

    def _make_space(self) -> None:
        while self._warm and len(self._inside) + len(self._warm) > self.limit:
            _, retire = self._warm.popitem(last=False)
            retire()
