"""The way of each commit to all followers of its stream.

A commit's frames are encoded once and written to every follower's transport, with no queue and no task between.
A follower whose backlog passes the limit is recalled: its own handler feeds it from the log until it has caught up.
So nobody waits for a slow reader, it uses no extra memory, and it loses nothing.
"""

from collections.abc import Generator
from collections.abc import Sequence as Many
from contextlib import contextmanager
from itertools import groupby

from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Sequence, SessionId
from ...domain.ports import EventStore
from .all_codebases import ALL, in_whole_log
from .fence import Fence
from .shared_frames import batch_of
from .subscriber import Subscriber


class LiveStream:
    """The followers of one codebase's stream.

    Every follower is level: its position is the last sequence that was announced here, or beyond it where it
    read a commit from the log before the announcement.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._last = Sequence(0)
        self._followers: dict[SessionId | None, set[Subscriber]] = {}
        self.attached = 0
        self.recalls = 0

    async def follow(self, subscriber: Subscriber) -> None:
        """Give the subscriber each commit until it is recalled; return at once if it isn't level.

        The subscriber must have read to the end of the log since it was attached.
        """
        # No await may come between this comparison and the joining, or a commit could slip through.
        if subscriber.position < self._last:
            return
        kind = self._followers.setdefault(subscriber.session, set())
        kind.add(subscriber)
        try:
            await subscriber.recalled()
        finally:
            kind.discard(subscriber)
            # Another reader's set may stand there by now: one that came after this one was emptied.
            if not kind and self._followers.get(subscriber.session) is kind:
                self._followers.pop(subscriber.session, None)

    def announce(self, events: Many[RecordedEvent]) -> None:
        """Send one commit's events to all followers."""
        self._last = events[-1].sequence
        for session, followers in self._followers.items():
            if followers:
                followers.difference_update(self._send(events, session, followers))

    def _send(
        self, events: Many[RecordedEvent], session: SessionId | None, followers: set[Subscriber]
    ) -> set[Subscriber]:
        """Send to the followers of one kind; the answer is who has to leave."""
        batch = batch_of(events, session)
        leaving: set[Subscriber] = set()
        for subscriber in followers:
            if not subscriber.may_have(batch):
                leaving.add(subscriber)  # it is fed what is left for it, and the end, from the log
                subscriber.recall()
                continue
            if subscriber.position == batch.before:
                subscriber.take(batch)
                level = subscriber.backlog <= self._limit
            else:
                level = subscriber.position >= batch.last
            if subscriber.over or not level:
                leaving.add(subscriber)
                subscriber.recall()
                self.recalls += not level
        return leaving


class Fanout:
    """Hears of every commit, and passes it on where somebody follows."""

    def __init__(self, store: EventStore, limit: int) -> None:
        self._limit = limit
        self._streams: dict[CodebaseId, LiveStream] = {}
        self._fences: dict[CodebaseId, set[Fence]] = {}
        self._recalls = 0
        self.close = store.on_commit(self._announce)

    @property
    def recalls(self) -> int:
        """How often a follower was too slow, so far."""
        return self._recalls + sum(stream.recalls for stream in self._streams.values())

    @contextmanager
    def attached(self, codebase: CodebaseId) -> Generator[LiveStream, None, None]:
        """The live stream of a codebase, or of `ALL`, which hears of every commit from now on, until the end of the block."""
        stream = self._streams.setdefault(codebase, LiveStream(self._limit))
        stream.attached += 1
        try:
            yield stream
        finally:
            stream.attached -= 1
            if not stream.attached:
                del self._streams[codebase]
                self._recalls += stream.recalls

    @contextmanager
    def fenced(self, fence: Fence) -> Generator[None]:
        """Have a fence hear of every commit before anything of it is sent, until the end of the block."""
        fences = self._fences.setdefault(fence.codebase, set())
        fences.add(fence)
        try:
            yield
        finally:
            fences.discard(fence)
            if not fences and self._fences.get(fence.codebase) is fences:
                del self._fences[fence.codebase]

    def _announce(self, events: tuple[RecordedEvent, ...]) -> None:
        # One commit may hold appends of several streams; each stream's own events lie in order in it.
        if not self._streams and not self._fences:
            return
        if (whole := self._streams.get(ALL)) is not None:
            whole.announce(tuple(map(in_whole_log, events)))
        for codebase, group in groupby(sorted(events, key=_by_stream), key=_by_stream):
            own = tuple(group)
            for fence in self._fences.get(codebase, ()):
                fence.hear(own)
            if (stream := self._streams.get(codebase)) is not None:
                stream.announce(own)


def _by_stream(event: RecordedEvent) -> CodebaseId:
    return event.stream
