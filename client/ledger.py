"""The client of a service: what concerns all codebases."""

from __future__ import annotations

from types import TracebackType
from typing import Literal, Self, cast

from . import models as m
from .address import API, Address, path_of, query_of
from .calls import Calls, request_of
from .codebase import Codebase
from .cursor import Cursor
from .errors import LedgerClosed
from .following import SILENCE, EventStream, Trouble
from .transport import Transport

TIMEOUT = 120.0
PATIENCE = 10.0


class Ledger:
    """A client of one service, on an event loop: `async with Ledger() as ledger: …`.

    `url`, `token`: else those of the environment variables `LEDGER_URL` and `LEDGER_TOKEN`. The default address is
    http://127.0.0.1:8000. `timeout`: seconds without a byte after which a request counts as lost. `patience`: seconds that
    are spent on waiting before a request is given up, all in all. 0: nothing is repeated.

    Every method raises `LedgerApiError` where the service refuses, and `LedgerUnreachable` where there is no answer.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, timeout: float = TIMEOUT, patience: float = PATIENCE
    ) -> None:
        self._address = Address.of(url, token)
        self._timeout, self._patience = timeout, patience
        self._calls_or_none: Calls | None = None

    async def __aenter__(self) -> Self:
        self._calls_or_none = Calls(self._transport(), self._patience)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        calls, self._calls_or_none = self._calls_or_none, None
        if calls is not None:
            await calls.transport.close()

    def _transport(self) -> Transport:
        from .over_aiohttp import AiohttpTransport  # noqa: PLC0415 the blocking client has no need of it

        return AiohttpTransport(self._address, self._timeout)

    @property
    def calls(self) -> Calls:
        """Requests of any kind. Raises `LedgerClosed` outside the block."""
        if self._calls_or_none is None:
            raise LedgerClosed
        return self._calls_or_none

    @property
    def url(self) -> str:
        """The address of the service."""
        return self._address.url

    # --- the service ----------------------------------------------------------------------------------------------

    async def status(self) -> m.ServiceStatus:
        """Whether agents can run."""
        return cast("m.ServiceStatus", await self.calls.json("GET", "/status"))

    async def models(self) -> list[m.Model]:
        """The models that agents can use."""
        return cast("list[m.Model]", await self.calls.json("GET", "/models"))

    # --- codebases ------------------------------------------------------------------------------------------------

    def codebase(self, name_or_id: str) -> Codebase:
        """A codebase by its name or id. Nothing is asked of the service yet."""
        return Codebase(self, name_or_id)

    async def codebases(self) -> list[m.ListedCodebase]:
        """All codebases, each with what its agent is doing."""
        return cast("list[m.ListedCodebase]", await self.calls.json("GET", "/codebases"))

    async def register(
        self, path: str, name: str, *, description: str | None = None, agent_config: m.AgentConfig | None = None
    ) -> Codebase:
        """Register the directory at `path`, which is absolute. It has to exist on the machine of the service."""
        body = {"name": name, "path": path, "description": description, "agent_config": agent_config}
        answer = cast("m.Registered", await self.calls.json("POST", "/codebases", body))
        return Codebase(self, answer["codebase"]["id"])

    async def permissions(
        self, *, status: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> m.AllPermissions:
        """The requests of all codebases that wait for an answer, the nearest deadline first; or the `answered` ones."""
        query = query_of(status=status, limit=limit, offset=offset)
        return cast("m.AllPermissions", await self.calls.json("GET", "/permissions" + query))

    async def search(
        self, words: str, *, codebase: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> m.Found:
        """Prompts, answers, commands and paths that have all these words, newest first. `codebase`: only this one."""
        query = query_of(q=words, codebase=codebase, limit=limit, offset=offset)
        return cast("m.Found", await self.calls.json("GET", f"/search{query}"))

    def overview(
        self,
        after: int | Cursor | None = None,
        *,
        on_trouble: Trouble | None = None,
        patience: float | None = None,
        silence: float = SILENCE,
    ) -> EventStream[m.OverviewEvent]:
        """What each codebase is doing, and every change of that. The parameters are those of `Codebase.events`.

        A codebase comes with its latest state only, so a reader that was away gets no state in between.
        """
        return EventStream(
            self.calls.transport,
            f"{API}/overview/events",
            after,
            numbering="free",
            on_trouble=on_trouble,
            patience=patience,
            silence=silence,
        )

    # --- tasks ----------------------------------------------------------------------------------------------------

    async def tasks(self, *, status: str | None = None, limit: int | None = None, offset: int | None = None) -> m.Tasks:
        """The tasks of all codebases, newest first."""
        return cast(
            "m.Tasks", await self.calls.json("GET", "/tasks" + query_of(status=status, limit=limit, offset=offset))
        )

    async def task(self, task_id: str) -> m.Task:
        """A task with its prompt and result."""
        return cast("m.Task", await self.calls.json("GET", path_of("tasks", task_id)))

    async def change_task(
        self,
        task_id: str,
        *,
        title: str | None = None,
        prompt: str | None = None,
        priority: int | None = None,
        position: Literal["first", "last"] | m.BeforeTask | None = None,
    ) -> m.Task:
        """Change what is given of a task that waits; the task after that."""
        body = {"title": title, "prompt": prompt, "priority": priority, "position": position}
        return cast("m.TaskChanged", await self.calls.json("PATCH", path_of("tasks", task_id), body))["task"]

    async def retry(self, task_id: str) -> m.TaskRetried:
        """Queue a task that has ended once more, as a new task."""
        return cast("m.TaskRetried", await self.calls.json("POST", path_of("tasks", task_id, "retry")))

    async def cancel(self, task_id: str) -> m.Done:
        """Cancel a task. If it runs, its session is stopped."""
        return cast("m.Done", await self.calls.json("POST", path_of("tasks", task_id, "cancel")))

    # --- the log --------------------------------------------------------------------------------------------------

    def events(
        self,
        after: int | Cursor | None = None,
        *,
        on_trouble: Trouble | None = None,
        patience: float | None = None,
        silence: float = SILENCE,
    ) -> EventStream[m.AnyEvent]:
        """The events of all codebases, in the log's order. The parameters are those of `Codebase.events`.

        An event's `id` is its position in the log, and its data also name the codebase.
        """
        return EventStream(
            self.calls.transport,
            f"{API}/events",
            after,
            numbering="contiguous",
            on_trouble=on_trouble,
            patience=patience,
            silence=silence,
        )

    async def checkpoint(self) -> str:
        """The signed note that fixes the log as it is now."""
        return await self._text("/log/checkpoint")

    async def public_key(self) -> str:
        """The key that checkpoints are signed with, as one line."""
        return await self._text("/log/key")

    async def inclusion_proof(self, position: int, size: int | None = None) -> m.InclusionProof:
        """The proof that the event at `position` is in the log of `size` events."""
        query = query_of(position=position, size=size)
        return cast("m.InclusionProof", await self.calls.json("GET", "/log/proofs/inclusion" + query))

    async def consistency_proof(self, smaller: int, larger: int | None = None) -> m.ConsistencyProof:
        """The proof that the log of `larger` events begins with that of `smaller` events."""
        query = query_of(**{"from": smaller, "to": larger})
        return cast("m.ConsistencyProof", await self.calls.json("GET", "/log/proofs/consistency" + query))

    async def request(self, method: str, path: str, body: dict[str, object] | None = None) -> object:
        """Any other request that is answered with JSON. `path` begins after `/v1/opencode`."""
        return await self.calls.json(method, path, body)

    async def _text(self, path: str) -> str:
        return (await self.calls.request(request_of("GET", API + path))).body.decode()
