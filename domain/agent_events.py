"""Translation of opencode's events into facts, without any I/O: decoded JSON in, facts out.

Promises: each fact is given once, however often the agent reports it (events come again after a reconnect, and
the same things stand in its messages); text joined per part is the agent's final text; what is unknown is counted
and passed over; nothing that the agent sends raises.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .agent_files import FileChanges
from .agent_json import Fields, fields, items, number, text, whole
from .agent_permissions import asked_permission
from .agent_run import Run
from .agent_text import Origin, TextParts
from .agent_tools import ToolCalls
from .facts import Fact, RetryScheduled, StepUsed
from .ids import AgentSessionId, MessageId, SessionId

REMEMBERED_EVENTS = 20_000
REMEMBERED_NAMES = 200

PASSED_OVER = frozenset(
    """catalog.updated command.executed file.edited file.watcher.updated installation.update-available
    installation.updated integration.updated lsp.client.diagnostics lsp.updated mcp.tools.changed
    message.part.removed message.removed models-dev.refreshed plugin.added project.updated reference.updated
    server.connected server.heartbeat server.instance.disposed session.compacted session.deleted session.diff
    todo.updated vcs.branch.updated""".split()
)
"""Kinds of event that are known and say nothing that a fact could hold."""


@dataclass(slots=True)
class _Message:
    """What must be known of a message to understand its parts. `silent`: its words are not for people."""

    origin: Origin
    answer: bool
    prompt: str
    root: str
    silent: bool
    finished: bool


class Translator:
    """Translates for one codebase; `directory` is its real path. At most one run at a time."""

    def __init__(self, directory: str) -> None:
        self.run: Run | None = None
        self.questions: list[str] = []
        self.unknown: Counter[str] = Counter()
        self.malformed = 0
        self.files = FileChanges(directory)
        self._directory = directory
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._root: AgentSessionId | None = None
        self._since = 0
        self._clear()

    def _clear(self) -> None:
        self._origins: dict[str, Origin] = {}
        self._messages: dict[str, _Message] = {}
        self._told: set[object] = set()
        self._text = TextParts()
        self._tools = ToolCalls()

    # --- what the adapter does ------------------------------------------------------------------------------------

    def prompted(self, session: SessionId, root: AgentSessionId, answers: MessageId, prompt: str, now: float) -> None:
        """A prompt is about to be handed over. `prompt` is the agent's name for it; `now` in ms since the epoch.

        The first one of a session that is not yet known starts the translation: older messages are history.
        """
        if root != self._root:
            self._root, self._since = root, int(now)
            self._clear()
        self._origins[root] = Origin(session, None)
        if self.run is None or self.run.root != root:
            self.run = Run(session, root, answers, prompt)
            self.files.begin()
        else:
            self.run.prompted(answers, prompt)

    def closed(self) -> None:
        """The run is over for us: nothing more of it is a fact."""
        self.run = None
        self.questions.clear()

    def missed(self) -> None:
        """The stream was interrupted: events may be missing."""
        self._text.missed()

    @property
    def sessions(self) -> tuple[str, ...]:
        """The agent's session now worked on, and those of its helpers."""
        return tuple(self._origins)

    @property
    def known_messages(self) -> int:
        """How many messages of these sessions were seen since they are translated."""
        return len(self._messages)

    # --- what the agent says --------------------------------------------------------------------------------------

    def event(self, event: object, now: float) -> list[Fact]:
        """Translate an event. `now` in ms since the epoch, as the agent's own times."""
        whole_event = fields(event)
        kind, properties = text(whole_event.get("type")), fields(whole_event.get("properties"))
        if not kind:
            self.malformed += 1
            return []
        if self._is_repeated(text(whole_event.get("id"))):
            return []
        if kind == "session.status":
            return list(self._status(properties, now))
        handle = _HANDLERS.get(kind)
        if handle is None:
            if kind not in PASSED_OVER:
                self._count(kind)
            return []
        return list(handle(self, properties))

    def messages(self, messages: object) -> list[Fact]:
        """Take in a list of messages with their parts, as the agent answers it: gives what was missed."""
        found: list[Fact] = []
        for message in items(messages):
            found += self._message(fields(message))
            for part in items(fields(message).get("parts")):
                found += self._part({"part": part})
        return found

    def statuses(self, statuses: object, now: float) -> list[Fact]:
        """Take in the status of all sessions that are not idle; ours is idle if it isn't there."""
        if self.run is None:
            return []
        status = fields(statuses).get(self.run.root, {"type": "idle"})
        return list(self._status({"sessionID": self.run.root, "status": status}, now))

    def rest(self, status: object) -> list[Fact]:
        """Nothing more will be compared: take in the version control's status for the files still in doubt."""
        return list(self.files.rest(items(status), self.worktree))

    def _is_repeated(self, event_id: str) -> bool:
        if not event_id:
            return False
        if event_id in self._seen:
            return True
        self._seen[event_id] = None
        if len(self._seen) > REMEMBERED_EVENTS:
            self._seen.popitem(last=False)
        return False

    def _count(self, kind: str) -> None:
        if kind in self.unknown or len(self.unknown) < REMEMBERED_NAMES:
            self.unknown[kind] += 1

    def _once(self, *what: object) -> bool:
        """Whether this is the first time."""
        new = what not in self._told
        self._told.add(what)
        return new

    # --- sessions -------------------------------------------------------------------------------------------------

    def _session(self, properties: Fields) -> Iterator[Fact]:
        """A session was made or changed: a helper's names its parent."""
        info = fields(properties.get("info"))
        parent = self._origins.get(text(info.get("parentID")))
        child = text(info.get("id"))
        if parent is not None and child and child not in self._origins:
            self._origins[child] = Origin(parent.session_id, AgentSessionId(child))
        yield from ()

    def _status(self, properties: Fields, now: float) -> Iterator[Fact]:
        session, status = text(properties.get("sessionID")), fields(properties.get("status"))
        origin = self._origins.get(session)
        if origin is None or self.run is None:
            return
        if session == self.run.root:
            self.run.status(status)
        attempt, next_try = whole(status.get("attempt")), number(status.get("next"))
        if status.get("type") == "retry" and self._once("retry", session, attempt, next_try):
            yield from self._text.take_back(origin.subagent)
            reason = text(status.get("message")) or "no reason given"
            delay = max(0.0, (next_try - now) / 1000)
            yield RetryScheduled(session_id=origin.session_id, attempt=attempt, reason=reason, delay=delay)

    def _idle(self, properties: Fields) -> Iterator[Fact]:
        yield from self._status({**properties, "status": {"type": "idle"}}, 0.0)

    def _error(self, properties: Fields) -> Iterator[Fact]:
        if self.run is not None and properties.get("sessionID") == self.run.root:
            self.run.failed(properties.get("error"))
        yield from ()

    # --- messages and their parts ---------------------------------------------------------------------------------

    def _message(self, properties: Fields) -> Iterator[Fact]:
        info = fields(properties.get("info"))
        session, message_id = text(info.get("sessionID")), text(info.get("id"))
        origin = self._origins.get(session)
        created = whole(fields(info.get("time")).get("created"))
        if origin is None or self.run is None or not message_id or created < self._since:
            return
        if session == self.run.root:
            self.run.message(info)
        answer = info.get("role") == "assistant"
        self._messages[message_id] = _Message(
            origin=origin,
            answer=answer,
            prompt=text(info.get("parentID")) if answer else message_id,
            root=text(fields(info.get("path")).get("root")),
            silent=info.get("summary") is True,
            finished="completed" in fields(info.get("time")),
        )
        diffs = fields(info.get("summary")).get("diffs")
        if not answer and diffs:
            yield from self.files.comparison(origin, message_id, diffs, self.worktree)

    @property
    def worktree(self) -> str:
        """The root of the repository, as the agent says; its comparisons name files from there."""
        roots = (message.root for message in reversed(self._messages.values()) if message.root)
        return next(roots, self._directory)

    def _part(self, properties: Fields) -> Iterator[Fact]:
        part = fields(properties.get("part"))
        message = self._messages.get(text(part.get("messageID")))
        if message is None or not message.answer or self.run is None:
            return
        match part.get("type"):
            case "text" | "reasoning" if not message.silent:
                yield from self._text.snapshot(message.origin, part, finished=message.finished)
            case "tool":
                yield from self._tool(message, part)
            case "patch":
                self.files.patch(message.origin, message.prompt, part)
            case "step-finish" if self._once("step", text(part.get("id"))):
                yield _used(message.origin, part)
            case _:
                return

    def _tool(self, message: _Message, part: Fields) -> Iterator[Fact]:
        child = text(fields(fields(part.get("state")).get("metadata")).get("sessionId"))
        if part.get("tool") == "task" and child and child not in self._origins:
            self._origins[child] = Origin(message.origin.session_id, AgentSessionId(child))
        yield from self._tools.snapshot(message.origin, part)
        yield from self.files.tool(message.origin, part)

    def _delta(self, properties: Fields) -> Iterator[Fact]:
        if self.run is not None and properties.get("field") == "text":
            yield from self._text.delta(text(properties.get("partID")), text(properties.get("delta")))

    # --- questions ------------------------------------------------------------------------------------------------

    def permission(self, properties: Fields) -> Iterator[Fact]:
        """The agent asks for leave; also taken from its list of what it asks."""
        origin = self._origins.get(text(properties.get("sessionID")))
        asked = text(properties.get("id"))
        if origin is None or self.run is None or not asked:
            return
        self.run.asking.add(asked)
        if self._once("permission", asked):
            tool = fields(properties.get("tool"))
            call_id = self._tools.call_id(text(tool.get("messageID")), text(tool.get("callID")))
            yield asked_permission(origin, properties, call_id, self._directory)

    def question(self, properties: Fields) -> Iterator[Fact]:
        """The agent asks a question; also taken from its list of what it asks."""
        asked = text(properties.get("id"))
        if self.run is not None and asked and text(properties.get("sessionID")) in self._origins:
            if self._once("question", asked):
                self.questions.append(asked)
            self.run.asking.add(asked)
        yield from ()

    def _permission_replied(self, properties: Fields) -> Iterator[Fact]:
        if self.run is not None:
            self.run.asking.discard(text(properties.get("requestID")))
            if properties.get("reply") == "reject":
                self.run.refused = "permission"
        yield from ()

    def _question_replied(self, properties: Fields) -> Iterator[Fact]:
        if self.run is not None:
            self.run.asking.discard(text(properties.get("requestID")))
            self.run.refused = "question"
        yield from ()


