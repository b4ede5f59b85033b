"""Group commit, the pure part: which appends go into one transaction, and the outcome of each."""

import asyncio
from collections import deque
from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass, field

from ...domain.events.recorded import NewEvent, RecordedEvent
from ...domain.ids import CodebaseId, Position, Sequence

MAX_EVENTS = 1000
"""Events in one group: bounds how long one transaction keeps the others waiting."""

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of event data in one group."""


@dataclass(slots=True)
class Append:
    """The append of one caller, which waits for its answer."""

    stream: CodebaseId
    expected: Sequence
    events: Many[NewEvent]
    answer: asyncio.Future[tuple[RecordedEvent, ...]]


@dataclass(slots=True)
class Plan:
    """One transaction: its events in position order, the caller of each, and the callers that are refused."""

    events: list[RecordedEvent] = field(default_factory=list[RecordedEvent])
    accepted: list[tuple[Append, tuple[RecordedEvent, ...]]] = field(
        default_factory=list[tuple[Append, tuple[RecordedEvent, ...]]]
    )
    refused: list[tuple[Append, Sequence]] = field(default_factory=list[tuple[Append, Sequence]])
    heads: dict[CodebaseId, Sequence] = field(default_factory=dict[CodebaseId, Sequence])


def take_group(waiting: deque[Append]) -> list[Append]:
    """Take the next group off the queue: whole appends, at least one, within the bounds if there are several."""
    group: list[Append] = []
    events = size = 0
    while waiting:
        append = waiting[0]
        if append.answer.done():  # its caller was cancelled before anything was written
            waiting.popleft()
            continue
        events += len(append.events)
        for event in append.events:
            size += len(event.data)
        if group and (events > MAX_EVENTS or size > MAX_BYTES):
            break
        group.append(waiting.popleft())
    return group


def plan_group(group: Many[Append], head: Position, heads: Mapping[CodebaseId, Sequence]) -> Plan:
    """Number the events of a group, starting at the heads. An append that expects another head is refused alone."""
    plan = Plan()
    position: int = head
    for append in group:
        stream = append.stream
        sequence: int = plan.heads.get(stream, heads.get(stream, Sequence(0)))
        if append.expected != sequence:
            plan.refused.append((append, Sequence(sequence)))
            continue
        recorded: list[RecordedEvent] = []
        for event in append.events:
            position += 1
            sequence += 1
            recorded.append(RecordedEvent(Position(position), stream, Sequence(sequence), event.topic, event.data))
        plan.heads[stream] = Sequence(sequence)
        plan.events += recorded
        plan.accepted.append((append, tuple(recorded)))
    return plan
