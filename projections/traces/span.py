"""A span as the log has it: a stretch of work with its attributes, in the names of OpenTelemetry's GenAI conventions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Literal, TypeAlias

Attribute: TypeAlias = str | int | float
SpanKind: TypeAlias = Literal["internal", "client", "server"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """One finished span.

    - `trace_id`, `span_id`, `parent_id`: hexadecimal, of 32, 16 and 16 digits. The same events always give the same ids.
    - `error`: what kind of failure it was; None for a success. Never the words of an error: these may have content.
    - `correlation_id`: the request that led to it; None if none did.
    """

    name: str
    kind: SpanKind
    trace_id: str
    span_id: str
    parent_id: str | None
    began: datetime
    ended: datetime
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    error: str | None = None
    correlation_id: str | None = None


def trace_id_of(*parts: object) -> str:
    """A trace's id that follows from its parts."""
    return _digest(parts)[:32]


def span_id_of(*parts: object) -> str:
    """A span's id that follows from its parts."""
    return _digest(parts)[32:48]


def _digest(parts: tuple[object, ...]) -> str:
    return sha256("\0".join(map(str, parts)).encode()).hexdigest()
