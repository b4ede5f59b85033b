"""From events to spans: one trace for each run of a session, with its model calls, tool calls and waits for permission.

Pure: the same events always give the same spans. Prompts, answers, arguments and outputs never get into a span.
"""

from collections.abc import Iterable
from typing import Any, Final

import orjson

from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId
from ...domain.timestamps import moment_of
from .run import TOPICS, Run, Uses
from .span import Span

BEGIN: Final = frozenset({"started", "resumed"})
END: Final = frozenset({"interrupted", "stopped", "completed", "failed"})


def spans_of(events: Iterable[RecordedEvent]) -> list[Span]:
    """The spans of all runs that end within these events, and the parts of a run as they end."""
    runs = Runs()
    return [span for event in events for span in runs.take(event)]


class Runs:
    """The runs that go on, folded from the events in their order. A codebase has one at a time."""

    def __init__(self) -> None:
        self._runs: dict[CodebaseId, Run] = {}
        self._uses: dict[CodebaseId, tuple[str, Uses]] = {}  # a session that is resumed goes on with what it used

    def take(self, event: RecordedEvent) -> list[Span]:
        """The spans that end with this event."""
        if event.topic != "session" and (event.topic not in TOPICS or event.stream not in self._runs):
            return []
        members: dict[str, Any] = orjson.loads(event.data)
        session, action = members.get("session_id"), members.get("action")
        if not isinstance(session, str):
            return []
        if event.topic == "session" and action in BEGIN:
            self._runs[event.stream] = Run(event, members, self._used_by(event.stream, session))
            return []
        run = self._runs.get(event.stream)
        if run is None or run.session != session:
            return []
        if event.topic != "session" or action not in END:
            return run.take(event.topic, members)
        del self._runs[event.stream]
        self._uses[event.stream] = (session, run.uses)
        return run.finished(str(action), moment_of(members["timestamp"]))

    def _used_by(self, codebase: CodebaseId, session: str) -> Uses:
        known = self._uses.pop(codebase, None)
        return known[1] if known is not None and known[0] == session else Uses()
