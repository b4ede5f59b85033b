"""Answers that are being written: the pieces of a batch are joined, so that a flood costs one update per text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Key: TypeAlias = tuple[str, object, object]
"""A codebase, a session and a part of a message: all of them texts."""

Statement: TypeAlias = tuple[str, tuple[str | int | float | None, ...]]

MOST: Final = 100_000
"""Characters of a text that are searched, from its beginning."""

_GROW: Final = f"""
    INSERT INTO texts (id, codebase_id, session_id, task_id, kind, key, sequence, at, text)
    VALUES (?, ?, ?, ?, 'answer', ?, ?, ?, substr(?, 1, {MOST}))
    ON CONFLICT (codebase_id, session_id, kind, key) DO UPDATE SET
        text = substr(CASE WHEN ? THEN excluded.text ELSE text || excluded.text END, 1, {MOST})
    """
_END: Final = "UPDATE unindexed SET growing = 0 WHERE codebase_id = ? AND session_id = ? AND growing"


@dataclass(slots=True)
class GrowingText:
    """A text's number, task, sequence and time, and its new pieces. `replaces`: earlier ones no longer count."""

    number: int
    task: str | None
    sequence: int
    at: str
    pieces: list[str] = field(default_factory=list[str])
    replaces: bool = False

    def replace(self) -> None:
        """Forget what was said, also in earlier batches."""
        self.pieces.clear()
        self.replaces = True


class GrowingTexts:
    """The texts that grow in one batch. `prepared`: makes of a text what is indexed. `ended`: sessions where texts ended."""

    def __init__(self) -> None:
        self.texts: dict[Key, GrowingText] = {}
        self.ended: dict[tuple[str, str], None] = {}

    def take(self, codebase: str, session: str, prepared: Callable[[str], str]) -> Iterator[Statement]:
        """The statements for the texts of a session, which end here."""
        self.ended[codebase, session] = None
        for key in [key for key in self.texts if key[1] == session and key[0] == codebase]:
            yield _statement(key, self.texts.pop(key), prepared)

    def rest(self, prepared: Callable[[str], str]) -> Iterator[Statement]:
        """The statements for the end of a batch: for what ended, and for texts that may go on."""
        yield from ((_END, session) for session in self.ended)
        for key, text in self.texts.items():
            yield _statement(key, text, prepared)


def _statement(key: Key, text: GrowingText, prepared: Callable[[str], str]) -> Statement:
    codebase, session, part = key
    row = (text.number, codebase, str(session), text.task, str(part), text.sequence, text.at)
    return _GROW, (*row, prepared("".join(text.pieces)), text.replaces)
