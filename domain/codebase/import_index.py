"""What must be remembered of the agent's sessions to record what others do in them once: folded from the events."""

from dataclasses import replace
from functools import singledispatch

from .. import events as e
from ..events import imported as o
from ..ids import AgentSessionId
from .imported import ImportIndex, Recorded


def remember(index: ImportIndex, active: AgentSessionId | None, event: e.Event) -> ImportIndex:
    """What is remembered after an event; `active`: the agent's session that our agent is at."""
    return _remember(event, index, active)


@singledispatch
def _remember(event: object, index: ImportIndex, active: AgentSessionId | None) -> ImportIndex:
    return index


@_remember.register
def _imported(event: o.SessionImported, index: ImportIndex, active: AgentSessionId | None) -> ImportIndex:
    return _brought_in(event, index)


@_remember.register
def _extended(event: o.SessionExtended, index: ImportIndex, active: AgentSessionId | None) -> ImportIndex:
    return _brought_in(event, index)


@_remember.register
def _linked(event: e.SessionLinked, index: ImportIndex, active: AgentSessionId | None) -> ImportIndex:
    return _made_by_us(event, event.agent_session_id, index)


@_remember.register
def _delivered(event: e.MessageDelivered, index: ImportIndex, active: AgentSessionId | None) -> ImportIndex:
    recorded = None if active is None else index.get(active)
    if active is None or recorded is None:
        return index
    if event.agent_message_id is None:
        return {**index, active: replace(recorded, traced=False)}
    return {**index, active: recorded.given(event.agent_message_id)}


@_remember.register(e.ToolUse)
@_remember.register(e.ToolResult)
@_remember.register(e.Usage)
def _helped(
    event: e.ToolUse | e.ToolResult | e.Usage, index: ImportIndex, active: AgentSessionId | None
) -> ImportIndex:
    return index if event.subagent is None else _made_by_us(event, event.subagent, index, traced=False)


@_remember.register(e.SessionInterrupted)
@_remember.register(e.SessionStopped)
@_remember.register(e.SessionCompleted)
@_remember.register(e.SessionFailed)
def _rested(event: e.Event, index: ImportIndex, active: AgentSessionId | None) -> ImportIndex:
    if active is None or active not in index:
        return index
    return {**index, active: replace(index[active], settled_at=event.timestamp)}


def _brought_in(event: o.SessionImported | o.SessionExtended, index: ImportIndex) -> ImportIndex:
    if event.session_id is None:
        return index
    recorded = index.get(event.agent_session_id) or Recorded(session_id=event.session_id)
    digests = ((name, str(digest)) for name, digest in event.digests.items())
    return {**index, event.agent_session_id: replace(recorded.grown(digests), revision=event.revision)}


def _made_by_us(event: e.Event, name: AgentSessionId, index: ImportIndex, *, traced: bool = True) -> ImportIndex:
    if name in index or event.session_id is None:
        return index
    return {**index, name: Recorded(session_id=event.session_id, own=True, traced=traced)}
