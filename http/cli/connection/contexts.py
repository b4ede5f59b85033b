"""Services that a person works with, by name: in a file that nobody else may read, because it holds their tokens."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from ..failures import CommandFailed
from ..late import loaded
from ..parsing.similar import suggested

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Context:
    """A service: its address, and the token for it."""

    url: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Contexts:
    """All of them by name. `current`: the one that is used unless another is named."""

    current: str | None = None
    named: Mapping[str, Context] = field(default_factory=dict[str, Context])

    def get(self, name: str) -> Context:
        """A context. Raises `CommandFailed`."""
        if (found := self.named.get(name)) is None:
            known = ", ".join(self.named) or "there is none yet"
            hint = suggested(name, self.named)
            raise CommandFailed(
                f"There is no context {name!r}: {known}.{hint} Create one with `opencode-ledger login URL`."
            )
        return found

    def using(self, name: str) -> "Contexts":
        """With this one as the current one. Raises `CommandFailed`."""
        self.get(name)
        return Contexts(name, self.named)

    def with_one(self, name: str, context: Context) -> "Contexts":
        """With this one added or replaced, and as the current one. Raises `CommandFailed`."""
        if not NAME.fullmatch(name):
            raise CommandFailed("A context's name has letters, digits, _ and - only, at most 64, and no dash first.")
        return Contexts(name, {**self.named, name: context})

    def without(self, name: str) -> "Contexts":
        """Without this one. Raises `CommandFailed`."""
        self.get(name)
        left = {other: context for other, context in self.named.items() if other != name}
        return Contexts(None if self.current == name else self.current, left)


def file_place() -> Path:
    """`opencode-ledger/config.toml` in `XDG_CONFIG_HOME`, which defaults to ~/.config."""
    given = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".config") / "opencode-ledger/config.toml"


def load() -> Contexts:
    """The contexts of this person; none if there is no file. Raises `CommandFailed`."""
    place = file_place()
    if not place.exists():
        return Contexts()
    try:
        content = loaded("tomllib:loads")(place.read_text(encoding="utf-8"))
        named = cast("Mapping[str, Mapping[str, Any]]", content.get("contexts", {}))
        current = content.get("current")
        contexts = {name: Context(_text(one["url"]), _text(one.get("token"))) for name, one in named.items()}
        return Contexts(_text(current), contexts)
    except FileNotFoundError:
        return Contexts()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a file of contexts"
        raise CommandFailed(f"{place} can't be read: {why}. Mend it, or delete it and log in again.") from None


def save(contexts: Contexts) -> None:
    """Replace the file as a whole; only its owner can read it. Raises `OSError`."""
    place = file_place()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(_toml(contexts))
        new.replace(place)
    finally:
        new.unlink(missing_ok=True)


def _toml(contexts: Contexts) -> str:
    lines = [f"current = {_quoted(contexts.current)}"] if contexts.current else []
    for name, context in contexts.named.items():
        lines += ["", f"[contexts.{name}]", f"url = {_quoted(context.url)}"]
        lines += [f"token = {_quoted(context.token)}"] if context.token else []
    return "\n".join(lines).lstrip("\n") + "\n"


def _quoted(text: str) -> str:
    # JSON's strings are TOML's, but for one character that TOML wants escaped.
    return json.dumps(text).replace("\x7f", "\\u007f")


def _text(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value
