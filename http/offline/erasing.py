"""Erasing from a data directory that no server uses: find what is chosen, record the erasure, erase permanently."""

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from ...actors.clock import SystemClock, timestamp
from ...actors.store.erasing import Progress, finish_erasures, is_unfinished, record_erasures
from ...actors.store.log_file import LogFile
from ...domain.erasure.erasable import History
from ...domain.erasure.tombstones import tombstone_of
from ...domain.errors import InvalidInput
from ...domain.events.erasure import Erasure
from ...domain.events.event import Cause
from ...domain.events.recorded import RecordedEvent
from ...domain.events.wire import encode
from ...domain.fault_points import Reach, pass_by
from ...domain.ids import CodebaseId, Position, Sequence
from ...domain.secrets.masker import Secrets
from ...domain.timestamps import timestamp_of
from .missing import no_codebase

EVENTS_EACH: Final = 500
"""The most events that one erasure event names: it is one line on a page of the log and should stay readable."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What to erase: a session, single events, everything that ended before a time, or everything. Of a codebase or of all."""

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
            return history.ended_before(timestamp_of(self.before))
        return history.everything()


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What was found of one codebase: positions in order, how many of which topic, and the stream's last sequence.

    `repeats`: the other sessions and tasks that repeat a prompt among these.
    """

    codebase: CodebaseId
    positions: Many[int]
    kinds: Counter[str]
    head: Sequence
    repeats: Many[str] = ()


def choose(log: LogFile, choice: Choice, progress: Progress) -> list[Chosen]:
    """Find in the log what is chosen. Raises `InvalidInput` and `NotOver` where there is no such thing, or not yet."""
    everywhere = list(log.last_of_each())
    lasts = [last for last in everywhere if choice.codebase in (None, last.stream)]
    if not lasts and choice.codebase:
        raise no_codebase(choice.codebase)
    _check_there(choice.positions, max((last.position for last in everywhere), default=Position(0)))
    found, known, done = list[Chosen](), False, 0
    elsewhere = set(choice.positions)
    for last in lasts:
        history = History()
        for event in log.of(last.stream):
            _take(history, event)
            elsewhere.discard(event.position)
            done += 1
            if not done % 1000:
                progress(done, log.size)
        known = known or choice.session is None or history.has(choice.session)
        if positions := sorted(choice.of(history)):
            kinds = Counter(event.topic for event in _events(log, last.stream, positions))
            repeats = history.repeats(positions)
            found.append(
                Chosen(codebase=last.stream, positions=positions, kinds=kinds, head=last.sequence, repeats=repeats)
            )
    if not known:
        where = choice.codebase or "The log"
        raise InvalidInput(f"{where} has no session {choice.session}; `opencode-ledger audit show` lists all sessions.")
    if choice.positions and len(elsewhere) == len(choice.positions):
        raise InvalidInput(f"--position: none of these events belongs to {choice.codebase}.")
    return found


def _take(history: History, event: RecordedEvent) -> None:
    try:
        history.take(event)
    except (AttributeError, KeyError, TypeError, ValueError):
        why = f"event {event.position} is damaged or was altered; run `opencode-ledger audit verify` for details"
        raise InvalidInput(f"Nothing was erased: {why}.") from None


def _check_there(positions: frozenset[int], head: Position) -> None:
    if missing := sorted(position for position in positions if position > head):
        raise InvalidInput(f"--position is {missing[0]}, but the log has only the events 1 to {head}.")


def _events(log: LogFile, codebase: CodebaseId, positions: Iterable[int]) -> Iterator[RecordedEvent]:
    """Events of a codebase, one after another: together they may be more than fits into memory."""
    wanted = frozenset(positions)
    return (event for event in log.of(codebase) if event.position in wanted)


def erasures(
    log: LogFile, found: Iterable[Chosen], head: Position, *, why: str, who: str, cause: Cause
) -> Iterator[RecordedEvent]:
    """The events that put these erasures on record, at the end of a log that ends at `head`."""
    mask, now = Secrets().mask, timestamp(SystemClock())
    position = head
    for chosen in found:
        sequence, events = chosen.head, _events(log, chosen.codebase, chosen.positions)
        while some := list(islice(events, EVENTS_EACH)):
            position, sequence = Position(position + 1), Sequence(sequence + 1)
            erasure = Erasure(
                reason=mask(why),
                erased_by=mask(who),
                tombstones=_digests(some, position),
                timestamp=now,
            )
            new = encode(erasure.caused_by(cause))
            yield RecordedEvent(position, chosen.codebase, sequence, new.topic, new.data)


def _digests(events: Iterable[RecordedEvent], by: Position) -> dict[str, str]:
    left = ((event.position, tombstone_of(event, by)) for event in events)
    return {str(position): sha256(tombstone).hexdigest() for position, tombstone in left if tombstone is not None}


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
