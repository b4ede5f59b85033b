"""Who asks for what in a simulation. The end of a request's id says who sent it, so the log alone shows a wrong name."""

from collections.abc import Callable
from typing import Final

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase.requests import Request
from opencode_ledger.domain.principals import Principal

SAYS_WHO: Final = "every event that somebody caused says who"
PEOPLE: Final = ("anna", "ben")
SYSTEM_USER: Final = e.Cause("erase_1", "uid:1000")
"""The cause of erasures, which are commands without a service."""

HEADER: Final = "X-Person"
"""Stands for a token."""

ASKED_FOR: Final = (
    e.CodebaseRegistered,
    e.CodebaseChanged,
    e.CodebaseDeleting,
    e.CodebaseDeleted,
    e.SessionStarted,
    e.SessionAdmitted,
    e.SessionResumed,
    e.SessionStopping,
    e.SessionStopped,
    e.MessageSent,
    e.TaskCreated,
    e.TaskStarted,
    e.TaskHeld,
    e.TaskCancelled,
)
"""What never happens by itself."""


def person_of(number: int) -> str:
    """The person who sends the request of this number."""
    return PEOPLE[number % len(PEOPLE)]


def request_of(number: int) -> Request:
    """The request of a command."""
    return Request(correlation_id=f"ask-{number}", respond=lambda _: {}, principal=Principal(person_of(number)))


def check_cause(event: e.Event, where: str, complain: Callable[[str, str], None]) -> None:
    """Whether an event names the sender of the request that it names, and names one where it must."""
    request, by = event.correlation_id, event.by
    if isinstance(event, e.AccessRefused):
        return  # an agent's own process sent that request, as the event says
    if request is None:
        if by is not None or isinstance(event, ASKED_FOR):
            complain(SAYS_WHO, f"{where}: {type(event).__name__} names no request, and {by}")
    elif event.cause != SYSTEM_USER and by != person_of(int(request.rpartition("-")[2])):
        complain(SAYS_WHO, f"{where}: {type(event).__name__} of {request} names {by}")
