"""Spans of a text: pairs of the first place and the place after the last."""

from collections.abc import Iterable
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same spans in order; overlapping spans are merged, adjacent ones stay apart."""
    found: list[Span] = []
    for first, end in sorted(spans):
        if found and first < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((first, end))
    return found
