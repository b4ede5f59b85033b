"""Translation of opencode's events into facts, without any I/O: decoded JSON in, facts out.

Promises:

- Each fact is reported once, however often the agent reports it: events repeat after a reconnect, and messages repeat
  what events said.
- Text joined per part is the agent's final text.
- Unknown events are counted and skipped.
- Nothing that the agent sends raises an error.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping

from ..codebase.facts import Fact, RetryScheduled
from ..file_trees import Look
from ..ids import AgentSessionId, MessageId, SessionId
from ..secrets.masker import Secrets
from ..untrusted_json import Fields, fields, items, number, text, whole
from .command_times import CommandTimes
from .messages import Messages
from .names import SESSION, is_name
from .permissions import (
    asked_permission,
    asked_question,
    settled_permission,
    settled_question,
    settled_unheard,
)
from .run import Given, Run
from .seen_files import SeenFiles
from .streamed_text import Origin

REMEMBERED_EVENTS = 20_000
REMEMBERED_NAMES = 200

PASSED_OVER = frozenset(
    {
        "catalog.updated",
        "command.executed",
        "file.edited",
        "file.watcher.updated",
        "installation.update-available",
        "installation.updated",
        "integration.updated",
        "lsp.client.diagnostics",
        "lsp.updated",
        "mcp.tools.changed",
        "message.part.removed",
        "message.removed",
        "models-dev.refreshed",
        "plugin.added",
        "project.updated",
        "reference.updated",
        "server.connected",
        "server.heartbeat",
        "server.instance.disposed",
        "session.compacted",
        "session.deleted",
        "session.diff",
        "todo.updated",
        "vcs.branch.updated",
    }
)
"""Known kinds of event that no fact follows from."""


class Translator:
    """Translates for one codebase. `directory`: its real path. At most one run at a time."""

    def __init__(self, directory: str, secrets: Secrets | None = None) -> None:
        self.run: Run | None = None
        self.unknown: Counter[str] = Counter()
        self.malformed = 0
        self._directory, self._secrets = directory, secrets or Secrets()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._root: AgentSessionId | None = None
        self._origins: dict[str, Origin] = {}
        self._messages = Messages(directory, 0, self._secrets)
        self._before: Look | None = None
        self._noted: set[tuple[object, ...]] = set()
        self._asked_in: dict[str, str | None] = {}
        self._handlers: Mapping[str, Callable[[Fields], Iterator[Fact]]] = {
            "session.created": self._session,
            "session.updated": self._session,
            "session.idle": self._idle,
            "session.error": self._error,
            "message.updated": self._message,
            "message.part.updated": self._part,
            "message.part.delta": self._delta,
            "permission.asked": self.permission,
            "permission.replied": self._permission_replied,
            "question.asked": self.question,
            "question.replied": self._question_replied,
            "question.rejected": self._question_rejected,
        }

    # --- what the adapter does ------------------------------------------------------------------------------------

    def before_run(self, look: Look | None) -> None:
        """What a scan of the directory saw before the next run; None where a run goes on."""
        self._before = look

    def prompted(self, session: SessionId, root: AgentSessionId, answers: MessageId, prompt: str, now: float) -> None:
        """A prompt is about to be sent. `prompt`: the agent's id for it. `now`: in ms since the epoch.

        The first one of a session that is not yet known starts the translation: older messages are history.
        """
        if root != self._root:
            self._root, self._origins, self._noted = root, {}, set()
            self._asked_in.clear()
            self._messages = Messages(self._directory, now, self._secrets)
        self._origins[root] = Origin(session, None)
        if self.run is None or self.run.root != root:
            self.run = Run(session, root, answers, prompt, now)
            self._messages.files.begin(session, self._before)
        else:
            self.run.prompted(answers, prompt)

    def closed(self) -> list[Fact]:
        """The run has ended: the only facts left are what became of the files, and pieces of text that were held back."""
        self.run = None
        return [*self._messages.diffs.ended(), *self._messages.texts.broken_off()]

    def missed(self) -> None:
        """The stream was interrupted: events may be missing."""
        self._messages.texts.missed()

    @property
    def sessions(self) -> tuple[str, ...]:
        """The agent's current session, and those of its subagents."""
        return tuple(self._origins)

    @property
    def known_messages(self) -> int:
        """The number of messages seen in these sessions."""
        return len(self._messages)

    @property
    def seen(self) -> SeenFiles:
        """What scans of the directory saw of the files."""
        return self._messages.files.seen

    @property
    def files_patched(self) -> bool:
        """Whether the run changed files, so that the agent will compare them once more at its end."""
        return self._messages.files.patched

    @property
    def files_in_doubt(self) -> bool:
        """Whether there are changed files whose outcome is still unknown."""
        return self._messages.files.waiting

    @property
    def command_times(self) -> CommandTimes:
        """When the run's commands began and ended; nothing of those that wait for permission."""
        run = self.run
        if run is None:
            return CommandTimes()
        waiting = [self._asked_in.get(asked) for asked in run.asking]
        return self._messages.tools.command_times(waiting, int(run.since))

    # --- what the agent says --------------------------------------------------------------------------------------

    def event(self, event: object, now: float) -> list[Fact]:
        """Translate an event. `now`: in ms since the epoch, by the agent's clock."""
        kind, properties = text(fields(event).get("type")), fields(fields(event).get("properties"))
        if not kind:
            self.malformed += 1
            return []
        if self._is_repeated(text(fields(event).get("id"))):
            return []
        if kind == "session.status":
            return list(self._status(properties, now))
        if kind in self._handlers:
            return list(self._handlers[kind](properties))
        if kind not in PASSED_OVER and (kind in self.unknown or len(self.unknown) < REMEMBERED_NAMES):
            self.unknown[kind] += 1
        return []

    def messages(self, messages: object) -> list[Fact]:
        """Take the agent's list of messages with their parts: gives the facts that were missed."""
        found: list[Fact] = []
        for message in items(messages):
            found += self._known_message(fields(fields(message).get("info")))
            for part in items(fields(message).get("parts")):
                found += self._part({"part": part})
        return found

    def statuses(self, statuses: object, now: float) -> list[Fact]:
        """Take the status of all sessions that are not idle; ours is idle if it isn't listed."""
        if self.run is None:
            return []
        status = fields(statuses).get(self.run.root, {"type": "idle"})
        return list(self._status({"sessionID": self.run.root, "status": status}, now))

    def rest(self, status: object) -> list[Fact]:
        """No more comparisons will come: take the version control's status for files with an unknown outcome."""
        return list(self._messages.files.rest(items(status), self._messages.worktree))

    def _is_repeated(self, event_id: str) -> bool:
        if not event_id:
            return False
        if event_id in self._seen:
            return True
        self._seen[event_id] = None
        if len(self._seen) > REMEMBERED_EVENTS:
            self._seen.popitem(last=False)
        return False

    def _once(self, *what: object) -> bool:
        """Whether this happens for the first time."""
        new = what not in self._noted
        self._noted.add(what)
        return new

    # --- sessions -------------------------------------------------------------------------------------------------

    def _session(self, properties: Fields) -> Iterator[Fact]:
        """A session was created or changed; a subagent's session names its parent."""
        info = fields(properties.get("info"))
        parent = self._origins.get(text(info.get("parentID")))
        if parent is not None:
            self._helper(parent, text(info.get("id")))
        yield from ()

    def _helper(self, parent: Origin, child: str) -> None:
        if child in self._origins:
            return
        if not is_name(child, SESSION):
            self.malformed += 1
        else:
            self._origins[child] = Origin(parent.session_id, AgentSessionId(child))

    def _status(self, properties: Fields, now: float) -> Iterator[Fact]:
        session, status = text(properties.get("sessionID")), fields(properties.get("status"))
        origin = self._origins.get(session)
        if origin is None or self.run is None:
            return
        if session == self.run.root:
            self.run.status(status)
        attempt, next_try = whole(status.get("attempt")), number(status.get("next"))
        if status.get("type") == "retry" and self._once("retry", session, attempt, next_try):
            yield from self._messages.retried(origin.subagent)
            reason = text(status.get("message")) or "no reason given"
            delay = max(0.0, (next_try - now) / 1000)
            yield RetryScheduled(session_id=origin.session_id, attempt=attempt, reason=reason, delay=delay)

    def _idle(self, properties: Fields) -> Iterator[Fact]:
        yield from self._status({**properties, "status": {"type": "idle"}}, 0.0)

    def _error(self, properties: Fields) -> Iterator[Fact]:
        if self.run is not None and properties.get("sessionID") == self.run.root:
            self.run.failed(properties.get("error"))
        yield from ()

    # --- messages -------------------------------------------------------------------------------------------------

    def _message(self, properties: Fields) -> Iterator[Fact]:
        info = fields(properties.get("info"))
        if self.run is not None and info.get("sessionID") == self.run.root and fields(info.get("summary")):
            self.run.comparison()
        yield from self._known_message(info)

    def _known_message(self, info: Fields) -> Iterator[Fact]:
        origin = self._origins.get(text(info.get("sessionID")))
        if origin is not None and self.run is not None:
            yield from self._messages.message(self.run, origin, info)

    def _part(self, properties: Fields) -> Iterator[Fact]:
        part = fields(properties.get("part"))
        if self.run is not None:
            if found := self._messages.helper_of(part):
                self._helper(*found)
            yield from self._messages.part(part)

    def _delta(self, properties: Fields) -> Iterator[Fact]:
        if self.run is not None and properties.get("field") == "text":
            yield from self._messages.texts.delta(text(properties.get("partID")), text(properties.get("delta")))

    # --- questions ------------------------------------------------------------------------------------------------

    def permission(self, properties: Fields) -> Iterator[Fact]:
        """The agent asks for a permission, by an event or in its list of requests."""
        if found := self._newly_asked("permission", properties):
            yield asked_permission(*found, properties, self._directory)

    def question(self, properties: Fields) -> Iterator[Fact]:
        """The agent asks a question, by an event or in its list of requests."""
        if found := self._newly_asked("question", properties):
            yield asked_question(*found, properties)

    def _newly_asked(self, kind: str, properties: Fields) -> tuple[Origin, str | None] | None:
        """Who asks, and in which tool call, if this is ours and new."""
        origin = self._origins.get(text(properties.get("sessionID")))
        asked = text(properties.get("id"))
        if origin is None or self.run is None or not self._once(kind, asked):
            return None
        if not is_name(asked):
            self.malformed += 1  # it can't be answered: its name leads nowhere
            return None
        self.run.asking.add(asked)
        tool = fields(properties.get("tool"))
        call = self._messages.tools.call_id(text(tool.get("messageID")), text(tool.get("callID")))
        self._asked_in[asked] = call
        return origin, call

    def given(self, asked: str, answer: Given) -> None:
        """This answer is on its way to the agent."""
        if self.run is not None:
            self.run.given[asked] = answer

    def settled_unheard(self, asked: str, *, taken: bool = False) -> list[Fact]:
        """This is no longer asked, without a report of that. `taken`: the agent took our answer."""
        if self.run is None:
            return []
        self.run.asking.discard(asked)
        refused = self._messages.tools.has_failed(self._asked_in.get(asked))
        return [settled_unheard(self.run, asked, taken=taken, refused=refused)]

    def _permission_replied(self, properties: Fields) -> Iterator[Fact]:
        if self.run is not None:
            asked, reply = text(properties.get("requestID")), properties.get("reply")
            self.run.asking.discard(asked)
            if reply == "reject":
                self.run.refused = "permission"
            yield from settled_permission(self.run, asked, reply)

    def _question_replied(self, properties: Fields) -> Iterator[Fact]:
        yield from self._question_settled(properties, items(properties.get("answers")))

    def _question_rejected(self, properties: Fields) -> Iterator[Fact]:
        if self.run is not None:
            self.run.refused = "question"
        yield from self._question_settled(properties, None)

    def _question_settled(self, properties: Fields, answers: list[object] | None) -> Iterator[Fact]:
        asked = text(properties.get("requestID"))
        if self.run is not None and asked:
            self.run.asking.discard(asked)
            yield settled_question(self.run, asked, answers)
