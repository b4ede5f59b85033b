"""One run of a session while it goes on, and the spans of its parts.

opencode reports a step of the model when it is over, with its tokens. A step begins where the one before it ended. Its model
call ends with the last thing that the model said in it, or with the step: tools that it called go on for longer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from ...domain.events.recorded import RecordedEvent
from ...domain.timestamps import moment_of
from .span import Attribute, Span, SpanKind, span_id_of, trace_id_of

TOPICS: Final = frozenset({"message_sent", "output", "tool_use", "tool_result", "usage", "permission", "error"})
"""The events that say something of a run, beside those of the session."""

OWN: Final = "opencode_ledger"
_TOKENS: Final = {
    "input": "gen_ai.usage.input_tokens",
    "output": "gen_ai.usage.output_tokens",
    "cache_read": "gen_ai.usage.cache_read.input_tokens",
    "cache_write": "gen_ai.usage.cache_creation.input_tokens",
    "reasoning": f"{OWN}.usage.reasoning_tokens",
}
_MOST_OPEN: Final = 1000
"""Tool calls of a run that may be open at once, and questions; more are left out."""

Members: TypeAlias = Mapping[str, Any]


@dataclass(slots=True)
class Uses:
    """The agent and the model that a session uses now."""

    agent: str | None = None
    model: str | None = None

    def learn(self, members: Members) -> None:
        """Take what an event says of them."""
        self.agent, self.model = members.get("agent") or self.agent, members.get("model") or self.model

    @property
    def attributes(self) -> dict[str, Attribute]:
        """The model as the conventions name it: its provider, and its name there."""
        provider, slash, name = (self.model or "").partition("/")
        if not self.model:
            return {}
        return (
            {"gen_ai.provider.name": provider, "gen_ai.request.model": name}
            if slash
            else {"gen_ai.request.model": provider}
        )

    @property
    def model_name(self) -> str:
        """The model's name at its provider, or an empty text."""
        return str(self.attributes.get("gen_ai.request.model", ""))


@dataclass(slots=True)
class _Agent:
    """The agent of a run, or one of its subagents: when it began, its span, and its step that goes on."""

    span_id: str
    began: datetime
    last: datetime
    step: int = 0
    step_began: datetime | None = None
    said: datetime | None = None
    called: bool = False
    used: dict[str, int] = field(default_factory=dict[str, int])
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class _Open:
    """A tool call, or a question to a person, that goes on."""

    began: datetime
    tool: str
    parent_id: str


