"""Reads the sessions and messages that the agent's program keeps into the domain's words.

A session is read page by page, in order; the little that later pages need is kept here. The program's
messages to itself (a shortened conversation, a prompt to go on) are left out.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from ..codebase.commands import ImportSession
from ..codebase.facts import ToolStarted
from ..codebase.imported import ExternalMessage, ExternalOutput, ExternalSession, ExternalStatus, digest_of
from ..events import Json
from ..ids import AgentSessionId, SessionId, Timestamp
from ..secrets.masker import Secrets
from ..timestamps import timestamp_of
from ..untrusted_json import Fields, bounded, fields, items, shortened, text, whole
from ..whole_output import AgentOutput
from .errors import failure_of
from .messages import is_synthetic, usage_of
from .names import MESSAGE, SESSION, is_name, is_session_of_others
from .streamed_text import Origin
from .tool_calls import ToolCalls

MOST_OF_A_WORD: Final = 1000
"""Characters of a title, or of an agent's or a model's name."""

MOST_OF_A_TEXT: Final = 500_000
"""Characters of a message's text, or of any text of a call."""

MOST_OF_A_MESSAGE: Final = 2_000_000
"""Characters of all outputs of a message's calls together."""

MOST_CALLS: Final = 1000
"""Calls of one message that are recorded; a model makes only a few at once."""

