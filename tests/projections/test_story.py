"""What a person reads of an event that stands for itself."""

import pytest
from tests.domain.given import IDS, SESSION

from opencode_ledger.domain.events import AccessRefused
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.events.wire import encode
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.projections.story.session_story import Story


@pytest.mark.parametrize(
    ("event", "title"),
    [
        (
            AccessRefused(calls=("POST /a", "GET /b"), program="curl", **IDS),
            "refused: a process of the agent (curl) called this service",
        ),
        (
            AccessRefused(calls=("POST /a", "GET /b"), times=1200, **IDS),
            "refused: a process of the agent called this service, 1,200 times",
        ),
    ],
)
def test_an_agent_that_asked_the_service(event: AccessRefused, title: str) -> None:
    """The story has that a process of the agent was refused, what it called, and how often."""
    new, story = encode(event), Story(SESSION)
    story.take([RecordedEvent(Position(1), CodebaseId("cb_1"), Sequence(1), new.topic, new.data)])
    [entry] = story.entries
    assert (entry.who, entry.title, entry.text) == ("status", title, "POST /a\nGET /b")
