"""The service's own events as lines for people: what `audit show service` prints."""

from collections.abc import Iterable, Iterator

from ...domain.events import Event, LogRead, TokensChanged
from ...domain.events.recorded import RecordedEvent
from ...domain.events.wire import decode
from ...projections.story.session_story import NOT_OURS
from ...projections.story.unreadable import whole
from ...projections.story.wording import name_of
from .screen import Line, line, plain, second

_READ = {"export": "exported", "outputs": "exported the tool outputs of", "stream": "opened the stream of"}


def service_lines(events: Iterable[RecordedEvent]) -> Iterator[Line]:
    """One line for each event, in order."""
    yield line(("service", "dim"), "  the events that belong to no codebase")
    for recorded in whole(events):
        event = decode(recorded)
        for said in _said(event):
            yield line((f"{second(event.timestamp)} {recorded.sequence:>6}  ", "dim"), plain(said), indent=8)


def _said(event: Event) -> Iterator[str]:
    match event:
        case TokensChanged():
            yield from (f"token added: {name} ({rights})" for name, rights in event.added.items())
            yield from (f"token changed: {name} ({rights})" for name, rights in event.changed.items())
            yield from (f"token removed: {name}" for name in event.removed)
        case LogRead():
            what = event.codebase or ("all codebases" if event.read == "stream" else "the log")
            yield f"{name_of(event) or 'somebody'} {_READ.get(event.read, event.read)} {what}"
        case _:
            yield f"an event that is {NOT_OURS}"
