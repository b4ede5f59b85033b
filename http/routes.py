"""The route table: every address of the API as data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import BaseModel

from ..domain import errors as d
from ..domain.codebase import commands as c
from ..domain.codebase.lifecycle_rules import Phase, Verb, outcome
from .api import (
    agent,
    codebases,
    history,
    outputs,
    permissions,
    proofs,
    responses,
    scrape,
    sessions,
    status,
    tasks,
)
from .api.paths import DirectoryGone
from .api.request_bodies import (
    ChangeCodebase,
    NewTask,
    NoBody,
    RegisterCodebase,
    ReplyPermission,
    RequestBody,
    SendMessage,
    TriggerAgent,
)
from .api.service import ServiceHandler
from .pages import dashboard, docs
from .streams.cursor import CursorAhead, SessionNotFound
from .streams.sse import BadCursor
from .web import parameters
from .web.errors import RangeNotThere, TooManyRequests
from .web.security import Access

API = "/v1/opencode"
CODEBASE = f"{API}/codebases/{{codebase_id}}"


Errors = tuple[type[d.LedgerError], ...]


@dataclass(frozen=True)
class Media:
    """A response that isn't JSON. `also`: other media types, sent to a client that asks for one of them."""

    type: str
    description: str
    also: tuple[str, ...] = ()


EVENTS: Final = Media("text/event-stream", "Server-sent events. Each has `id`, `event` and `data`.")
NOTE: Final = Media("text/plain", "A C2SP signed note.")
TEXT: Final = Media("text/plain", "One line of text.")
BYTES: Final = Media("application/octet-stream", "As in C2SP tlog-tiles.")
LINES: Final = Media("application/jsonl", "One line for the manifest, each event, and the proof.", (BYTES.type,))
OUTPUTS: Final = Media(
    "application/jsonl", "One line for each output, followed by lines with its text in pieces.", (BYTES.type,)
)
PRINTED: Final = Media("text/plain", "The tool's output.")
NUMBERS: Final = Media("text/plain", "Metrics in the Prometheus text format.")
PAGE: Final = Media("text/html", "A page for people.")
ASSET: Final = Media("*/*", "A file of a page.")
FOR_PEOPLE: Final = (PAGE, ASSET)
"""Responses that only a browser needs. The OpenAPI document leaves them out."""

DOCUMENT: Final = Media("application/json", "An OpenAPI 3.1 document.")


@dataclass(frozen=True)
class Route:
    """One address, one method, one handler, and the shapes of its request and response.

    `query`: its parameters. `also`: responses with other statuses than 200 that are no errors. `errors`: the errors that
    only this route has (see `faults` for the others). `needs`: the access it requires, if not the default of its method.
    `of_views`: its JSON response depends only on the address and the log.
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    handler: ServiceHandler
    answer: type[BaseModel] | Media
    body: type[RequestBody] | None = None
    query: tuple[parameters.Parameter, ...] = ()
    also: Mapping[int, type[BaseModel] | None] = field(default_factory=dict[int, "type[BaseModel] | None"])
    errors: Errors = ()
    needs: Access | None = None
    of_views: bool = False

    @property
    def has_head(self) -> bool:
        """Whether HEAD works too. Not for responses that are streamed: their headers aren't known before the body."""
        return self.method == "GET" and self.answer not in (EVENTS, LINES, OUTPUTS, PRINTED)

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that it serves: its own, and HEAD where that works too."""
        return (self.method, "HEAD") if self.has_head else (self.method,)

    @property
    def address(self) -> str:
        """Its path without the patterns of its parameters, as OpenAPI writes it."""
        return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", self.path)

    @property
    def access(self) -> Access:
        """The access that a caller needs: by default the scope `read` for GET, and `operate` for all other methods."""
        return self.needs or ("read" if self.method == "GET" else "operate")


def _refusals(verb: Verb) -> Errors:
    """The errors with which the life cycle refuses a command."""
    return tuple(dict.fromkeys(end for phase in Phase if not isinstance(end := outcome(phase, verb), Phase)))


PROGRAM: Final[Errors] = (d.PathOutsideRoots, d.DirectoryHoldsData, DirectoryGone, d.AgentUnavailable)
"""Errors when opencode can't be used in a codebase."""

