"""The client's view of one codebase: its agent, its sessions, its queue and its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, cast

from . import models as m
from .address import API, path_of, query_of
from .calls import Calls, request_of
from .cursor import Cursor
from .event import Event
from .following import SILENCE, EventStream, Trouble


class HasCalls(Protocol):
    """A client that is open. Raises `LedgerClosed` where it isn't."""

    @property
    def calls(self) -> Calls:
        """Requests of any kind."""
        ...


class Codebase:
    """A codebase of a service. `name_or_id`: as it was given. It may be used as long as its `Ledger` is open."""

    def __init__(self, ledger: HasCalls, name_or_id: str) -> None:
        self._ledger, self.name_or_id = ledger, name_or_id
        self._path = path_of("codebases", name_or_id)

    def __repr__(self) -> str:
        return f"Codebase({self.name_or_id!r})"

    async def _get(self, path: str, **query: object) -> object:
        return await self._ledger.calls.json("GET", self._path + path + query_of(**query))

    async def _post(self, path: str, body: Mapping[str, object] | None = None) -> object:
        return await self._ledger.calls.json("POST", self._path + path, body)

    # --- the codebase ---------------------------------------------------------------------------------------------

    async def info(self) -> m.Codebase:
        """Its name, directory and configuration."""
        return cast("m.Codebase", await self._get(""))

    async def change(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        agent_config: m.AgentConfigChange | None = None,
    ) -> m.Codebase:
        """Change what is given; the codebase after that."""
        body = {"name": name, "description": description, "agent_config": agent_config}
        changed = cast("m.Changed", await self._ledger.calls.json("PATCH", self._path, body))
        return changed["codebase"]

    async def delete(self) -> m.Done:
        """Stop its agent and hide it. The log keeps its history."""
        return cast("m.Done", await self._ledger.calls.json("DELETE", self._path))

    # --- its agent ------------------------------------------------------------------------------------------------

    async def trigger(
        self,
        prompt: str,
        *,
        model: str | None = None,
        agent: str | None = None,
        files: Sequence[str] | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> m.Triggered:
        """Start an agent with a prompt. `status`: `pending` while it waits for a free slot."""
        body = {"prompt": prompt, "model": model, "agent": agent, "files": files, "metadata": metadata}
        return cast("m.Triggered", await self._post("/trigger", body))

    async def message(self, message: str, *, model: str | None = None, agent: str | None = None) -> m.Done:
        """Send a message to the session: it steers one that runs, and resumes one that is interrupted."""
        return cast("m.Done", await self._post("/message", {"message": message, "model": model, "agent": agent}))

    async def interrupt(self) -> m.Done:
        """Interrupt the session; a message resumes it. Answered when the agent has aborted."""
        return cast("m.Done", await self._post("/interrupt"))

    async def stop(self) -> m.Done:
        """End the session. Answered when none of its processes is left."""
        return cast("m.Done", await self._post("/stop"))

    async def status(self, *, at: int | str | None = None) -> m.AgentStatus:
        """What its agent is doing, and its queue. `at`: after this event, or at this time."""
        return cast("m.AgentStatus", await self._get("/status", at=at))

    async def permissions(
        self, *, status: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> m.Permissions:
        """The permission requests and questions that wait for an answer, or with the `status` `answered` the others."""
        return cast("m.Permissions", await self._get("/permissions", status=status, limit=limit, offset=offset))

    async def answer(
        self,
        permission_id: str,
        reply: str,
        *,
        message: str | None = None,
        answers: Sequence[Sequence[str]] | None = None,
    ) -> m.Done:
        """Answer a request with `once`, `always` or `reject`. `answers`: those to a question, a list for each part."""
        body = {"reply": reply, "message": message, "answers": answers}
        return cast("m.Done", await self._post(path_of("permissions", permission_id), body))

    # --- its sessions ---------------------------------------------------------------------------------------------

    async def sessions(
        self, *, limit: int | None = None, offset: int | None = None, at: int | str | None = None
    ) -> m.Sessions:
        """Its sessions, newest first."""
        return cast("m.Sessions", await self._get("/sessions", limit=limit, offset=offset, at=at))

    async def messages(
        self, session_id: str, *, limit: int | None = None, offset: int | None = None, at: int | str | None = None
    ) -> m.Messages:
        """The messages of a session, in their order."""
        return cast(
            "m.Messages", await self._get("/messages", session_id=session_id, limit=limit, offset=offset, at=at)
        )

    async def changes(self, session_id: str, *, limit: int | None = None, offset: int | None = None) -> m.ChangedFiles:
        """The files that a session changed, the last changed first."""
        path = path_of("sessions", session_id, "changes")
        return cast("m.ChangedFiles", await self._get(path, limit=limit, offset=offset))

    async def diff(self, session_id: str, path: str) -> str:
        """What a session changed in a file, as a unified diff."""
        where = path_of("sessions", session_id, "changes", "diff") + query_of(path=path)
        return (await self._content(where)).decode()

    async def sync(self) -> m.Synced:
        """Import the sessions that were run with opencode itself."""
        return cast("m.Synced", await self._post("/sessions/sync"))

    async def output(self, output_id: str) -> bytes:
        """All that a tool printed. `output_id`: the `whole_id` of a `tool_result` event."""
        return await self._content("/outputs" + path_of(output_id))

    # --- its queue ------------------------------------------------------------------------------------------------

    async def tasks(
        self,
        *,
        status: str | None = None,
        order: Literal["newest", "queue"] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        at: int | str | None = None,
    ) -> m.Tasks:
        """Its tasks, newest first. `order="queue"`: those that wait, in the order in which they start."""
        return cast("m.Tasks", await self._get("/tasks", status=status, order=order, limit=limit, offset=offset, at=at))

    async def add_task(
        self,
        title: str,
        prompt: str,
        *,
        model: str | None = None,
        agent: str | None = None,
        priority: int | None = None,
        files: Sequence[str] | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> m.TaskCreated:
        """Add a task to the queue. A higher `priority` starts first."""
        body = {"title": title, "prompt": prompt, "model": model, "agent_type": agent, "priority": priority}
        return cast("m.TaskCreated", await self._post("/tasks", {**body, "files": files, "metadata": metadata}))

    # --- its events -----------------------------------------------------------------------------------------------

    def events(
        self,
        after: int | Cursor | None = None,
        *,
        session: str | None = None,
        on_trouble: Trouble | None = None,
        patience: float | None = None,
        silence: float = SILENCE,
    ) -> EventStream[m.AnyEvent]:
        """Its events, or those of one session, as they come; recorded ones first.

        `after`: the id of the last event that the caller has, or a cursor that keeps it. 0 is the whole history. Without
        it the stream begins with the session that is running or interrupted, or else with the next event. `on_trouble`:
        called when the connection is lost. `patience`: seconds of waiting in vain that end the iteration with an error. `silence`:
        seconds without a byte after which a connection counts as lost; the service sends something every 15 seconds.
        """
        path = API + self._path + "/events" + query_of(session_id=session)
        return EventStream(
            self._ledger.calls.transport,
            path,
            after,
            numbering="contiguous" if session is None else "rising",
            last=_is_deletion if session is None else _is_end,
            on_trouble=on_trouble,
            patience=patience,
            silence=silence,
        )

    async def log(self, *, after: int | None = None, limit: int | None = None) -> m.LogPage:
        """A page of its log, with the hash of each event."""
        return cast("m.LogPage", await self._get("/log", after=after, limit=limit))

    async def export(self) -> bytes:
        """Its log with the proofs, as JSON Lines."""
        return await self._content("/log/export")

    async def export_outputs(self, to: int | None = None) -> bytes:
        """What its tools printed, as JSON Lines. `to`: up to this event of the codebase."""
        return await self._content("/log/outputs" + query_of(to=to))

    async def _content(self, path: str) -> bytes:
        request = request_of("GET", API + self._path + path, headers={"Accept": "*/*"})
        return (await self._ledger.calls.request(request)).body


def _is_deletion(event: Event[str, Any]) -> bool:
    return event.event == "codebase" and cast("object", event.data.get("action")) == "deleted"


def _is_end(event: Event[str, Any]) -> bool:
    return event.event == "complete"
