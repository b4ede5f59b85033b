"""A person's answers to a question, as they are typed: labels, numbers of options, or their own words."""

from collections.abc import Sequence

from .failures import CommandFailed
from .layout.asked import Part


def answers_of(parts: Sequence[Part], given: Sequence[str]) -> list[list[str]]:
    """For each part of a question the chosen labels or words. Raises `CommandFailed`."""
    if len(given) != len(parts):
        wanted = "one answer" if len(parts) == 1 else f"{len(parts)} answers, one for each part"
        raise CommandFailed(
            f"The question wants {wanted}, and {len(given)} {'was' if len(given) == 1 else 'were'} given."
        )
    if not any(said.strip() for said in given):
        raise CommandFailed("At least one part needs an answer.")
    return [answer_of(part, said) for part, said in zip(parts, given, strict=True)]


def answer_of(part: Part, said: str) -> list[str]:
    """The chosen labels, or the person's own words; none for an empty text. Raises `CommandFailed`."""
    whole = _label(part, said)
    if whole is not None or not said.strip():
        return [whole] if whole is not None else []
    pieces = [piece for piece in said.split(",") if piece.strip()]
    labels = [_label(part, piece) for piece in pieces]
    chosen = list(dict.fromkeys(label for label in labels if label is not None))
    if pieces and len(pieces) > 1 and part.several and None not in labels:
        return chosen
    if not part.custom:
        options = ", ".join(choice.label for choice in part.choices)
        raise CommandFailed(f"{said.strip()!r} is none of the options: {options}.")
    return [said.strip()]


def _label(part: Part, said: str) -> str | None:
    """The label that is meant: by itself, whatever the case, or by its number from 1."""
    text = said.strip()
    labels = [choice.label for choice in part.choices]
    if text in labels:
        return text
    alike = [label for label in labels if label.casefold() == text.casefold()]
    if len(alike) == 1:
        return alike[0]
    return labels[int(text) - 1] if text.isascii() and text.isdigit() and 1 <= int(text) <= len(labels) else None