def last_words(messages: object, limit: int) -> str:
    """The agent's last text in a list of messages, cut to `limit` characters."""
    for message in reversed(items(messages)):
        info = fields(fields(message).get("info"))
        if info.get("role") != "assistant":
            continue
        if said := _said(items(fields(message).get("parts"))):
            return said if len(said) <= limit else said[: limit - 1].rstrip() + "…"
    return ""


def _said(parts: Iterable[object]) -> str:
    texts = [fields(part) for part in parts if fields(part).get("type") == "text"]
    return "\n\n".join(said for part in texts if (said := text(part.get("text")).strip()))


def _used(origin: Origin, part: Fields) -> StepUsed:
    tokens = fields(part.get("tokens"))
    cache = fields(tokens.get("cache"))
    counted = {name: whole(tokens.get(name)) for name in ("input", "output", "reasoning")}
    counted |= {"cache_read": whole(cache.get("read")), "cache_write": whole(cache.get("write"))}
    return StepUsed(
        session_id=origin.session_id, subagent=origin.subagent, tokens=counted, cost=number(part.get("cost"))
    )


_Handler = Callable[[Translator, Fields], Iterator[Fact]]

_HANDLERS: dict[str, _Handler] = {
    "session.created": Translator._session,
    "session.updated": Translator._session,
    "session.idle": Translator._idle,
    "session.error": Translator._error,
    "message.updated": Translator._message,
    "message.part.updated": Translator._part,
    "message.part.delta": Translator._delta,
    "permission.asked": Translator.permission,
    "permission.replied": Translator._permission_replied,
    "question.asked": Translator.question,
    "question.replied": Translator._question_replied,
    "question.rejected": Translator._question_replied,
}
