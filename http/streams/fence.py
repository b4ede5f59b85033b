"""Where a codebase's stream ends for a reader whose token is limited by a name: right before the name changes.

The event that gives the codebase another name belongs to those who may read the new name, so it is not sent either. Which
earlier names a codebase had doesn't matter: a name stands for those that have it now, with all of their history.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from ...domain import events as e
from ...domain.events.recorded import RecordedEvent
from ...domain.events.wire import decode
from ...domain.ids import CodebaseId, Sequence
from .overview_board import Limit, within

RENAMED: Final = b": this token may not read this codebase any more\n"
"""A comment, before a stream ends because the codebase has left the token's limit. The next request gets 404."""


class Fence:
    """The end of a codebase's stream for a reader with a limit.

    `since`: the codebase was within the limit at this event. `upto`: the last event that is the reader's; None for no end.
    """

    def __init__(self, codebase: CodebaseId, limit: Limit, since: Sequence) -> None:
        self.codebase, self._limit, self._since = codebase, limit, since
        self.upto: Sequence | None = None

    def hear(self, events: Iterable[RecordedEvent]) -> None:
        """Look for changes of the name in some of the codebase's events, in any order and as often as you like."""
        if self._limit is None or self.codebase in self._limit:
            return
        for sequence, name in _names(events):
            if sequence > self._since and not within(self._limit, self.codebase, name):
                self.upto = Sequence(sequence - 1 if self.upto is None else min(sequence - 1, self.upto))

    def bounded(self, upto: Sequence | None) -> Sequence | None:
        """The nearer one of an end and this one."""
        return upto if self.upto is None else self.upto if upto is None else min(upto, self.upto)

    def is_before(self, sequence: Sequence) -> bool:
        """Whether an event is not the reader's any more."""
        return self.upto is not None and sequence > self.upto


def _names(events: Iterable[RecordedEvent]) -> Iterator[tuple[Sequence, str]]:
    """The names that these events give their codebase."""
    for recorded in events:
        if recorded.topic == e.CodebaseChanged.topic:
            event = decode(recorded)
            if isinstance(event, e.CodebaseChanged) and event.name is not None:
                yield recorded.sequence, event.name
