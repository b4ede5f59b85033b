"""Playing recorded traces of the real opencode to the translation, as the adapter would."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from opencode_ledger.domain.codebase.facts import Fact, TextStreamed
from opencode_ledger.domain.ids import AgentSessionId, MessageId, SessionId
from opencode_ledger.domain.opencode.translator import Translator
from opencode_ledger.domain.untrusted_json import Fields, fields, items, text, whole

TRACES = Path(__file__).with_name("traces")
SESSION = SessionId("sess_1")


def scenarios() -> list[str]:
    """The names of all recorded scenarios."""
    return sorted(cast("dict[str, str]", json.loads((TRACES / "index.json").read_text())))


@dataclass
class Trace:
    """The events of a scenario, and what was asked of opencode and when (after how many events)."""

    name: str
    events: list[Fields] = field(init=False)
    requests: list[Fields] = field(init=False)

    def __post_init__(self) -> None:
        self.events = [fields(line) for line in _lines(f"{self.name}.jsonl")]
        self.requests = [fields(line) for line in _lines(f"{self.name}.http.jsonl")]

    @property
    def root(self) -> AgentSessionId:
        """The session that was prompted."""
        return next(
            AgentSessionId(text(request.get("path")).split("/")[2])
            for request in self.requests
            if text(request.get("path")).endswith("/prompt_async")
        )

    def prompts(self, after: int) -> Iterator[str]:
        """The agent's names of the messages handed over after this number of events."""
        for request in self.requests:
            if text(request.get("path")).endswith("/prompt_async") and request.get("after_events") == after:
                yield text(fields(request.get("body")).get("messageID"))

    def messages(self, session: str) -> object:
        """The last list of a session's messages that was asked for."""
        path = f"/session/{session}/message"
        answers = [request.get("answer") for request in self.requests if request.get("path") == path]
        return answers[-1] if answers else []


@dataclass
class Play:
    """A translator that was played a trace, and the facts it gave."""

    trace: Trace
    translator: Translator = field(default_factory=lambda: Translator("/project"))
    facts: list[Fact] = field(default_factory=list[Fact])
    prompts: int = 0

    def all(self) -> "Play":
        for index, event in enumerate(self.trace.events):
            self.give_prompts(index)
            self.event(event)
        self.give_prompts(len(self.trace.events))
        return self

    def give_prompts(self, after: int) -> None:
        for prompt in self.trace.prompts(after):
            self.prompts += 1
            began = whole(fields(fields(fields(self.trace.events[0]).get("properties")).get("info")).get("time"))
            message = MessageId(f"msg_{self.prompts}")
            self.translator.prompted(SESSION, self.trace.root, message, prompt, began)

    def event(self, event: Fields) -> None:
        if event.get("type") == "trace.gap":
            self.translator.missed()
            self.facts += self.translator.messages(self.trace.messages(self.trace.root))
        else:
            self.facts += self.translator.event(event, 0.0)


def joined(facts: list[Fact]) -> dict[str, str]:
    """The text of each part, as a reader of the facts joins it."""
    parts: dict[str, str] = {}
    for fact in facts:
        if isinstance(fact, TextStreamed):
            before = "" if fact.replaces else parts.get(fact.part_id, "")
            parts[fact.part_id] = before + fact.content
    return {part: said for part, said in parts.items() if said}


def final_texts(events: list[Fields]) -> dict[str, str]:
    """The text of each part that the agent completed, as its own snapshots say."""
    answers: set[str] = set()
    texts: dict[str, str] = {}
    for event in events:
        properties = fields(event.get("properties"))
        info, part = fields(properties.get("info")), fields(properties.get("part"))
        if info.get("role") == "assistant" and info.get("summary") is not True:
            answers.add(text(info.get("id")))
        spoken = part.get("type") in ("text", "reasoning") and part.get("messageID") in answers
        if spoken and "end" in fields(part.get("time")):
            texts[text(part.get("id"))] = text(part.get("text"))
    return {part: said for part, said in texts.items() if said}


def parts_of(messages: object) -> list[Fields]:
    """All parts of a list of messages."""
    return [fields(part) for message in items(messages) for part in items(fields(message).get("parts"))]


def _lines(name: str) -> Iterator[object]:
    for line in (TRACES / name).read_text().splitlines():
        if line.strip():
            yield cast(object, json.loads(line))