DEEPEST: Final = 100
"""Levels of a call's arguments."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799_999
"""The last millisecond that a date can name."""


def session_from(session: object) -> ExternalSession | None:
    """A session from the program's list; None for anything else, and for a session whose id can't be recorded."""
    found = fields(session)
    name, time = text(found.get("id")), fields(found.get("time"))
    parent = text(found.get("parentID"))
    if not is_session_of_others(name):
        return None
    listed = {key: found.get(key) for key in ("title", "parentID", "agent", "model", "time")}
    return ExternalSession(
        agent_session_id=AgentSessionId(name),
        parent=AgentSessionId(parent) if is_name(parent, SESSION) else None,
        directory=text(found.get("directory")),
        title=shortened(text(found.get("title")), MOST_OF_A_WORD),
        agent=shortened(text(found.get("agent")), MOST_OF_A_WORD) or "build",
        model=_model(fields(found.get("model")), "id"),
        started_at=_moment(time.get("created")),
        updated_at=_moment(time.get("updated")),
        revision=digest_of(listed),
    )


class SessionReading:
    """Turns the pages of one session into commands, in the order in which they are read."""

    def __init__(self, session: ExternalSession) -> None:
        self._session = session
        self._tools = ToolCalls(Secrets())  # without known secrets: a message's digest must not change with them
        self._turns: dict[str, str] = {}
        self._turn = ""
        self._prompt = ""
        self._status: ExternalStatus = "completed"
        self._all_finished = True
        self._at_rest = False
        self._finished = True
        self._names: set[str] = set()
        self.left_out = 0

    def page(self, messages: Iterable[object], *, last: bool) -> ImportSession:
        """The command for the next page."""
        page = tuple(self._read(messages))
        return ImportSession(
            session=self._session,
            messages=page,
            prompt=self._prompt,
            status=self._status,
            last=last,
            complete=last and self._all_finished and self._at_rest,
            open=not (self._finished and self._at_rest),
            left_out=self.left_out,
        )

    def _read(self, messages: Iterable[object]) -> Iterator[ExternalMessage]:
        for message in map(fields, messages):
            info, parts = fields(message.get("info")), [fields(part) for part in items(message.get("parts"))]
            name = text(info.get("id"))
            if not self._is_of_this_session(name, info):
                self.left_out += 1
                continue
            if info.get("role") == "user":
                self._at_rest = False
                yield from self._user(name, info, parts, synthetic=is_synthetic(message))
            else:
                yield from self._assistant(name, info, parts)

    def _is_of_this_session(self, name: str, info: Fields) -> bool:
        """Whether a message has an id that can be recorded in this session, and is new here."""
        own = info.get("sessionID", self._session.agent_session_id) == self._session.agent_session_id
        new = is_name(name, MESSAGE) and name not in self._names
        self._names.add(name)
        return own and new

    def _user(self, name: str, info: Fields, parts: list[Fields], *, synthetic: bool) -> Iterator[ExternalMessage]:
        if not synthetic:
            self._turn = name
        self._turns[name] = self._turn
        if synthetic:
            return
        self._finished, self._status = False, "stopped"  # as long as nothing answers it
        content = _said(parts, "text", only_ended=False) or ""
        self._prompt = self._prompt or content
        yield ExternalMessage(
            id=name,
            role="user",
            turn=name,
            created_at=_moment(fields(info.get("time")).get("created")),
            content=content,
            agent=shortened(text(info.get("agent")), MOST_OF_A_WORD) or None,
            model=_model(fields(info.get("model")), "modelID"),
        )

    def _assistant(self, name: str, info: Fields, parts: list[Fields]) -> Iterator[ExternalMessage]:
        finished = "completed" in fields(info.get("time"))
        failure = failure_of(info.get("error")) if info.get("error") else None
        self._finished = finished
        self._all_finished = self._all_finished and finished
        self._at_rest = failure is not None or info.get("finish") != "tool-calls"
        self._status = "completed" if finished and not failure else "stopped"
        if failure and failure.code != "ABORTED":
            self._status = "failed"
        content, reasoning = (_said(parts, kind, only_ended=finished) for kind in ("text", "reasoning"))
        tools, outputs = self._calls(parts)
        if info.get("summary") is True:
            return
        tokens, cost = usage_of(info)
        yield ExternalMessage(
            id=name,
            role="assistant",
            turn=self._turns.get(text(info.get("parentID")), self._turn),
            created_at=_moment(fields(info.get("time")).get("created")),
            content=content or "",
            reasoning=reasoning,
            tools=tools or None,
            agent=shortened(text(info.get("agent")), MOST_OF_A_WORD) or None,
            model=_model(info, "modelID"),
            tokens=tokens,
            cost=cost,
            error=shortened(failure.error, MOST_OF_A_TEXT) if failure else None,
            silent=not (content or reasoning or tools or failure),
            outputs=outputs,
        )

    def _calls(self, parts: list[Fields]) -> tuple[tuple[dict[str, Json], ...], tuple[ExternalOutput, ...]]:
        """The calls of a message, and where their whole outputs are. Beyond a total length, calls have no outputs."""
        calls, outputs, length = list[dict[str, Json]](), list[ExternalOutput](), 0
        made = [part for part in parts if part.get("type") == "tool"]
        for part in made[:MOST_CALLS]:
            for call, elsewhere in self._call(part):
                output = text(call.get("output"))
                length += len(output)
                is_cut = length > MOST_OF_A_MESSAGE
                calls.append({**call, "output": shortened(output, 0)} if is_cut else call)
                if more := elsewhere or (AgentOutput(text=output) if is_cut and output else None):
                    outputs.append(ExternalOutput(tool=text(call["tool"]), call_id=text(call["call_id"]), whole=more))
        self.left_out += len(made) > MOST_CALLS
        return tuple(calls), tuple(outputs)

    def _call(self, part: Fields) -> Iterator[tuple[dict[str, Json], AgentOutput | None]]:
        """A call in its current state, begun or ended too, and where the rest of its output is."""
        call: dict[str, Json] = {}
        more: AgentOutput | None = None
        for fact in self._tools.snapshot(Origin(SessionId(""), None), part):
            if isinstance(fact, ToolStarted):
                args = bounded(dict(fact.args), DEEPEST, MOST_OF_A_TEXT)
                tool = shortened(fact.tool, MOST_OF_A_WORD)
                call = {"tool": tool, "args": args, "call_id": fact.call_id, "status": "running"}
            else:
                call |= {"status": fact.status, "output": fact.output}
                more = fact.whole if isinstance(fact.whole, AgentOutput) else None
        if call:
            yield call, more


def _said(parts: Iterable[Fields], kind: str, *, only_ended: bool) -> str | None:
    """The text of a kind; of a finished message only the parts with an end, since the others were taken back."""
    texts = [
        text(part.get("text"))
        for part in parts
        if part.get("type") == kind
        and part.get("synthetic") is not True
        and part.get("ignored") is not True
        and (not only_ended or not fields(part.get("time")) or "end" in fields(part.get("time")))
    ]
    return shortened("".join(texts), MOST_OF_A_TEXT) or None


def _model(found: Fields, member: str) -> str | None:
    provider, name = text(found.get("providerID")), text(found.get(member))
    return shortened(f"{provider}/{name}", MOST_OF_A_WORD) if provider and name else None


def _moment(milliseconds: object) -> Timestamp:
    return timestamp_of(_EPOCH + timedelta(milliseconds=min(max(whole(milliseconds), 0), _LATEST)))
