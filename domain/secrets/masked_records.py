"""Events and commands without secrets: every text in them is masked, except identities and words of a fixed choice.

- `events.members` declares what each member is; a member that isn't declared is masked.
- Numbers stay numbers, except in members of free form where a whole number is a known secret.
- What people say is masked before anything else happens, so that the agent gets exactly what the log shows, now and
  when it is resumed from the log.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from math import isfinite
from typing import Any, Final, TypeVar, cast

from ..codebase.commands import (
    ChangeCodebase,
    ChangeTask,
    Command,
    CreateTask,
    GrantSlot,
    Register,
    ReplyPermission,
    SendMessage,
    Trigger,
)
from ..errors import InvalidInput
from ..events import Event, Output, members
from .masker import CONTEXT, Masker, Secrets
from .shapes import MARK

R = TypeVar(
    "R", bound=Event | Register | ChangeCodebase | Trigger | SendMessage | CreateTask | ChangeTask | ReplyPermission
)

FREE: Final = members.FREE | members.NESTED
"""Members in which a number may be a secret too, where the number is all of it."""

MAX_DEPTH: Final = 200
REMEMBERED: Final = 64
"""Text parts whose last characters are remembered."""


class EventMasker:
    """Masks events on their way into the log."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._said: dict[str, str] = {}

    def mask(self, event: Event) -> Event:
        """The event without secrets."""
        return self._piece(event) if isinstance(event, Output) else masked(event, self._secrets.masker)

    def _piece(self, output: Output) -> Output:
        # Whether a word begins with this piece depends on the piece before it.
        before = self._said.pop(output.part_id, "")
        before = "" if output.replaces else before
        content = self._secrets.masker.mask(output.content, before)
        self._said[output.part_id] = (before + content)[-CONTEXT:]
        if len(self._said) > REMEMBERED:
            del self._said[next(iter(self._said))]
        return output if content is output.content else replace(output, content=content)


def masked_command(command: Command, masker: Masker) -> Command:
    """A command without secrets.

    Raises `InvalidInput` for a path or a file name with a secret in it: with a masked name it would not be found.
    """
    if isinstance(command, Register) and masker.mask(command.path) != command.path:
        raise InvalidInput("`path` is or contains a secret, or looks like one; rename the directory.")
    if isinstance(command, Trigger | CreateTask) and any(masker.mask(name) != name for name in command.files):
        raise InvalidInput("`files` has a name that is or contains a secret, or looks like one; rename the file.")
    if isinstance(
        command, Register | ChangeCodebase | Trigger | SendMessage | CreateTask | ChangeTask | ReplyPermission
    ):
        return masked(command, masker)
    if isinstance(command, GrantSlot) and command.hindrance:
        return GrantSlot(replace(command.hindrance, message=masker.mask(command.hindrance.message)))
    return command


def masked(record: R, masker: Masker) -> R:
    """A copy of an event or a command without secrets; the same object if it has none."""
    anything: Any = record
    old = {name: cast(object, getattr(record, name)) for name in _texts(cast(Any, type(record)))}
    new = {name: _masked(value, masker, MAX_DEPTH, free=name in FREE) for name, value in old.items()}
    return record if all(new[name] is old[name] for name in old) else replace(anything, **new)


def masked_value(value: object, masker: Masker) -> object:
    """A value of any kind without secrets; a value that is neither JSON nor a collection becomes text."""
    if value is None or isinstance(value, str | int | float | Mapping | list | tuple):
        return _masked(cast(object, value), masker, MAX_DEPTH, free=True)
    return masker.mask(str(value))


def _masked(value: object, masker: Masker, depth: int, *, free: bool) -> object:
    """The value itself if there is nothing to mask in it. `free`: its numbers may be secrets."""
    match value:
        case str():
            return masker.mask(value)
        case None | bool():
            return value
        case int() | float():
            return MARK if free and any(masker.mask(written) == MARK for written in _written(value)) else value
        case Mapping():
            return _masked_members(cast(Mapping[object, object], value), masker, depth, free=free) if depth else "…"
        case list() | tuple():
            items = cast(list[object] | tuple[object, ...], value)
            return _masked_items(items, masker, depth, free=free) if depth else "…"
        case _:
            return value


def _written(number: float) -> tuple[str, ...]:
    """The texts of a number by which a secret of digits may be known: as it is, and its whole part without a sign."""
    whole = str(abs(int(number))) if isfinite(number) and number == int(number) else str(number)
    return (str(number), whole)


def _masked_members(members: Mapping[object, object], masker: Masker, depth: int, *, free: bool) -> object:
    new = [
        (_masked(name, masker, depth, free=free), _masked(value, masker, depth - 1, free=free))
        for name, value in members.items()
    ]
    same = all(a is name and b is value for (a, b), (name, value) in zip(new, members.items(), strict=True))
    return members if same else dict(new)


def _masked_items(
    items: list[object] | tuple[object, ...], masker: Masker, depth: int, *, free: bool
) -> list[object] | tuple[object, ...]:
    new = [_masked(item, masker, depth - 1, free=free) for item in items]
    return items if all(a is b for a, b in zip(new, items, strict=True)) else type(items)(new)


@cache
def _texts(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls) if field.name not in members.IDENTITY)
