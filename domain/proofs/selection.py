"""What an export claims to contain, and the check of its events against that claim.

The proof of an export shows that its events are in the log, and says nothing of events that were left out.

- That a range is complete follows from the events' numbers, which are proved too.
- That a session is complete can't be proved: the events between its events may belong to it or not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from ..events import Json
from ..events.recorded import RecordedEvent
from ..outputs.exported import BadExport
from .audit import Finding


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A codebase's events from `first` to `last`, or a `session`'s events among them; without a `codebase`, the whole log."""

    codebase: str | None = None
    first: int = 1
    last: int | None = None
    session: str | None = None

    @classmethod
    def read(cls, members: Mapping[str, Json]) -> "Selection":
        """Read the selection of a manifest. Raises `BadExport`, also for unknown members: their promise is unknown."""
        match members:
            case {"codebase_id": str(codebase), "from": int(first), "to": int(last), **rest} if not (
                rest.keys() - {"session_id"} or isinstance(first, bool) or isinstance(last, bool)
            ):
                session = rest.get("session_id")
                if 1 <= first <= last and (isinstance(session, str) or not rest):
                    return cls(codebase=codebase, first=first, last=last, session=str(session) if rest else None)
            case _ if not members:
                return cls()
            case _:
                pass
        raise BadExport("The manifest's selection is not one that an export has.")

    def __str__(self) -> str:
        """The choice in words."""
        if self.codebase is None:
            return "the whole log"
        whose = f"session {self.session} of codebase" if self.session is not None else "codebase"
        return f"{whose} {self.codebase}, events {self.first} to {self.last}"

    def shown(self, events: int, size: int) -> str:
        """What a sound export of that number of events proves, as a sentence. `size`: the number of events in the log."""
        if events == size:  # then nothing was left out of it, whatever was chosen
            return f"{self}: all there"
        if self.session is None:
            return f"{self}: all there; whether the codebase has later ones is not shown"
        between = f"between {self.first} and {self.last} of the codebase's"
        return (
            f"session {self.session} of codebase {self.codebase}: {events} in the log {between}, completeness not shown"
        )


class Chosen:
    """Checks the events of an export, in its order, against the selection."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._last: RecordedEvent | None = None

    def take(self, event: RecordedEvent) -> Iterator[Finding]:
        """What is wrong with the next event."""
        chosen, last = self._selection, self._last
        name = f"Event {event.sequence} of {event.stream}"
        if not self._within(event):
            yield Finding("added", event.position, f"{name} is not among what the manifest says was chosen.")
        elif chosen.session is not None and session_of(event) != chosen.session:
            yield Finding("added", event.position, f"{name} is not of the session that the manifest says was chosen.")
        if last is not None and event.position <= last.position:
            yield Finding("moved", event.position, f"{name} does not come after the one before it.")
        yield from self._gap(event, name)
        self._last = event

    def end(self, size: int) -> Iterator[Finding]:
        """What is missing after the last event. `size`: the number of events in the signed log."""
        chosen, last = self._selection, self._last
        due = size if chosen.codebase is None else chosen.last
        at = self._number(last) if last else 0
        if last is None or at != due:
            said = f"The events end at {at}, and the manifest says that they go up to {due}: what follows is missing."
            yield Finding("removed", last.position if last else 0, said)

    def _number(self, event: RecordedEvent) -> int:
        """The number by which the events of this selection are counted."""
        return event.position if self._selection.codebase is None else event.sequence

    def _within(self, event: RecordedEvent) -> bool:
        chosen = self._selection
        if chosen.codebase is None:
            return True
        return event.stream == chosen.codebase and chosen.first <= event.sequence <= (chosen.last or 0)

    def _gap(self, event: RecordedEvent, name: str) -> Iterator[Finding]:
        """What is missing right before an event: the first number is promised, and each event follows the last."""
        chosen, last = self._selection, self._last
        here, before = self._number(event), self._number(last) if last else None
        if before is None:
            if here != chosen.first:
                said = f"The events begin at {here}, and the manifest says {chosen.first}: what was before them is missing."
                yield Finding("removed", event.position, said)
        elif here <= before:
            yield Finding("moved", event.position, f"{name} does not come after {before}, which stands before it.")
        elif chosen.session is None and here != before + 1:
            said = f"{name} follows {before}: what was between them is missing."
            yield Finding("removed", event.position, said)


def session_of(event: RecordedEvent) -> str | None:
    """The session of an event; None where it belongs to none, or can't be read."""
    try:
        members: object = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return None
    match members:
        case {"session_id": str(session)}:
            return session
        case _:
            return None
