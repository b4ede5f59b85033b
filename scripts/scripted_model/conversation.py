"""The request of the agent, read: who speaks, what the user said last, how far the run has come. No I/O."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from .directives import parse_directives
from .script import Rule, Say, Script, Step

TITLE = "A scripted session"
_TITLE_STEP: Step = (Say(TITLE),)


@dataclass(frozen=True)
class Message:
    """One message of the conversation, its content as plain text."""

    role: str
    text: str
    calls_tools: bool = False


@dataclass(frozen=True)
class SeenRequest:
    """One request as the server saw it, with the answer's number among the attempts at the same conversation."""

    model: str
    stream: bool
    messages: tuple[Message, ...]
    tools: tuple[str, ...]
    session: str
    attempt: int

    @property
    def is_title(self) -> bool:
        """Whether the agent asks for a session's title."""
        return any(m.role == "system" and "title generator" in m.text for m in self.messages)

    @property
    def prompts(self) -> tuple[str, ...]:
        """What the user said, oldest first."""
        return tuple(m.text for m in self.messages if m.role == "user")

    @property
    def prompt(self) -> str:
        """What the user said last."""
        return self.prompts[-1] if self.prompts else ""


def read_request(body: Mapping[str, object], session: str, attempt: int) -> SeenRequest:
    """The request from its JSON; what is missing is empty."""
    messages = cast("Sequence[Mapping[str, object]]", body.get("messages") or ())
    tools = cast("Sequence[Mapping[str, Mapping[str, object]]]", body.get("tools") or ())
    return SeenRequest(
        model=str(body.get("model", "")),
        stream=body.get("stream") is True,
        messages=tuple(
            Message(str(m.get("role")), _text(m.get("content")), bool(m.get("tool_calls"))) for m in messages
        ),
        tools=tuple(str(tool["function"]["name"]) for tool in tools),
        session=session,
        attempt=attempt,
    )


def fingerprint(body: Mapping[str, object], session: str) -> str:
    """The same for two attempts at the same conversation of the same session."""
    return hashlib.sha256(json.dumps([session, body.get("messages")]).encode()).hexdigest()


def _text(content: object) -> str:
    if isinstance(content, list):
        parts = cast("list[Mapping[str, object]]", content)
        return "\n".join(str(part.get("text", "")) for part in parts)
    return content if isinstance(content, str) else ""


def next_step(seen: SeenRequest, rules: Sequence[Rule]) -> Step:
    """What to answer.

    The latest user message of the current run that has a script (by a rule, else by its directives) decides; the
    answers given since then say how far its script has come. So a follow-up in mid-run takes over if it has a script,
    and else the run goes on.
    """
    if seen.is_title:
        return _TITLE_STEP
    answered = 0
    for message in reversed(seen.messages):
        if message.role == "user" and (script := script_for(message.text, rules)):
            return script.step(answered, seen.attempt) or (Say("Done."),)
        if message.role == "assistant":
            if not message.calls_tools:
                break
            answered += 1
    return (Say("Done." if answered else "There is no script for this prompt."),)


def script_for(prompt: str, rules: Sequence[Rule]) -> Script | None:
    """The script of a user message: of the first rule whose text it contains, else of its directives, else None."""
    return next((rule.script for rule in rules if rule.text in prompt), None) or parse_directives(prompt)