class Run:
    """A run, from its begin to the event that ends it."""

    def __init__(self, event: RecordedEvent, members: Members, uses: Uses) -> None:
        self.session, self.uses, self._first = str(members["session_id"]), uses, members
        self.uses.learn(members)
        self._codebase = event.stream
        self._key = (event.stream, self.session, event.sequence)
        began = moment_of(members["timestamp"])
        self._agents: dict[str | None, _Agent] = {None: _Agent(span_id_of(*self._key), began, began, step_began=began)}
        self._tools, self._asked = dict[str, _Open](), dict[str, _Open]()
        self._error: str | None = None

    def take(self, topic: str, members: Members) -> list[Span]:
        """The spans of parts that end with this event of the run."""
        at = moment_of(members["timestamp"])
        match topic:
            case "session":
                return self._session(members, at)
            case "permission":
                return self._permission(members, at)
            case "tool_result":
                return self._tool_ended(members, at)
            case "usage":
                return self._step_ended(self._agent(members, at), members, at)
            case "error":
                self._error = str(members.get("code"))
            case "message_sent":
                self.uses.learn(members)
            case _:
                self._said(self._agent(members, at), topic, members, at)
        return []

    def finished(self, end: str, at: datetime) -> list[Span]:
        """The spans that end with the run: what still goes on in it, its subagents, and itself."""
        why = None if end == "completed" else end
        spans = [self._tool_span(call, one, at, why) for call, one in self._tools.items()]
        spans += [self._wait_span(name, one, at, end) for name, one in self._asked.items()]
        own = self._agents.pop(None)
        spans += [self._subagent_span(name, agent, own.span_id) for name, agent in self._agents.items() if name]
        error = (self._error or end) if end == "failed" else None
        return [*spans, self._run_span(own, end, at, error)]

    # --- parts that go on ---------------------------------------------------------------------------------------

    def _agent(self, members: Members, at: datetime) -> _Agent:
        name = members.get("subagent")
        agent = self._agents.get(name)
        if agent is None:
            agent = self._agents[name] = _Agent(span_id_of(*self._key, "subagent", name), at, at, step_began=at)
        agent.last = max(agent.last, at)
        agent.step_began = agent.step_began or at
        return agent

    def _said(self, agent: _Agent, topic: str, members: Members, at: datetime) -> None:
        agent.said = at
        if topic == "tool_use" and len(self._tools) < _MOST_OPEN:
            agent.called = True
            self._tools[str(members["call_id"])] = _Open(at, str(members["tool"]), agent.span_id)

    def _session(self, members: Members, at: datetime) -> list[Span]:
        own = self._agents[None]
        if members.get("action") != "admitted":
            self.uses.learn(members)
            return []
        span_id = span_id_of(*self._key, "slot")
        wait = self._span("wait for a slot", "internal", span_id, own.span_id, (own.began, at), {})
        own.step_began = at
        return [wait]

    def _permission(self, members: Members, at: datetime) -> list[Span]:
        name = str(members.get("permission_id"))
        if members.get("action") == "asked":
            if len(self._asked) < _MOST_OPEN:
                self._asked[name] = _Open(at, str(members["tool"]), self._agent(members, at).span_id)
            return []
        if members.get("action") != "replied" or (one := self._asked.pop(name, None)) is None:
            return []
        return [self._wait_span(name, one, at, str(members["reply"]), str(members["decided_by"]))]

    # --- parts that ended ---------------------------------------------------------------------------------------

    def _tool_ended(self, members: Members, at: datetime) -> list[Span]:
        call = str(members["call_id"])
        one = self._tools.pop(call, None)
        self._agent(members, at)
        if one is None:
            return []
        return [self._tool_span(call, one, at, "tool_error" if members.get("status") == "error" else None)]

    def _step_ended(self, agent: _Agent, members: Members, at: datetime) -> list[Span]:
        tokens = {kind: int(number) for kind, number in members["tokens"].items()}
        agent.used = {kind: agent.used.get(kind, 0) + tokens.get(kind, 0) for kind in {**agent.used, **tokens}}
        agent.cost += float(members["cost"])
        agent.step += 1
        times = (agent.step_began or at, agent.said if agent.called and agent.said else at)
        agent.step_began, agent.said, agent.called = at, None, False
        attributes = {"gen_ai.operation.name": "chat", **self.uses.attributes, **_counted(tokens, members["cost"])}
        name, span_id = f"chat {self.uses.model_name}".rstrip(), span_id_of(agent.span_id, "chat", agent.step)
        return [self._span(name, "client", span_id, agent.span_id, times, attributes)]

    def _tool_span(self, call: str, one: _Open, at: datetime, error: str | None) -> Span:
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": one.tool,
            "gen_ai.tool.call.id": call,
        }
        span_id = span_id_of(*self._key, "tool", call)
        name = f"execute_tool {one.tool}"
        return self._span(name, "internal", span_id, one.parent_id, (one.began, at), attributes, error)

    def _wait_span(self, permission: str, one: _Open, at: datetime, reply: str, by: str | None = None) -> Span:
        attributes = {
            "gen_ai.tool.name": one.tool,
            f"{OWN}.permission.id": permission,
            f"{OWN}.permission.reply": reply,
            **({f"{OWN}.permission.decided_by": by} if by else {}),
        }
        span_id = span_id_of(*self._key, "permission", permission)
        return self._span("wait for a person", "internal", span_id, one.parent_id, (one.began, at), attributes)

    def _subagent_span(self, name: str, agent: _Agent, parent: str) -> Span:
        attributes: dict[str, Attribute] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.id": name,
            **self.uses.attributes,
            **_counted(agent.used, agent.cost),
        }
        times = (agent.began, agent.last)
        return self._span("invoke_agent subagent", "internal", agent.span_id, parent, times, attributes)

    def _run_span(self, own: _Agent, end: str, at: datetime, error: str | None) -> Span:
        used, cost = dict(own.used), own.cost
        for agent in self._agents.values():
            used = {kind: used.get(kind, 0) + agent.used.get(kind, 0) for kind in {**used, **agent.used}}
            cost += agent.cost
        attributes: dict[str, Attribute] = {
            "gen_ai.operation.name": "invoke_agent",
            **({"gen_ai.agent.name": self.uses.agent} if self.uses.agent else {}),
            **self.uses.attributes,
            **_counted(used, cost),
            f"{OWN}.run.end": end,
        }
        name = f"invoke_agent {self.uses.agent or ''}".rstrip()
        return self._span(name, "internal", own.span_id, None, (own.began, at), attributes, error)

    def _span(
        self,
        name: str,
        kind: SpanKind,
        span_id: str,
        parent: str | None,
        times: tuple[datetime, datetime],
        attributes: Mapping[str, Attribute],
        error: str | None = None,
    ) -> Span:
        first, task = self._first, self._first.get("task_id")
        common: dict[str, Attribute] = {"gen_ai.conversation.id": self.session, f"{OWN}.codebase.id": self._codebase}
        return Span(
            name=name,
            kind=kind,
            trace_id=trace_id_of(*self._key),
            span_id=span_id,
            parent_id=parent,
            began=times[0],
            ended=max(times),
            attributes={**common, **({f"{OWN}.task.id": task} if isinstance(task, str) else {}), **attributes},
            error=error,
            correlation_id=first.get("correlation_id") if parent is None else None,
        )


def _counted(tokens: Mapping[str, int], cost: float) -> dict[str, Attribute]:
    """Tokens in the names of the conventions, and the cost in US dollars."""
    counted: dict[str, Attribute] = {_TOKENS[kind]: number for kind, number in tokens.items() if kind in _TOKENS}
    if "input" in tokens:  # the conventions count cached tokens as input too, opencode counts them apart
        counted["gen_ai.usage.input_tokens"] = sum(
            tokens.get(kind, 0) for kind in ("input", "cache_read", "cache_write")
        )
    return {**counted, f"{OWN}.usage.cost_dollars": float(cost)}
