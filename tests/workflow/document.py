"""`docs/first-run.md`, written from a walk: every line that was typed, and what came back."""

from collections.abc import Iterable, Sequence
from typing import Final

from scripts.demo_session.client import Frame

from . import lines
from .canonical import Names, joined, shown
from .lines import Line
from .walk import Walk

HEAD: Final = """# First run

This page was not written by hand. `scripts/make_first_run.py` typed these lines into a shell and kept the answers. A
test fails if the answers change. The lines are the *Complete Workflow* of the API document, for a server on this
machine. The agent is the real opencode. The model `anthropic/claude-sonnet-4-20250514` is the scripted one in
`scripts/scripted_model`, which always says the same.

The page simplifies a few details, so that every run looks the same:

- Ids are short, all times are one time, and counts of tokens are 0.
- A text that came in many pieces is shown in one, and the events are numbered accordingly.
- `…` stands for the members that all events of a run share: `session_id`, `task_id` and `timestamp`. It also stands
  for `correlation_id`, the id of the request that caused an event, and for `by`, who sent it.
"""
SECOND: Final = """## A second run: steer, interrupt, resume, stop

The same line starts another session. Watch its events as before.
"""
STEERED: Final = "While the agent works, a follow-up steers it at its next step:\n"
INTERRUPTED: Final = (
    "The agent does something that you don't want. Interrupt it. The answer comes when the agent has stopped its\n"
    "work, and the session is kept:\n"
)
RESUMED: Final = "A message resumes the same session:\n"
STOPPED: Final = "Stop a command that would run for a day. The answer comes when no process of the agent is left:\n"
MEANWHILE: Final = "These are the most interesting events of the stream meanwhile:\n"
TAIL: Final = """## What next

`curl -N 'http://127.0.0.1:8000/v1/opencode/codebases/cb_abc123/events?last_event_id=0'` shows both runs again, from
the log, byte for byte as they came live. [Guarantees](guarantees.md) lists what else is promised.
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
        events = enumerate(joined(frames), frames[0].id)
        texts = (shown(n, *event, whole=n == frames[0].id) for n, event in events)
        return f"## {line.title}\n\n{_typed(line)}\n{self._stream(texts)}"

    def looked_for(self, frames: Sequence[Frame]) -> str:
        numbered = enumerate(joined(frames), self._next)
        return self._stream(shown(n, *event, whole=False) for n, event in numbered if event[0] in _LOOKED_FOR)

    def _stream(self, texts: Iterable[str]) -> str:
        body = "\n".join(self._names.of(text) for text in texts)
        return f"```text\n{body}```\n"


def _typed(line: Line) -> str:
    return f"```bash\n{line.on(_LOCAL, lines.PATH, lines.CODEBASE)}\n```\n"
