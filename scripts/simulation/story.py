"""What happened before a failure, as a person reads it: the lines of a trace, with the events of the log in few words."""

import re
from collections.abc import Iterable
from typing import Any, Final, cast

import orjson

_EVENT: Final = re.compile(r"(\d+) (\S+) (\d+) (\S+) (\{.*\})")
_CALLBACK: Final = re.compile(r"^\(\d+\) ")
_DULL: Final = ("timestamp", "agent", "agent_type", "model", "metadata", "files", "priority", "title", "role")
_LONGEST: Final = 60


_READING: Final = re.compile(r"(reader \d+) of .* gets \d+")


def story(lines: Iterable[tuple[int, float, str]]) -> list[str]:
    """Lines as `line_of`; of what a subscriber reads in one go only the last is."""
    found = [*lines]
    following = [_reading(line) for _, _, line in found[1:]] + [None]
    return [
        line_of(*line) for line, after in zip(found, following, strict=True) if not after or _reading(line[2]) != after
    ]


def _reading(line: str) -> str | None:
    found = _READING.fullmatch(line)
    return found[1] if found else None


def line_of(step: int, seconds: float, line: str) -> str:
    """One line: the step, the simulated seconds, what happened. What is in the log now stands behind an arrow."""
    found = _EVENT.fullmatch(line)
    if found is None:
        return f"{step:6} {seconds:9.3f}  {_CALLBACK.sub('', line)}"
    position, codebase, sequence, topic, data = found.groups()
    members = cast(dict[str, Any], orjson.loads(data))
    words = ", ".join(f"{name} {_short(value)}" for name, value in members.items() if name not in _DULL and value)
    return f"{step:6} {seconds:9.3f}    → {position} {codebase} {sequence} {topic}: {words}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
