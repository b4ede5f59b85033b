"""The client for programs without an event loop. Made by `python -m scripts.clients` from the asynchronous one.

It uses the standard library alone, so importing it is quick. Any number of threads may share a `Ledger`. `close`, called
in another thread, ends what waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

from . import ledger
from . import models as m
from .blocking import BlockingTransport, finished
from .codebase import Codebase as AsyncCodebase
from .cursor import Cursor
from .following import SILENCE, Trouble
from .ledger import PATIENCE, TIMEOUT
from .sync_events import Events
from .transport import Transport


class _Blocking(ledger.Ledger):
    def _transport(self) -> Transport:
        return BlockingTransport(self._address, self._timeout)


class Codebase:
    """A codebase of a service. It may be used as long as its `Ledger` is open."""

    def __init__(self, client: AsyncCodebase) -> None:
        self._client = client

    @property
    def name_or_id(self) -> str:
        """As it was given."""
        return self._client.name_or_id

    def __repr__(self) -> str:
        return repr(self._client)

    def info(self) -> m.Codebase:
        """Its name, directory and configuration."""
        return finished(self._client.info())

    def change(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        agent_config: m.AgentConfigChange | None = None,
    ) -> m.Codebase:
        """Change what is given; the codebase after that."""
        return finished(self._client.change(name=name, description=description, agent_config=agent_config))

    def delete(self) -> m.Done:
        """Stop its agent and hide it. The log keeps its history."""
        return finished(self._client.delete())

    def trigger(
        self,
        prompt: str,
        *,
        model: str | None = None,
        agent: str | None = None,
        files: Sequence[str] | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> m.Triggered:
        """Start an agent with a prompt. `status`: `pending` while it waits for a free slot."""
        return finished(self._client.trigger(prompt, model=model, agent=agent, files=files, metadata=metadata))

    def message(self, message: str, *, model: str | None = None, agent: str | None = None) -> m.Done:
        """Send a message to the session: it steers one that runs, and resumes one that is interrupted."""
        return finished(self._client.message(message, model=model, agent=agent))

    def interrupt(self) -> m.Done:
        """Interrupt the session; a message resumes it. Answered when the agent has aborted."""
        return finished(self._client.interrupt())

    def stop(self) -> m.Done:
        """End the session. Answered when none of its processes is left."""
        return finished(self._client.stop())

    def status(self, *, at: int | str | None = None) -> m.AgentStatus:
        """What its agent is doing, and its queue. `at`: after this event, or at this time."""
        return finished(self._client.status(at=at))

    def permissions(
        self, *, status: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> m.Permissions:
        """The permission requests and questions that wait for an answer, or with the `status` `answered` the others."""
        return finished(self._client.permissions(status=status, limit=limit, offset=offset))

    def answer(
        self,
        permission_id: str,
        reply: str,
        *,
        message: str | None = None,
        answers: Sequence[Sequence[str]] | None = None,
    ) -> m.Done:
        """Answer a request with `once`, `always` or `reject`. `answers`: those to a question, a list for each part."""
        return finished(self._client.answer(permission_id, reply, message=message, answers=answers))

    def sessions(
        self, *, limit: int | None = None, offset: int | None = None, at: int | str | None = None
    ) -> m.Sessions:
        """Its sessions, newest first."""
        return finished(self._client.sessions(limit=limit, offset=offset, at=at))

    def messages(
        self, session_id: str, *, limit: int | None = None, offset: int | None = None, at: int | str | None = None
    ) -> m.Messages:
        """The messages of a session, in their order."""
        return finished(self._client.messages(session_id, limit=limit, offset=offset, at=at))

    def changes(self, session_id: str, *, limit: int | None = None, offset: int | None = None) -> m.ChangedFiles:
        """The files that a session changed, the last changed first."""
        return finished(self._client.changes(session_id, limit=limit, offset=offset))

    def diff(self, session_id: str, path: str) -> str:
        """What a session changed in a file, as a unified diff."""
        return finished(self._client.diff(session_id, path))

    def sync(self) -> m.Synced:
        """Import the sessions that were run with opencode itself."""
        return finished(self._client.sync())

    def output(self, output_id: str) -> bytes:
        """All that a tool printed. `output_id`: the `whole_id` of a `tool_result` event."""
        return finished(self._client.output(output_id))

    def tasks(
        self,
        *,
        status: str | None = None,
        order: Literal["newest", "queue"] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        at: int | str | None = None,
    ) -> m.Tasks:
        """Its tasks, newest first. `order="queue"`: those that wait, in the order in which they start."""
        return finished(self._client.tasks(status=status, order=order, limit=limit, offset=offset, at=at))

    def add_task(
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
        return finished(
            self._client.add_task(
                title, prompt, model=model, agent=agent, priority=priority, files=files, metadata=metadata
            )
        )

    def events(
        self,
        after: int | Cursor | None = None,
        *,
        session: str | None = None,
        on_trouble: Trouble | None = None,
        patience: float | None = None,
        silence: float = SILENCE,
    ) -> Events[m.AnyEvent]:
        """Its events, or those of one session, as they come; recorded ones first.

        `after`: the id of the last event that the caller has, or a cursor that keeps it. 0 is the whole history. Without
        it the stream begins with the session that is running or interrupted, or else with the next event. `on_trouble`:
        called when the connection is lost. `patience`: seconds of waiting in vain that end the iteration with an error. `silence`:
        seconds without a byte after which a connection counts as lost; the service sends something every 15 seconds.
        """
        return Events(
            self._client.events(after, session=session, on_trouble=on_trouble, patience=patience, silence=silence)
        )

    def log(self, *, after: int | None = None, limit: int | None = None) -> m.LogPage:
        """A page of its log, with the hash of each event."""
        return finished(self._client.log(after=after, limit=limit))

    def export(self) -> bytes:
        """Its log with the proofs, as JSON Lines."""
        return finished(self._client.export())

    def export_outputs(self, to: int | None = None) -> bytes:
        """What its tools printed, as JSON Lines. `to`: up to this event of the codebase."""
        return finished(self._client.export_outputs(to))


class Ledger:
    """A client of one service: `with Ledger() as ledger: …`. It is as `opencode_ledger.client.Ledger`, without `async`."""

    def __init__(
        self, url: str | None = None, token: str | None = None, *, timeout: float = TIMEOUT, patience: float = PATIENCE
    ) -> None:
        self._client = _Blocking(url, token, timeout=timeout, patience=patience)

    def __enter__(self) -> Self:
        finished(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        finished(self._client.close())

    @property
    def url(self) -> str:
        """The address of the service."""
        return self._client.url

    def status(self) -> m.ServiceStatus:
        """Whether agents can run."""
        return finished(self._client.status())

    def models(self) -> list[m.Model]:
        """The models that agents can use."""
        return finished(self._client.models())

    def codebase(self, name_or_id: str) -> Codebase:
        """A codebase by its name or id. Nothing is asked of the service yet."""
        return Codebase(self._client.codebase(name_or_id))

    def codebases(self) -> list[m.ListedCodebase]:
        """All codebases, each with what its agent is doing."""
        return finished(self._client.codebases())

    def register(
        self, path: str, name: str, *, description: str | None = None, agent_config: m.AgentConfig | None = None
    ) -> Codebase:
        """Register the directory at `path`, which is absolute. It has to exist on the machine of the service."""
        return Codebase(finished(self._client.register(path, name, description=description, agent_config=agent_config)))

    def permissions(
        self, *, status: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> m.AllPermissions:
        """The requests of all codebases that wait for an answer, the nearest deadline first; or the `answered` ones."""
        return finished(self._client.permissions(status=status, limit=limit, offset=offset))

    def search(
        self, words: str, *, codebase: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> m.Found:
        """Prompts, answers, commands and paths that have all these words, newest first. `codebase`: only this one."""
        return finished(self._client.search(words, codebase=codebase, limit=limit, offset=offset))

    def overview(
        self,
        after: int | Cursor | None = None,
        *,
        on_trouble: Trouble | None = None,
        patience: float | None = None,
        silence: float = SILENCE,
    ) -> Events[m.OverviewEvent]:
        """What each codebase is doing, and every change of that. The parameters are those of `Codebase.events`.

        A codebase comes with its latest state only, so a reader that was away gets no state in between.
        """
        return Events(self._client.overview(after, on_trouble=on_trouble, patience=patience, silence=silence))

    def tasks(self, *, status: str | None = None, limit: int | None = None, offset: int | None = None) -> m.Tasks:
        """The tasks of all codebases, newest first."""
        return finished(self._client.tasks(status=status, limit=limit, offset=offset))

    def task(self, task_id: str) -> m.Task:
        """A task with its prompt and result."""
        return finished(self._client.task(task_id))

    def change_task(
        self,
        task_id: str,
        *,
        title: str | None = None,
        prompt: str | None = None,
        priority: int | None = None,
        position: Literal["first", "last"] | m.BeforeTask | None = None,
    ) -> m.Task:
        """Change what is given of a task that waits; the task after that."""
        return finished(
            self._client.change_task(task_id, title=title, prompt=prompt, priority=priority, position=position)
        )

    def retry(self, task_id: str) -> m.TaskRetried:
        """Queue a task that has ended once more, as a new task."""
        return finished(self._client.retry(task_id))

    def cancel(self, task_id: str) -> m.Done:
        """Cancel a task. If it runs, its session is stopped."""
        return finished(self._client.cancel(task_id))

    def events(
        self,
        after: int | Cursor | None = None,
        *,
        on_trouble: Trouble | None = None,
        patience: float | None = None,
        silence: float = SILENCE,
    ) -> Events[m.AnyEvent]:
        """The events of all codebases, in the log's order. The parameters are those of `Codebase.events`.

        An event's `id` is its position in the log, and its data also name the codebase.
        """
        return Events(self._client.events(after, on_trouble=on_trouble, patience=patience, silence=silence))

    def checkpoint(self) -> str:
        """The signed note that fixes the log as it is now."""
        return finished(self._client.checkpoint())

    def public_key(self) -> str:
        """The key that checkpoints are signed with, as one line."""
        return finished(self._client.public_key())

    def inclusion_proof(self, position: int, size: int | None = None) -> m.InclusionProof:
        """The proof that the event at `position` is in the log of `size` events."""
        return finished(self._client.inclusion_proof(position, size))

    def consistency_proof(self, smaller: int, larger: int | None = None) -> m.ConsistencyProof:
        """The proof that the log of `larger` events begins with that of `smaller` events."""
        return finished(self._client.consistency_proof(smaller, larger))

    def request(self, method: str, path: str, body: dict[str, object] | None = None) -> object:
        """Any other request that is answered with JSON. `path` begins after `/v1/opencode`."""
        return finished(self._client.request(method, path, body))
