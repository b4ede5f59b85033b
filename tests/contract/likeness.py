"""Whether an answer is like the document's example: every member, its type, and the words that never change."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeGuard, cast

from .facts import Json

_ID: Final = re.compile(r"(cb|sess|task|msg)_\w+")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_NUMBER: Final = re.compile(r"\d+")

SAME: Final = frozenset(
    """success available auto_start status message name description worker_id default_model auto_approve priority agent_type
    model role limit offset action type code summary""".split()
)
"""The members whose values are the document's own wherever the same was asked."""


def unlike(example: Json, answer: Json, where: str = "") -> Iterator[str]:
    """What is wrong with an answer, each with its place; an answer may hold more than the example does."""
    if is_object(example) and is_object(answer):
        for name, value in example.items():
            if name not in answer:
                yield f"{where}.{name} is missing"
            else:
                yield from unlike(value, answer[name], f"{where}.{name}")
    elif is_array(example) and is_array(answer):
        if not answer:
            yield f"{where} is empty"
        for number, item in enumerate(answer):
            shown = (list(unlike(one, item, f"{where}[{number}]")) for one in example)
            yield from min(shown, key=len)  # an item is to be like one of those that are shown
    elif _form(example) != _form(answer):
        yield f"{where} is {answer!r}, unlike {example!r}"
    elif where.rpartition(".")[2] in SAME and _plain(example) != _plain(answer):
        yield f"{where} is {answer!r} and not {example!r}"


def is_object(value: Json) -> TypeGuard[Mapping[str, Json]]:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def is_array(value: Json) -> TypeGuard[list[Json]]:
    """Whether it is a JSON array."""
    return isinstance(value, list)


def _form(value: Json) -> str:
    """The type, and of a text whether it is a moment, an id of one kind, or just text."""
    if not isinstance(value, str):
        return type(cast("object", value)).__name__
    if _MOMENT.fullmatch(value):
        return "moment"
    found = _ID.fullmatch(value)
    return found[1] if found else "text"


def _plain(value: Json) -> Json:
    """The value without the ids and numbers in a sentence."""
    return _NUMBER.sub("0", _ID.sub(r"\1", value)) if isinstance(value, str) else value
