"""What must be remembered of the agent's sessions to record what others do in them once: folded from the events."""

from dataclasses import replace
from functools import singledispatch

from .. import events as e
from ..events import imported as o
from ..ids import AgentSessionId
from .imported import Outside, Recorded


def remember(outside: Outside, active: AgentSessionId | None, event: e.Event) -> Outside:
    """What is remembered after an event; `active`: the agent's session that our agent is at."""
    return _remember(event, outside, active)


@singledispatch
def _remember(event: object, outside: Outside, active: AgentSessionId | None) -> Outside:
    return outside


@_remember.register
def _imported(event: o.SessionImported, outside: Outside, active: AgentSessionId | None) -> Outside:
    return _brought_in(event, outside)


@_remember.register
def _extended(event: o.SessionExtended, outside: Outside, active: AgentSessionId | None) -> Outside:
    return _brought_in(event, outside)


@_remember.register
def _linked(event: e.SessionLinked, outside: Outside, active: AgentSessionId | None) -> Outside:
    return _made_by_us(event, event.agent_session_id, outside)


@_remember.register
def _delivered(event: e.MessageDelivered, outside: Outside, active: AgentSessionId | None) -> Outside:
    recorded = None if active is None else outside.get(active)
    if active is None or recorded is None:
        return outside
    if event.agent_message_id is None:
        return {**outside, active: replace(recorded, traced=False)}
    return {**outside, active: recorded.given(event.agent_message_id)}


@_remember.register(e.ToolUse)
@_remember.register(e.ToolResult)
@_remember.register(e.Usage)
def _helped(event: e.ToolUse | e.ToolResult | e.Usage, outside: Outside, active: AgentSessionId | None) -> Outside:
    return outside if event.subagent is None else _made_by_us(event, event.subagent, outside, traced=False)


@_remember.register(e.SessionInterrupted)
@_remember.register(e.SessionStopped)
@_remember.register(e.SessionCompleted)
@_remember.register(e.SessionFailed)
def _rested(event: e.Event, outside: Outside, active: AgentSessionId | None) -> Outside:
    if active is None or active not in outside:
        return outside
    return {**outside, active: replace(outside[active], settled_at=event.timestamp)}


def _brought_in(event: o.SessionImported | o.SessionExtended, outside: Outside) -> Outside:
    if event.session_id is None:
        return outside
    recorded = outside.get(event.agent_session_id) or Recorded(session_id=event.session_id)
    digests = ((name, str(digest)) for name, digest in event.digests.items())
    return {**outside, event.agent_session_id: replace(recorded.grown(digests), revision=event.revision)}


def _made_by_us(event: e.Event, name: AgentSessionId, outside: Outside, *, traced: bool = True) -> Outside:
    if name in outside or event.session_id is None:
        return outside
    return {**outside, name: Recorded(session_id=event.session_id, own=True, traced=traced)}
