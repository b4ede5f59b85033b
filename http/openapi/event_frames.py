"""The schemas of a stream's events as a client receives them: `id`, `event` and `data`.

An event's name is beside its data and not in it. Generated code could not narrow a union of the data alone. So each name
has a schema of its own, and `event` is the discriminator of `Event`.
"""

from collections.abc import Mapping
from typing import Any, Final

EVENT: Final = "Event"
REFERENCE: Final = "#/components/schemas/{model}"

_ID: Final = {"type": "string", "description": "The event's number in the stream. `Last-Event-ID` takes it."}

Reference = Mapping[str, str]


def frames_of(data: Mapping[tuple[str, str | None], Reference]) -> dict[str, Any]:
    """The schemas of events by name. `data`: references to the schemas of their data, by topic and action."""
    by_topic: dict[str, dict[str | None, Reference]] = {}
    for (topic, action), reference in data.items():
        by_topic.setdefault(topic, {})[action] = reference
    frames = {_name(topic): _frame(topic, kinds) for topic, kinds in by_topic.items()}
    names = {topic: {"$ref": REFERENCE.format(model=_name(topic))} for topic in by_topic}
    event = {
        "description": "An event of a stream: its `id`, its name as `event`, and its `data`, parsed as JSON.",
        **_one_of("event", names),
    }
    return {**frames, EVENT: event}


def _name(topic: str) -> str:
    return f"{''.join(word.capitalize() for word in topic.split('_'))}Event"


def _frame(topic: str, kinds: Mapping[str | None, Reference]) -> dict[str, Any]:
    """An event of one name. If its data can have several forms, the member `action` is their discriminator."""
    named = {action: reference for action, reference in kinds.items() if action is not None}
    data = next(iter(kinds.values())) if len(kinds) == 1 else _one_of("action", named)
    return {
        "type": "object",
        "description": f"An event named `{topic}`.",
        "properties": {"id": _ID, "event": {"type": "string", "const": topic}, "data": data},
        "required": ["id", "event", "data"],
    }


def _one_of(member: str, kinds: Mapping[str, Reference]) -> dict[str, Any]:
    mapping = {value: reference["$ref"] for value, reference in kinds.items()}
    return {"oneOf": [*kinds.values()], "discriminator": {"propertyName": member, "mapping": mapping}}
