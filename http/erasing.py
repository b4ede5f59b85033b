"""Erasing from a data directory that no server uses: what is chosen is found, put on record, and erased for good."""

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from ..actors.store.erasing import Progress, finish_erasures, is_unfinished, record_erasures
from ..actors.store.log_file import LogFile
from ..domain.erasing import History
from ..domain.erasure_events import Erasure
from ..domain.errors import CodebaseNotFound, InvalidInput
from ..domain.fault_points import Reach, pass_by
from ..domain.ids import CodebaseId, Position, Sequence, Timestamp
from ..domain.recorded import RecordedEvent
from ..domain.secrets import Secrets
from ..domain.tombstones import tombstone_of
from ..domain.wire import encode

EVENTS_EACH: Final = 500
"""Events that one erasure event names at most: each is a line of a page of the log, and should stay readable."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is to be erased: of a codebase or of all, a session, single events, what ended before a time, or all there is."""

    codebase: CodebaseId | None = None
    session: str | None = None
    positions: frozenset[int] = frozenset()
    before: datetime | None = None

    def of(self, history: History) -> list[int]:
        """The positions that are chosen of a codebase's history. Raises `NotOver`."""
        if self.positions:
            return history.of_positions(self.positions)
        if self.session is not None:
            return history.of_session(self.session) if history.has(self.session) else []
        if self.before is not None:
            return history.ended_before(timestamp(self.before))
        return history.everything()


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What was found of one codebase: its events, and the last sequence of its stream."""

    codebase: CodebaseId
    events: Many[RecordedEvent]
    head: Sequence
    kinds: Counter[str] = field(default_factory=Counter[str])


def choose(log: LogFile, choice: Choice, progress: Progress) -> list[Chosen]:
    """Find in the log what is chosen. Raises `InvalidInput` and `NotOver` where there is no such thing, or not yet."""
    lasts = [last for last in log.last_of_each() if choice.codebase in (None, last.stream)]
    if not lasts and choice.codebase:
        raise CodebaseNotFound(f"The log has no codebase {choice.codebase}.")
    found, known, done = list[Chosen](), False, 0
    for last in lasts:
        history = History()
        for event in log.of(last.stream):
            history.take(event)
            done += 1
            if not done % 1000:
                progress(done, log.size)
        known = known or choice.session is None or history.has(choice.session)
        if wanted := frozenset(choice.of(history)):
            events = [event for event in log.of(last.stream) if event.position in wanted]
            kinds = Counter(event.topic for event in events)
            found.append(Chosen(codebase=last.stream, events=events, head=last.sequence, kinds=kinds))
    if not known:
        raise InvalidInput(f"The log has no session {choice.session}; `opencode-ledger audit show` lists those it has.")
    return found


def erasures(found: Iterable[Chosen], head: Position, *, why: str, who: str, name: str) -> Iterator[RecordedEvent]:
    """The events that put these erasures on record, at the end of a log that ends at `head`. `name`: their correlation."""
    mask, now = Secrets().mask, timestamp(datetime.now(UTC))
    position = head
    for chosen in found:
        for number, begin in enumerate(range(0, len(chosen.events), EVENTS_EACH), 1):
            position = Position(position + 1)
            named = {
                str(event.position): sha256(tombstone).hexdigest()
                for event in chosen.events[begin : begin + EVENTS_EACH]
                if (tombstone := tombstone_of(event, position)) is not None
            }
            new = encode(
                Erasure(
                    reason=mask(why), erased_by=mask(who), tombstones=named, timestamp=now, correlation_id=mask(name)
                )
            )
            yield RecordedEvent(position, chosen.codebase, Sequence(chosen.head + number), new.topic, new.data)


def erase(log: Path, made_of_it: Many[Path], events: Many[RecordedEvent], progress: Progress, reach: Reach) -> None:
    """Record erasures, and carry them out. Raises `StoreError`; what was recorded is finished later then."""
    record_erasures(log, events, reach)
    finish_erasures(log, made_of_it, reach, progress)


def finish(log: Path, made_of_it: Many[Path], reach: Reach = pass_by) -> bool:
    """Finish erasures that were cut off; whether there were any. Raises `StoreError`."""
    if not is_unfinished(log):
        return False
    finish_erasures(log, made_of_it, reach)
    return True


def timestamp(moment: datetime) -> Timestamp:
    """A moment as events write it."""
    return Timestamp(moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))
