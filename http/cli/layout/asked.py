"""What an agent asks, in words: on one line, or as the parts of a question with their options."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from .amounts import words

TYPICAL: Final = ("command", "filePath", "filepath", "path", "pattern", "url", "description")
"""Arguments that alone say what a call is about; the first one present counts."""


class Choice(NamedTuple):
    """An option of a question."""

    label: str
    description: str


class Part(NamedTuple):
    """A part of a question. `several`: more than one option may be chosen. `custom`: other words are allowed too."""

    question: str
    choices: tuple[Choice, ...]
    several: bool
    custom: bool


def in_short(asked: Mapping[str, Any]) -> str:
    """A request on one line: a tool with what it is about, or the question with its options."""
    args: Mapping[str, Any] = asked["args"]
    if asked.get("kind") != "question":
        return f"{asked['tool']}: {about(args)}".rstrip(": ")
    parts = parts_of(args)
    said = "; ".join(words(part.question) + _options(part) for part in parts)
    return f"question: {said}".rstrip(": ")


def about(args: Mapping[str, Any]) -> str:
    """A tool's arguments. Nothing of a command is left out: one whose second line isn't shown could be approved."""
    said = next((str(args[name]) for name in TYPICAL if isinstance(args.get(name), str)), None)
    return said if said is not None else (json.dumps(args, ensure_ascii=False) if args else "")


def parts_of(args: Mapping[str, Any]) -> list[Part]:
    """The parts of a question. What has another form than opencode's is left out."""
    asked = args.get("questions")
    return [_part(one) for one in _objects(asked)]


def _part(one: Mapping[str, Any]) -> Part:
    choices = tuple(
        Choice(str(option.get("label", "")), words(str(option.get("description") or "")))
        for option in _objects(one.get("options"))
    )
    return Part(str(one.get("question", "")), choices, one.get("multiple") is True, one.get("custom") is not False)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    every = cast("Sequence[object]", value) if isinstance(value, list) else ()
    return [cast("Mapping[str, Any]", one) for one in every if isinstance(one, dict)]


def _options(part: Part) -> str:
    return f" {' | '.join(words(choice.label) for choice in part.choices)}" if part.choices else ""
