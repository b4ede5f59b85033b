"""Histories in memory: the twin of the port `Histories`, for tests and for trying things out.

They hold what opencode would answer, in its shape, and are changed as a person at a terminal would change them.
"""

import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias

from ...domain.codebase.commands import ImportSession
from ...domain.codebase.imported import UNNAMED, ExternalSession
from ...domain.errors import AGENT_UNREACHABLE, AgentError, AgentUnavailable
from ...domain.ids import AgentSessionId, CodebaseId
from ...domain.opencode.history import SessionReading, session_from
from ...domain.untrusted_json import decoded, items

Answer: TypeAlias = dict[str, Any]
"""JSON as opencode answers it."""

START = 1_765_380_600_000
"""When the first thing happens, in ms since the epoch; each further one a second later."""


@dataclass
class ScriptedSession:
    """A session that somebody else works in."""

    info: Answer
    messages: list[Answer] = field(default_factory=list[Answer])


class ScriptedHistories:
    """See the port. `page`: messages that are read at once. `problem`: why none can be opened, if none can.

    `open`: how many are open now. `broken`: sessions of which nobody gets an answer. `unreadable`: those that can't be read, ever.
    """

    def __init__(self, page: int = 3) -> None:
        self.page = page
        self.problem: str | None = None
        self.open = 0
        self.opened = 0
        self.broken: set[str] = set()
        self.unreadable: set[str] = set()
        self.made: dict[str, ScriptedSession] = {}
        self._moments = count(START, 1000)

    def __call__(self, codebase: CodebaseId, directory: str) -> AbstractAsyncContextManager["ScriptedHistory"]:
        """See the port."""
        return self._open(directory)

    @asynccontextmanager
    async def _open(self, directory: str) -> AsyncGenerator["ScriptedHistory"]:
        if self.problem:
            raise AgentUnavailable(self.problem)
        self.open += 1
        self.opened += 1
        try:
            yield ScriptedHistory(self, directory)
        finally:
            self.open -= 1

    # --- what others do ---------------------------------------------------------------------------------------------

    def begin(self, name: str, directory: str, *, title: str = "A title", parent: str | None = None) -> None:
        """Make a session."""
        moment = next(self._moments)
        info: Answer = {"id": name, "directory": directory, "title": title, "agent": "build", "parentID": parent}
        info |= {"model": {"id": "model", "providerID": "test"}, "time": {"created": moment, "updated": moment}}
        self.made[name] = ScriptedSession(info)

    def prompt(self, session: str, text: str, *, name: str | None = None) -> str:
        """A person says something; the message's name."""
        return self._add(session, name, {"role": "user"}, [{"type": "text", "text": text}])

    def answer(self, session: str, text: str, *, finished: bool = True, **info: Any) -> str:
        """The agent says something; the message's name."""
        parent = next(m["info"]["id"] for m in reversed(self.made[session].messages) if m["info"]["role"] == "user")
        said: Answer = {"type": "text", "text": text, "time": {"start": 1, "end": 2}}
        usage = {"tokens": {"input": 10, "output": 2}, "cost": 0.5, "finish": "stop" if finished else None}
        name = self._add(session, None, {"role": "assistant", "parentID": parent, **usage, **info}, [said])
        if finished:
            self.finish(session, name)
        return name

    def finish(self, session: str, name: str, **info: Any) -> None:
        """A message of the agent's comes to its end."""
        message = self._message(session, name)
        message["info"] |= {"finish": "stop", **info}
        message["info"]["time"]["completed"] = self.touch(session)

    def say(self, session: str, name: str, text: str) -> None:
        """A message says something else."""
        self._message(session, name)["parts"][0]["text"] = text
        self.touch(session)

    def call(self, session: str, name: str, call: str, tool: str, **state: Any) -> None:
        """A message has a tool call, in this state."""
        parts: list[Answer] = self._message(session, name)["parts"]
        parts[:] = [part for part in parts if part.get("id") != call]
        parts.append({"id": call, "type": "tool", "callID": call, "messageID": name, "tool": tool, "state": state})
        self.touch(session)

    def touch(self, session: str) -> int:
        """The session changed; when."""
        moment = next(self._moments)
        self.made[session].info["time"]["updated"] = moment
        return moment

    def _message(self, session: str, name: str) -> Answer:
        return next(message for message in self.made[session].messages if message["info"]["id"] == name)

    def _add(self, session: str, name: str | None, info: Answer, parts: list[Answer]) -> str:
        moment = self.touch(session)
        name = name or f"msg_{moment}"
        model = {"providerID": "test", "modelID": "model"}
        named: Answer = {"id": name, "sessionID": session, "agent": "build", "time": {"created": moment}, **model}
        self.made[session].messages.append({"info": {**named, "model": model, **info}, "parts": parts})
        return name


class ScriptedHistory:
    """See the port `History`."""

    def __init__(self, all_of_them: ScriptedHistories, directory: str) -> None:
        self._all, self._directory = all_of_them, directory
        self.passed_over: Counter[str] = Counter()

    async def sessions(self) -> list[ExternalSession]:
        """See the port."""
        here = [made.info for made in self._all.made.values() if made.info.get("directory") == self._directory]
        listed = [session_from(_said(info)) for info in here]
        self.passed_over[UNNAMED] = listed.count(None)
        return [session for session in listed if session]

    async def read(self, session: ExternalSession) -> AsyncIterator[ImportSession]:
        """See the port."""
        if session.agent_session_id in self._all.broken:
            raise AgentError("opencode did not answer.", code=AGENT_UNREACHABLE)
        if session.agent_session_id in self._all.unreadable:
            raise AgentError("opencode answered 500.")
        reading = SessionReading(session)
        made = self._all.made.get(AgentSessionId(session.agent_session_id))
        messages = made.messages if made else []
        for start in range(0, len(messages), self._all.page):
            page = messages[start : start + self._all.page]
            yield reading.page(items(_said(page)), last=start + self._all.page >= len(messages))


def _said(answer: object) -> object:
    """An answer as it comes through the wire."""
    return decoded(json.dumps(answer).encode())
