"""The index of the agent's sessions that are on record, so that what others do in them is imported once.

It is folded from the events.
"""

from dataclasses import replace

from .. import events as e
from ..events import imported as o
from ..ids import AgentSessionId
from .imported import ImportIndex, Recorded


def remember(index: ImportIndex, event: e.Event, active: AgentSessionId | None) -> ImportIndex:
    """The index after an event. `active`: the agent's session in which our agent works."""
    match event:
        case o.SessionImported() | o.SessionExtended():
            return _imported(index, event)
        case e.SessionLinked():
            return _made_by_us(index, event, event.agent_session_id)
        case e.MessageDelivered():
            return _delivered(index, event, active)
        case e.ToolUse(subagent=str(subagent)) | e.ToolResult(subagent=str(subagent)) | e.Usage(subagent=str(subagent)):
            return _made_by_us(index, event, AgentSessionId(subagent), traced=False)
        case e.SessionInterrupted() | e.SessionStopped() | e.SessionCompleted() | e.SessionFailed():
            return _rested(index, event, active)
        case _:
            return index


def _delivered(index: ImportIndex, event: e.MessageDelivered, active: AgentSessionId | None) -> ImportIndex:
    recorded = None if active is None else index.get(active)
    if active is None or recorded is None:
        return index
    if event.agent_message_id is None:
        return {**index, active: replace(recorded, traced=False)}
    return {**index, active: recorded.given(event.agent_message_id)}


def _rested(index: ImportIndex, event: e.Event, active: AgentSessionId | None) -> ImportIndex:
    if active is None or active not in index:
        return index
    return {**index, active: replace(index[active], settled_at=event.timestamp)}


def _imported(index: ImportIndex, event: o.SessionImported | o.SessionExtended) -> ImportIndex:
    if event.session_id is None:
        return index
    recorded = index.get(event.agent_session_id) or Recorded(session_id=event.session_id)
    digests = ((name, str(digest)) for name, digest in event.digests.items())
    return {**index, event.agent_session_id: replace(recorded.grown(digests), revision=event.revision)}


def _made_by_us(index: ImportIndex, event: e.Event, name: AgentSessionId, *, traced: bool = True) -> ImportIndex:
    if name in index or event.session_id is None:
        return index
    return {**index, name: Recorded(session_id=event.session_id, own=True, traced=traced)}
