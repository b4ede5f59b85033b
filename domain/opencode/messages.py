"""An agent's messages and their parts, in events and in lists: text, tools, files, usage.

A part counts only once its message is known to be the agent's and new: the user's own text is no output, and old
messages are not reported again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ..codebase.facts import Fact, StepUsed
from ..ids import AgentSessionId
from ..secrets.masker import Secrets
from ..untrusted_json import Fields, fields, items, number, text, whole
from .file_changes import FileChanges
from .file_diffs import FileDiffs
from .names import MESSAGE, is_name
from .run import Run
from .streamed_text import Origin, TextParts
from .tool_calls import ToolCalls

MOST: Final = 10**12
"""Tokens or dollars of one step at most: a larger number is not a count, and too large for a session's sums."""


@dataclass(slots=True)
class _Message:
    """The facts of a message that its parts depend on. `silent`: its text is not for people."""

    origin: Origin
    answer: bool
    prompt: str
    root: str
    silent: bool
    finished: bool


class Messages:
    """The messages of a session and its subagents, from `since` (ms since the epoch) on."""

    def __init__(self, directory: str, since: float, secrets: Secrets) -> None:
        self.files = FileChanges(directory)
        self.diffs = FileDiffs(directory)
        self.tools = ToolCalls(secrets)
        self.texts = TextParts(secrets)
        self._directory, self._since = directory, int(since)
        self._messages: dict[str, _Message] = {}
        self._steps: set[str] = set()

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def worktree(self) -> str:
        """The root of the repository, as the agent reports it; paths in comparisons are relative to it."""
        roots = (message.root for message in reversed(self._messages.values()) if message.root)
        return next(roots, self._directory)

    def message(self, run: Run, origin: Origin, info: Fields) -> Iterator[Fact]:
        """A message in its current state; the user's message has the file changes since."""
        message_id, answer = text(info.get("id")), info.get("role") == "assistant"
        created = whole(fields(info.get("time")).get("created"))
        if not is_name(message_id, MESSAGE) or created < self._since:
            return
        if info.get("sessionID") == run.root:
            run.message(info)
        self._messages[message_id] = _Message(
            origin=origin,
            answer=answer,
            prompt=text(info.get("parentID")) if answer else message_id,
            root=text(fields(info.get("path")).get("root")),
            silent=info.get("summary") is True,
            finished="completed" in fields(info.get("time")),
        )
        diffs = fields(info.get("summary")).get("diffs")
        if not answer and diffs and created >= int(run.since):
            self.diffs.comparison(origin, message_id, diffs, self.worktree)
            yield from self.files.comparison(origin, message_id, diffs, self.worktree)

    def part(self, part: Fields) -> Iterator[Fact]:
        """A part in its current state."""
        message = self._messages.get(text(part.get("messageID")))
        if message is None or not message.answer:
            return
        match part.get("type"):
            case "text" | "reasoning" if not message.silent:
                yield from self.texts.snapshot(message.origin, part, finished=message.finished)
            case "tool":
                yield from self.tools.snapshot(message.origin, part)
                yield from self.files.tool(message.origin, part)
            case "patch":
                self.files.patch(message.origin, message.prompt, part)
            case "step-finish":
                yield from self._step(message.origin, part)
            case _:
                return

    def helper_of(self, part: Fields) -> tuple[Origin, str] | None:
        """The session that a `task` call opened, and the origin of the call."""
        message = self._messages.get(text(part.get("messageID")))
        child = text(fields(fields(part.get("state")).get("metadata")).get("sessionId"))
        return (message.origin, child) if message and part.get("tool") == "task" and child else None

    def retried(self, subagent: AgentSessionId | None) -> Iterator[Fact]:
        """The model is called again."""
        yield from self.texts.take_back(subagent)

    def _step(self, origin: Origin, part: Fields) -> Iterator[Fact]:
        part_id = text(part.get("id"))
        if part_id not in self._steps:
            self._steps.add(part_id)
            yield _used(origin, part)


def last_words(messages: object, limit: int, secrets: Secrets) -> str:
    """The agent's last text in a list of messages, masked and then truncated to `limit` characters."""
    for message in reversed(items(messages)):
        info = fields(fields(message).get("info"))
        if info.get("role") == "assistant" and info.get("summary") is not True:
            if said := secrets.mask(_said(items(fields(message).get("parts")))):
                return said if len(said) <= limit else said[: limit - 1].rstrip() + "…"
        elif info.get("role") == "user" and not is_synthetic(fields(message)):
            return ""
    return ""


def is_synthetic(message: Fields) -> bool:
    """Whether the agent itself wrote this user message, to go on after it shortened the conversation."""
    parts = [fields(part) for part in items(message.get("parts"))]
    return all(part.get("synthetic") is True or part.get("type") == "compaction" for part in parts)


def _said(parts: Iterable[object]) -> str:
    texts = [fields(part) for part in parts if fields(part).get("type") == "text"]
    return "\n\n".join(said for part in texts if (said := text(part.get("text")).strip()))


def usage_of(found: Fields) -> tuple[dict[str, int], float]:
    """Tokens by kind and US dollars of a message, or of one step of it."""
    tokens = fields(found.get("tokens"))
    cache = fields(tokens.get("cache"))
    counted = {name: _count(tokens.get(name)) for name in ("input", "output", "reasoning")}
    counted |= {"cache_read": _count(cache.get("read")), "cache_write": _count(cache.get("write"))}
    return counted, min(max(number(found.get("cost")), 0.0), float(MOST))


def _count(value: object) -> int:
    return min(max(whole(value), 0), MOST)


def _used(origin: Origin, part: Fields) -> StepUsed:
    tokens, cost = usage_of(part)
    return StepUsed(session_id=origin.session_id, subagent=origin.subagent, tokens=tokens, cost=cost)
