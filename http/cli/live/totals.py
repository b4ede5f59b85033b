"""What a session came to: how it ended, how long it took, what it changed and what it cost."""

from collections import Counter
from dataclasses import dataclass, field

from ....domain import events as e
from ....domain.ids import Timestamp
from ....projections.story.wording import took
from ..layout.amounts import dollars, tokens
from .words import change_lines


@dataclass
class Totals:
    """Takes a session's events in order. `last`: the number of the last one."""

    last: int = 0
    files: dict[str, None] = field(default_factory=dict[str, None])
    added: int = 0
    removed: int = 0
    tokens: Counter[str] = field(default_factory=Counter[str])
    cost: float = 0.0
    started: str = ""
    ended: str = ""
    status: str = ""
    summary: str = ""
    failure: str = ""

    def restart(self) -> None:
        """A new session begins."""
        self.__init__()  # type: ignore[misc]  # all is as at first

    def take(self, event: e.Event, number: int) -> None:
        """Take the next event."""
        self.last = number
        self.ended = event.timestamp
        match event:
            case e.SessionStarted(waiting=False) | e.SessionAdmitted():
                self.started = self.started or event.timestamp
            case e.FileChange():
                self.files[event.path] = None
            case e.ToolUse():
                lines = change_lines(event)
                self.added += sum(line.startswith("+") for line in lines)
                self.removed += sum(line.startswith("-") for line in lines)
            case e.Usage():
                self.tokens.update(event.tokens)
                self.cost += event.cost
            case e.Error():
                self.failure = f"{event.error} ({event.code})"
            case e.Complete():
                self.status, self.summary = event.status, event.summary
            case _:
                pass

    @property
    def sentence(self) -> str:
        """All of it on one line."""
        lasted = took(Timestamp(self.started), Timestamp(self.ended)) if self.started else ""
        parts = [f"{self.status}{f' in {lasted}' if lasted else ''}"]
        if self.files:
            counts = [f"+{self.added}"] * bool(self.added) + [f"-{self.removed}"] * bool(self.removed)
            parts.append(" ".join([f"{len(self.files)} {'file' if len(self.files) == 1 else 'files'}", *counts]))
        parts += [tokens(self.tokens), dollars(self.cost)] if self.tokens else []
        return "   ".join([*parts, f"event {self.last}"])
