"""Imports an external session, or the external part of our own: what is not on record yet, and nothing twice."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from ..events import Event
from ..events import imported as o
from ..ids import SessionId, Timestamp
from ..timestamps import moment_of
from ..whole_output import WholeOutput, whole_members
from . import commands as c
from .decision import NOTHING, Decision
from .imported import (
    ExternalMessage,
    ExternalSession,
    ExternalStatus,
    Recorded,
    digest_of,
    session_of,
)
from .lifecycle_rules import BUSY, check_present
from .state import State


def worth_reading(state: State, session: ExternalSession) -> bool:
    """Whether a session may have something that isn't on record; otherwise it need not be read."""
    recorded = state.import_index.get(session.agent_session_id)
    if recorded is None:
        return not _is_helpers(state, session)
    if recorded.revision is not None and recorded.revision == session.revision:
        return False
    if not recorded.own:
        return True
    rested = recorded.settled_at is not None and session.updated_at <= recorded.settled_at
    return recorded.traced and not rested


STILL_AT_IT: Final = timedelta(minutes=30)
"""How long after its last change a session with an open last message counts as running elsewhere."""


def import_session(state: State, command: c.ImportSession, at: Timestamp) -> Decision:
    """Record what is new. Refused where the codebase is gone."""
    check_present(state.phase)
    session = command.session
    if not worth_reading(state, session):
        return NOTHING
    known = state.import_index.get(session.agent_session_id)
    recorded = known or Recorded(session_id=session_of(session.agent_session_id))
    news = news_of(state, command)
    named = {message.id: message.digest for message in news}
    if recorded.own:
        return _recorded(_extended(command, recorded, named, at), news, at) if news else NOTHING
    if known is None and not news:
        return NOTHING  # an empty session may also be our own agent's, a moment before it is linked
    described = {str(session.agent_session_id): _description(command, _status(command, at))}
    if (command.last or named) and recorded.lacking(described):
        named |= described
    if not named and not command.complete:
        return NOTHING
    return _recorded(_imported(state, command, named, at), news, at)


def news_of(state: State, command: c.ImportSession) -> tuple[ExternalMessage, ...]:
    """The messages that are not on record in their current state."""
    recorded, messages = state.import_index.get(command.session.agent_session_id), command.messages
    recorded = recorded or Recorded(session_id=session_of(command.session.agent_session_id))
    if recorded.own:
        # A turn that begins with our prompt is ours: it was recorded as it happened.
        messages = tuple(message for message in messages if message.turn and not recorded.gave(message.turn))
    lacking = recorded.lacking({message.id: message.digest for message in messages})
    lacking -= {message.id for message in messages if message.silent and not recorded.knows(message.id)}
    return tuple(message for message in messages if message.id in lacking)


def _is_helpers(state: State, session: ExternalSession) -> bool:
    """Whether an unknown session may belong to a subagent of our own running agent."""
    parent = None if session.parent is None else state.import_index.get(session.parent)
    if parent is None or not parent.own or state.session is None:
        return False
    return state.phase in BUSY and parent.session_id == state.session.id


def _status(command: c.ImportSession, at: Timestamp) -> ExternalStatus:
    """How it ended. `running` is a guess from its last change: only the other program knows, and it doesn't say."""
    changed = max([command.session.updated_at, *(message.created_at for message in command.messages)])
    since = moment_of(at) - moment_of(changed)
    return "running" if command.open and abs(since) < STILL_AT_IT else command.status


def _description(command: c.ImportSession, status: ExternalStatus) -> str:
    session = command.session
    said = (session.title, session.parent, session.agent, session.model, session.started_at)
    return digest_of(*said, command.prompt, status)


def _recorded(
    head: o.SessionImported | o.SessionExtended, messages: tuple[ExternalMessage, ...], at: Timestamp
) -> Decision:
    imported = (event for message in messages for event in _events_of(head.session_id, message, at))
    return Decision((head, *imported))


def _imported(state: State, command: c.ImportSession, named: dict[str, str], at: Timestamp) -> o.SessionImported:
    session, status = command.session, _status(command, at)
    return o.SessionImported(
        status=status,
        agent_session_id=session.agent_session_id,
        parent_id=_parent_id(state, session),
        title=session.title,
        prompt=command.prompt,
        agent=session.agent,
        model=session.model,
        started_at=session.started_at,
        ended_at=None if status == "running" else max(session.started_at, session.updated_at),
        digests=named,
        revision=session.revision if command.complete else None,
        left_out=command.left_out or None,
        session_id=session_of(session.agent_session_id),
        timestamp=at,
    )


def _extended(command: c.ImportSession, recorded: Recorded, named: dict[str, str], at: Timestamp) -> o.SessionExtended:
    return o.SessionExtended(
        agent_session_id=command.session.agent_session_id,
        digests=named,
        revision=command.session.revision if command.complete else None,
        left_out=command.left_out or None,
        session_id=recorded.session_id,
        timestamp=at,
    )


def _parent_id(state: State, session: ExternalSession) -> SessionId | None:
    if session.parent is None:
        return None
    parent = state.import_index.get(session.parent)
    return parent.session_id if parent else session_of(session.parent)


def _events_of(session_id: SessionId | None, message: ExternalMessage, at: Timestamp) -> Iterator[Event]:
    """A message, and the whole outputs of its calls where the message has only a part of them."""
    yield _message(session_id, message, at)
    for output in message.outputs:
        if isinstance(whole := output.whole, WholeOutput):
            yield o.OutputImported(
                message_id=message.id,
                tool=output.tool,
                call_id=output.call_id,
                **whole_members(whole),
                session_id=session_id,
                timestamp=at,
            )


def _message(session_id: SessionId | None, message: ExternalMessage, at: Timestamp) -> o.MessageImported:
    return o.MessageImported(
        message_id=message.id,
        role=message.role,
        content=message.content,
        reasoning=message.reasoning,
        tools=message.tools,
        created_at=message.created_at,
        agent=message.agent,
        model=message.model,
        tokens=message.tokens,
        cost=message.cost,
        error=message.error,
        session_id=session_id,
        timestamp=at,
    )
