"""What differs from one walk to the next, made the same: ids, times, places, and into how many pieces a text came."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, cast

from scripts.demo_session.client import Frame

from .lines import PATH

TIME: Final = "2026-01-01T10:00:00.000Z"
BINARY: Final = "/usr/local/bin/opencode"

_ID: Final = re.compile(r"\b(cb|sess|task|msg|ses|prt)_[0-9A-Za-z]{16,}|\b(call)_\d+_\d+")
_TIME: Final = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_BINARY: Final = re.compile(r'(?<="opencode_binary":")[^"]*')
_REQUEST: Final = re.compile(r'(?<="correlation_id":")[0-9a-f]{32}')
_COMMON: Final = ("session_id", "task_id", "timestamp", "correlation_id", "by")


class Names:
    """Gives every id a short name: the first session seen is `sess_1`, and so on."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._known: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def of(self, text: str) -> str:
        """The text with the ids, times and places of this walk replaced."""
        text = _REQUEST.sub("f" * 32, _BINARY.sub(BINARY, text.replace(self._project, PATH)))
        return _ID.sub(self._name, _TIME.sub(TIME, text))

    def _name(self, found: re.Match[str]) -> str:
        if found[0] not in self._known:
            kind = found[1] or found[2]
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[found[0]] = "cb_abc123" if kind == "cb" else f"{kind}_{self._counts[kind]}"
        return self._known[found[0]]


def joined(frames: Iterable[Frame]) -> list[tuple[str, dict[str, object]]]:
    """Names and members of the events, the pieces of one text as one event where its first piece was."""
    events: list[tuple[str, dict[str, object]]] = []
    parts: dict[object, dict[str, object]] = {}
    for frame in frames:
        data = dict(frame.data)
        if frame.event == "output":
            if first := parts.get(data["part_id"]):
                first["content"] = f"{first['content']}{data['content']}"
                continue
            parts[data["part_id"]] = data
        # The agent takes a follow-up while it begins a tool: either may be heard of first.
        late = frame.event == "message_delivered" and bool(events) and events[-1][0] == "tool_use"
        events.insert(len(events) - late, (frame.event, data))
    return events


def shown(number: int, name: str, data: Mapping[str, object], *, whole: bool) -> str:
    """An event as `curl -N` prints it; the members that all have in common only if `whole`."""
    kept = {key: value for key, value in data.items() if whole or key not in _COMMON}
    if name == "usage":
        kept["tokens"] = dict.fromkeys(cast("Mapping[str, int]", data["tokens"]), 0)
        kept["cost"] = 0.0
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\nevent: {name}\ndata: {text if whole else text[:-1] + ', …}'}\n"
