"""A caller's request in the domain: it names the events that it causes, and is recognised when it is repeated.

The response to a request with an idempotency key is an event of its own. It is recorded together with the other
events of the request: either both are in the log or neither is.
"""

from collections.abc import Callable, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import TypeAlias

from ..events.event import Cause, Event, Json
from ..events.requests import RequestAnswered
from ..ids import Timestamp
from ..principals import Principal

Respond: TypeAlias = Callable[[Many[Event]], Mapping[str, Json]]
"""Makes the response to a request from the events that it caused. Pure."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A request's key, chosen by its caller, and the digest of the request's content."""

    key: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a command knows of the request that it came with. `principal`: who sent it; None for the service itself."""

    correlation_id: str
    respond: Respond
    key: IdempotencyKey | None = None
    principal: Principal | None = None

    @property
    def cause(self) -> Cause:
        """What the request's events say of it."""
        who = self.principal
        return Cause(self.correlation_id, who.by if who else None, who.via if who else None)

    def mark(self, events: Many[Event], at: Timestamp) -> tuple[Event, ...]:
        """The events to record: the decided events in the request's name, and the response if it must be repeatable."""
        marked = self.name(events)
        return (*marked, *self.answered(marked, at))

    def name(self, events: Many[Event]) -> tuple[Event, ...]:
        """The events in the request's name; later events answer the request."""
        return tuple(event.caused_by(self.cause) for event in events)

    def answered(self, events: Many[Event], at: Timestamp) -> tuple[Event, ...]:
        """The recorded response that follows from these events, if it must be repeatable."""
        if self.key is None:
            return ()
        answered = RequestAnswered(
            key=self.key.key, fingerprint=self.key.fingerprint, answer=self.respond(events), timestamp=at
        )
        return self.name((answered,))

    def answer(self, recorded: Many[Event]) -> Mapping[str, Json]:
        """The response: as it was recorded, so that a repeated request gets the same; otherwise made from the events."""
        answers = (event.answer for event in recorded if isinstance(event, RequestAnswered))
        return next(answers, None) or self.respond(recorded)