AGENT: Final[Errors] = (*PROGRAM, d.ProjectConfigUntrusted, d.UnknownModel)
"""Errors when an agent can't work on a codebase."""

STREAM: Final[Errors] = (BadCursor, CursorAhead, TooManyRequests)
"""Errors when an event stream can't begin."""

ROUTES: Final = (
    Route("GET", f"{API}/status", status.service_status, responses.ServiceStatus),
    Route("GET", f"{API}/models", status.list_models, responses.Models, errors=(d.AgentUnavailable,)),
    Route("GET", f"{API}/codebases", codebases.list_codebases, responses.Codebases, of_views=True),
    Route(
        "POST",
        f"{API}/codebases",
        codebases.register_codebase,
        responses.Registered,
        RegisterCodebase,
        errors=(d.AlreadyRegistered, d.PathOutsideRoots, d.DirectoryHoldsData, d.UnknownModel, d.CodebaseNotFound),
    ),
    Route("GET", CODEBASE, codebases.get_codebase, responses.Codebase, of_views=True),
    Route(
        "PATCH",
        CODEBASE,
        codebases.change_codebase,
        responses.Changed,
        ChangeCodebase,
        errors=(d.UnknownModel, d.AgentStopping),
    ),
    Route("DELETE", CODEBASE, codebases.delete_codebase, responses.Done, NoBody, errors=_refusals(c.Delete)),
    Route(
        "POST",
        f"{CODEBASE}/trigger",
        agent.trigger_agent,
        responses.Triggered,
        TriggerAgent,
        errors=(*_refusals(c.Trigger), *AGENT),
    ),
    Route(
        "POST",
        f"{CODEBASE}/message",
        agent.send_message,
        responses.Done,
        SendMessage,
        errors=(*_refusals(c.SendMessage), *AGENT),
    ),
    Route(
        "POST", f"{CODEBASE}/interrupt", agent.interrupt_agent, responses.Done, NoBody, errors=_refusals(c.Interrupt)
    ),
    Route("POST", f"{CODEBASE}/stop", agent.stop_agent, responses.Done, NoBody, errors=_refusals(c.Stop)),
    Route(
        "GET", f"{CODEBASE}/status", agent.agent_status, responses.AgentStatus, query=(parameters.AT,), of_views=True
    ),
    Route(
        "GET",
        f"{CODEBASE}/permissions",
        permissions.list_permissions,
        responses.Permissions,
        query=parameters.PAGE,
        of_views=True,
    ),
    Route(
        "POST",
        f"{CODEBASE}/permissions/{{permission_id}}",
        permissions.reply_permission,
        responses.Done,
        ReplyPermission,
        errors=(d.AgentStopping, d.PermissionAnswered, d.PermissionExpired, d.PermissionWithdrawn),
    ),
    Route(
        "GET",
        f"{CODEBASE}/events",
        agent.agent_events,
        EVENTS,
        query=parameters.STREAM,
        also={204: None},
        errors=(*STREAM, SessionNotFound),
    ),
    Route(
        "GET",
        f"{CODEBASE}/sessions",
        sessions.list_sessions,
        responses.Sessions,
        query=(*parameters.PAGE, parameters.AT),
        of_views=True,
    ),
    Route(
        "POST",
        f"{CODEBASE}/sessions/sync",
        sessions.sync_sessions,
        responses.Synced,
        NoBody,
        errors=(*PROGRAM, d.AgentStopping),
    ),
    Route(
        "GET",
        f"{CODEBASE}/messages",
        sessions.session_messages,
        responses.Messages,
        query=(parameters.SESSION, parameters.MOST_MESSAGES, parameters.OFFSET, parameters.AT),
        errors=(SessionNotFound,),
    ),
    Route(
        "GET",
        f"{CODEBASE}/outputs/{{output_id}}",
        outputs.tool_output,
        PRINTED,
        query=(parameters.RANGE,),
        also={206: None},
        errors=(RangeNotThere, d.StoreError),
    ),
    Route(
        "POST",
        f"{CODEBASE}/tasks",
        tasks.create_task,
        responses.TaskCreated,
        NewTask,
        errors=(d.UnknownModel, d.AgentStopping),
    ),
    Route(
        "GET",
        f"{CODEBASE}/tasks",
        tasks.list_codebase_tasks,
        responses.Tasks,
        query=(parameters.STATUS, *parameters.PAGE, parameters.AT),
        of_views=True,
    ),
    Route(
        "GET",
        f"{API}/tasks",
        tasks.list_tasks,
        responses.Tasks,
        query=(parameters.STATUS, *parameters.PAGE),
        of_views=True,
    ),
    Route("GET", f"{API}/tasks/{{task_id}}", tasks.get_task, responses.Task, of_views=True),
    Route(
        "POST",
        f"{API}/tasks/{{task_id}}/cancel",
        tasks.cancel_task,
        responses.Done,
        NoBody,
        errors=(d.TaskEnded, d.AgentStopping, d.CodebaseNotFound),
    ),
    Route(
        "GET",
        f"{API}/events",
        history.all_events,
        EVENTS,
        query=parameters.WHOLE_STREAM,
        errors=STREAM,
        needs="audit",
    ),
    Route(
        "GET",
        f"{CODEBASE}/log",
        history.log_page,
        responses.LogPage,
        query=(parameters.AFTER, parameters.LOG_LIMIT),
        needs="audit",
    ),
    Route("GET", f"{CODEBASE}/log/export", history.log_export, LINES, needs="audit"),
    Route(
        "GET",
        f"{CODEBASE}/log/outputs",
        outputs.log_outputs,
        OUTPUTS,
        query=(parameters.UPTO,),
        errors=(d.StoreError,),
        needs="audit",
    ),
    Route("GET", f"{API}/log/checkpoint", proofs.checkpoint, NOTE, needs="audit"),
    Route("GET", f"{API}/log/key", proofs.public_key, TEXT, needs="audit"),
    Route(
        "GET",
        f"{API}/log/tile/entries/{{tile:.+}}",
        proofs.entries,
        BYTES,
        errors=(proofs.TileNotFound,),
        needs="audit",
    ),
    Route(
        "GET",
        f"{API}/log/tile/{{level:[0-7]}}/{{tile:.+}}",
        proofs.tile,
        BYTES,
        errors=(proofs.TileNotFound,),
        needs="audit",
    ),
    Route(
        "GET",
        f"{API}/log/proofs/inclusion",
        proofs.inclusion_proof,
        responses.InclusionProof,
        query=(parameters.POSITION, parameters.SIZE),
        errors=(proofs.NoProof,),
        needs="audit",
    ),
    Route(
        "GET",
        f"{API}/log/proofs/consistency",
        proofs.consistency_proof,
        responses.ConsistencyProof,
        query=(parameters.FROM, parameters.TO),
        errors=(proofs.NoProof,),
        needs="audit",
    ),
    Route("GET", "/healthz", status.alive, responses.Alive, needs="open"),
    Route("GET", "/readyz", status.ready, responses.Ready, also={503: responses.Ready}),
    Route("GET", "/metrics", scrape.scrape, NUMBERS),
    Route("GET", "/", dashboard.dashboard, PAGE, needs="open"),
    Route(
        "GET",
        "/dashboard/{part}",
        dashboard.dashboard_part,
        ASSET,
        needs="open",
        errors=(dashboard.PartNotFound,),
    ),
    Route("GET", "/openapi.json", docs.openapi_document, DOCUMENT, needs="open"),
    Route("GET", "/docs", docs.docs_page, PAGE, needs="open"),
    Route(
        "GET",
        "/docs/{asset}",
        docs.docs_asset,
        ASSET,
        needs="open",
        errors=(docs.AssetNotFound,),
    ),
)
