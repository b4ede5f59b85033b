"""The events of requests to the service: one got an answer that is repeatable, or the agent's own were refused."""

from collections.abc import Mapping
from dataclasses import dataclass

from .event import Event, Json, kind


@kind("access", "refused")
@dataclass(frozen=True, kw_only=True)
class AccessRefused(Event):
    """Processes of the codebase's agent called the service itself, and were refused.

    `calls`: the first few different calls, each a method and a path. `times`: the number of calls since the last such
    event. `program`: the name of the first process.
    """

    calls: tuple[str, ...]
    times: int = 1
    program: str = ""


@kind("request", "answered")
@dataclass(frozen=True, kw_only=True)
class RequestAnswered(Event):
    """A request with an idempotency key was carried out; this is its response.

    `fingerprint`: the SHA-256 of the request's content, in hexadecimal. `status`: the HTTP status of the response.
    """

    key: str
    fingerprint: str
    status: int = 200
    answer: Mapping[str, Json]
