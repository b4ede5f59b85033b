"""A caller's request as the domain knows it: where its events come from, and how it is known when it comes again.

The answer to a request with an idempotency key is an event of its own, recorded together with what the request did:
either both are in the log or neither is.
"""

from collections.abc import Callable, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from typing import TypeAlias

from ..events.event import Event, Json, kind
from ..ids import Timestamp

Respond: TypeAlias = Callable[[Many[Event]], Mapping[str, Json]]
"""Makes the answer to a request out of the events that it led to. Pure."""


@kind("request", "answered")
@dataclass(frozen=True, kw_only=True)
class RequestAnswered(Event):
    """A request with an idempotency key was carried out, and answered so; never changes an actor's state.

    `fingerprint`: the SHA-256 of what the request said, in hexadecimal. `status`: of the answer, as in HTTP.
    """

    key: str
    fingerprint: str
    status: int = 200
    answer: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A request's name, given by its caller, and the digest of all that the request says."""

    key: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a command brings along from the request that it came with."""

    correlation_id: str
    respond: Respond
    key: IdempotencyKey | None = None

    def mark(self, events: Many[Event], at: Timestamp) -> tuple[Event, ...]:
        """The events to record: those decided, which name the request, and the answer if it must be given again."""
        marked = self.name(events)
        return (*marked, *self.answered(marked, at))

    def name(self, events: Many[Event]) -> tuple[Event, ...]:
        """The events, which name the request; it is answered by later ones."""
        return tuple(replace(event, correlation_id=self.correlation_id) for event in events)

    def answered(self, events: Many[Event], at: Timestamp) -> tuple[Event, ...]:
        """The answer that these events are, if it must be given again."""
        if self.key is None:
            return ()
        return (
            RequestAnswered(
                key=self.key.key,
                fingerprint=self.key.fingerprint,
                answer=self.respond(events),
                correlation_id=self.correlation_id,
                timestamp=at,
            ),
        )

    def answer(self, recorded: Many[Event]) -> Mapping[str, Json]:
        """The answer as it was recorded, so that the first is the same as every later one; else as it is told."""
        answers = (event.answer for event in recorded if isinstance(event, RequestAnswered))
        return next(answers, None) or self.respond(recorded)
