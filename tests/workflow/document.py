"""`docs/first-run.md`, written from a walk: every line that was typed, and what came back."""

from collections.abc import Iterable, Sequence
from typing import Final

from scripts.demo_session.client import Frame

from . import lines
from .canonical import Names, joined, shown
from .lines import Line
from .walk import Walk

HEAD: Final = """# First run

This page was not written by hand: `scripts/make_first_run.py` typed these lines into a shell and kept what came back,
and a test fails when it would come back differently. The lines are the *Complete Workflow* of the API document,
for a server on this machine. The agent is the real opencode; the model behind `anthropic/claude-sonnet-4-20250514`
is the scripted one in `scripts/scripted_model`, so that the same comes back each time.

Made the same for every walk: ids are short, all times are one time, counts of tokens are 0, and a text that came in
many pieces is shown in one, the events numbered accordingly. `…` stands for the members that all events of a run
share (`session_id`, `task_id`, `timestamp`), and for `correlation_id`, the name of the request that asked for an event.
"""
SECOND: Final = """## A second run: steer, interrupt, resume, stop

The same line starts another session. Its events are watched as before.
"""
STEERED: Final = "While the agent is at work, a follow-up steers it at its next step:\n"
INTERRUPTED: Final = "It goes astray. An interrupt is answered when the agent has let go, and the session is kept:\n"
RESUMED: Final = "A message resumes the same session:\n"
STOPPED: Final = (
    "A command that would run for a day is stopped. The answer comes when no process of the agent is left:\n"
)
MEANWHILE: Final = "Of what the stream showed meanwhile, the events that a person would look for:\n"
TAIL: Final = """## From here on

`curl -N 'http://127.0.0.1:8000/v1/opencode/codebases/cb_abc123/events?last_event_id=0'` gives both runs once more, from
the log, byte for byte as they came live. What else is promised: [guarantees](guarantees.md).
"""
_LOOKED_FOR: Final = ("message_sent", "status", "output", "tool_use", "file_change", "complete")
_LOCAL: Final = "http://127.0.0.1:8000"


def document(walk: Walk) -> str:
    """The page, in Markdown."""
    page = _Page(walk)
    first = (lines.STATUS, lines.REGISTER, lines.MODELS, lines.TRIGGER)
    parts = [HEAD, *(page.section(line) for line in first)]
    parts += [page.watched(lines.WATCH, walk.first), page.line(lines.AGENT), SECOND, page.line(lines.TRIGGER, 1)]
    parts += [STEERED, page.line(lines.FOLLOW_UP), INTERRUPTED, page.line(lines.INTERRUPT), page.line(lines.AGENT, 1)]
    parts += [RESUMED, page.line(lines.RESUME), STOPPED, page.line(lines.STOP)]
    parts += [MEANWHILE, page.looked_for(walk.second), TAIL]
    return "\n".join(parts)


class _Page:
    """Renders the parts of the page, with the same short name for the same id throughout."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._names = Names(walk.project)
        self._next = walk.first[0].id + len(joined(walk.first))

    def section(self, line: Line) -> str:
        return f"## {line.title}\n\n{self.line(line)}"

    def line(self, line: Line, nth: int = 0) -> str:
        answer = self._names.of(self._walk.answer(line, nth).text)
        return f"{_typed(line)}\n```json\n{answer}\n```\n"

    def watched(self, line: Line, frames: Sequence[Frame]) -> str:
        told = [shown(n, *event, whole=n == frames[0].id) for n, event in enumerate(joined(frames), frames[0].id)]
        return f"## {line.title}\n\n{_typed(line)}\n{self._stream(told)}"

    def looked_for(self, frames: Sequence[Frame]) -> str:
        numbered = enumerate(joined(frames), self._next)
        return self._stream(shown(n, *event, whole=False) for n, event in numbered if event[0] in _LOOKED_FOR)

    def _stream(self, told: Iterable[str]) -> str:
        body = "\n".join(self._names.of(text) for text in told)
        return f"```text\n{body}```\n"


def _typed(line: Line) -> str:
    return f"```bash\n{line.on(_LOCAL, lines.PATH, lines.CODEBASE)}\n```\n"
