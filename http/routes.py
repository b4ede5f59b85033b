"""The route table: every address of the API as data."""

from typing import Final

from ..domain import errors as d
from ..domain.codebase import commands as c
from ..domain.codebase.lifecycle_rules import Phase, Verb, outcome
from ..projections.runner import ViewsBehind
from ..projections.search.words import TooManyWords
from ..projections.tree.log_tree import TreeBehind
from .access.limited import TokenLimited
from .api import (
    agent,
    codebases,
    history,
    outputs,
    permissions,
    proofs,
    scrape,
    search,
    sessions,
    status,
    tasks,
)
from .api.paths import DirectoryGone
from .api.request_bodies import (
    ChangeCodebase,
    ChangeTask,
    NewTask,
    NoBody,
    RegisterCodebase,
    ReplyPermission,
    SendMessage,
    TriggerAgent,
)
from .api.shapes import changes as change_shapes
from .api.shapes import permissions as permission_shapes
from .api.shapes import responses
from .api.shapes import search as search_shapes
from .media import BYTES, DIFFERENCE, EVENTS, LINES, NOTE, NUMBERS, OUTPUTS, OVERVIEWS, PRINTED, TEXT
from .page_routes import PAGE_ROUTES
from .route import API, Errors, Route
from .streams.cursor import BadCursor, CursorAhead, SessionNotFound
from .web import parameters
from .web.errors import RangeNotThere, TooManyReads, TooManyRequests

CODEBASE = f"{API}/codebases/{{codebase_id}}"


def _refusals(verb: Verb) -> Errors:
    """The errors with which the life cycle refuses a command."""
    return tuple(dict.fromkeys(end for phase in Phase if not isinstance(end := outcome(phase, verb), Phase)))


PROGRAM: Final[Errors] = (d.PathOutsideRoots, d.DirectoryHoldsData, DirectoryGone, d.AgentUnavailable)
"""Errors when opencode can't be used in a codebase."""

AGENT: Final[Errors] = (*PROGRAM, d.ProjectConfigUntrusted, d.UnknownModel)
"""Errors when an agent can't work on a codebase."""

STREAM: Final[Errors] = (BadCursor, CursorAhead, TooManyRequests)
"""Errors when an event stream can't begin."""

LOG: Final[Errors] = (d.StoreError,)
"""Errors when the log, or a file beside it, can't be read."""

VIEWS: Final[Errors] = (d.StoreError, ViewsBehind)
"""Errors when the views don't show what is in the log."""

TREE: Final[Errors] = (d.StoreError, TreeBehind)
"""Errors when the tree doesn't cover what is in the log."""

EXPORT: Final[Errors] = (*TREE, TooManyReads)
"""Errors when an export can't begin. It is recorded, as other reads with `TooManyReads` are."""

ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", f"{API}/status", status.service_status, responses.ServiceStatus, tag="System", errors=VIEWS),
    Route("GET", f"{API}/models", status.list_models, responses.Models, tag="System", errors=(d.AgentUnavailable,)),
    Route(
        "GET",
        f"{API}/codebases",
        codebases.list_codebases,
        responses.Codebases,
        tag="Codebases",
        views="cached",
    ),
    Route(
        "POST",
        f"{API}/codebases",
        codebases.register_codebase,
        responses.Registered,
        RegisterCodebase,
        tag="Codebases",
        errors=(d.AlreadyRegistered, d.PathOutsideRoots, d.DirectoryHoldsData, d.UnknownModel, d.CodebaseNotFound),
    ),
    Route("GET", CODEBASE, codebases.get_codebase, responses.Codebase, tag="Codebases", views="cached"),
    Route(
        "PATCH",
        CODEBASE,
        codebases.change_codebase,
        responses.Changed,
        ChangeCodebase,
        tag="Codebases",
        errors=(d.UnknownModel, d.AgentStopping, TokenLimited),
    ),
    Route(
        "DELETE",
        CODEBASE,
        codebases.delete_codebase,
        responses.Done,
        NoBody,
        tag="Codebases",
        errors=_refusals(c.Delete),
    ),
    Route(
        "GET",
        f"{API}/overview/events",
        codebases.overview_events,
        OVERVIEWS,
        tag="Codebases",
        query=parameters.WHOLE_STREAM,
        errors=(*STREAM, *VIEWS),
    ),
    Route(
        "POST",
        f"{CODEBASE}/trigger",
        agent.trigger_agent,
        responses.Triggered,
        TriggerAgent,
        tag="Agent",
        errors=(*_refusals(c.Trigger), *AGENT),
    ),
    Route(
        "POST",
        f"{CODEBASE}/message",
        agent.send_message,
        responses.Done,
        SendMessage,
        tag="Agent",
        errors=(*_refusals(c.SendMessage), *AGENT),
    ),
    Route(
        "POST",
        f"{CODEBASE}/interrupt",
        agent.interrupt_agent,
        responses.Done,
        NoBody,
        tag="Agent",
        errors=_refusals(c.Interrupt),
    ),
    Route("POST", f"{CODEBASE}/stop", agent.stop_agent, responses.Done, NoBody, tag="Agent", errors=_refusals(c.Stop)),
    Route(
        "GET",
        f"{CODEBASE}/status",
        agent.agent_status,
        responses.AgentStatus,
        tag="Agent",
        query=(parameters.AT,),
        views="cached",
    ),
    Route(
        "GET",
        f"{CODEBASE}/permissions",
        permissions.list_permissions,
        permission_shapes.Permissions,
        tag="Permissions",
        query=(parameters.PERMISSION_STATUS, *parameters.PAGE),
        views="cached",
    ),
    Route(
        "GET",
        f"{API}/permissions",
        permissions.list_all_permissions,
        permission_shapes.AllPermissions,
        tag="Permissions",
        query=(parameters.PERMISSION_STATUS, *parameters.PAGE),
        views="cached",
    ),
    Route(
        "POST",
        f"{CODEBASE}/permissions/{{permission_id}}",
        permissions.reply_permission,
        responses.Done,
        ReplyPermission,
        tag="Permissions",
        errors=(d.AgentStopping, d.PermissionAnswered, d.PermissionExpired, d.PermissionWithdrawn),
    ),
    Route(
        "GET",
        f"{CODEBASE}/events",
        agent.agent_events,
        EVENTS,
        tag="Agent",
        query=parameters.STREAM,
        also={204: None},
        errors=(*STREAM, *VIEWS, SessionNotFound),
    ),
    Route(
        "GET",
        f"{CODEBASE}/sessions",
        sessions.list_sessions,
        responses.Sessions,
        tag="Sessions",
        query=(*parameters.PAGE, parameters.AT),
        views="cached",
    ),
    Route(
        "POST",
        f"{CODEBASE}/sessions/sync",
        sessions.sync_sessions,
        responses.Synced,
        NoBody,
        tag="Sessions",
        errors=(*PROGRAM, d.AgentStopping),
    ),
    Route(
        "GET",
        f"{CODEBASE}/sessions/{{session_id}}/changes",
        sessions.session_changes,
        change_shapes.ChangedFiles,
        tag="Sessions",
        query=parameters.PAGE,
        errors=(SessionNotFound,),
        views="cached",
    ),
    Route(
        "GET",
        f"{CODEBASE}/sessions/{{session_id}}/changes/diff",
        sessions.session_diff,
        DIFFERENCE,
        tag="Sessions",
        query=(parameters.CHANGED_PATH,),
        errors=(SessionNotFound, d.DiffNotFound),
        views="shown",
    ),
    Route(
        "GET",
        f"{CODEBASE}/messages",
        sessions.session_messages,
        responses.Messages,
        tag="Sessions",
        query=(parameters.SESSION, parameters.MOST_MESSAGES, parameters.OFFSET, parameters.AT),
        errors=(SessionNotFound,),
        views="shown",
    ),
    Route(
        "GET",
        f"{CODEBASE}/outputs/{{output_id}}",
        outputs.tool_output,
        PRINTED,
        tag="Sessions",
        query=(parameters.RANGE,),
        also={206: None},
        errors=(*VIEWS, RangeNotThere),
    ),
    Route(
        "POST",
        f"{CODEBASE}/tasks",
        tasks.create_task,
        responses.TaskCreated,
        NewTask,
        tag="Tasks",
        errors=(d.UnknownModel, d.AgentStopping),
    ),
    Route(
        "GET",
        f"{CODEBASE}/tasks",
        tasks.list_codebase_tasks,
        responses.Tasks,
        tag="Tasks",
        query=(parameters.STATUS, parameters.ORDER, *parameters.PAGE, parameters.AT),
        views="cached",
    ),
    Route(
        "GET",
        f"{API}/tasks",
        tasks.list_tasks,
        responses.Tasks,
        tag="Tasks",
        query=(parameters.STATUS, *parameters.PAGE),
        views="cached",
    ),
    Route("GET", f"{API}/tasks/{{task_id}}", tasks.get_task, responses.Task, tag="Tasks", views="cached"),
    Route(
        "PATCH",
        f"{API}/tasks/{{task_id}}",
        tasks.change_task,
        responses.TaskChanged,
        ChangeTask,
        tag="Tasks",
        errors=(d.TaskNotQueued, d.PlaceNotPossible, d.AgentStopping, d.CodebaseNotFound),
    ),
    Route(
        "POST",
        f"{API}/tasks/{{task_id}}/retry",
        tasks.retry_task,
        responses.TaskRetried,
        NoBody,
        tag="Tasks",
        errors=(d.TaskNotEnded, d.TaskErased, d.UnknownModel, d.AgentStopping, d.CodebaseNotFound),
    ),
    Route(
        "POST",
        f"{API}/tasks/{{task_id}}/cancel",
        tasks.cancel_task,
        responses.Done,
        NoBody,
        tag="Tasks",
        errors=(d.TaskEnded, d.AgentStopping, d.CodebaseNotFound),
    ),
    Route(
        "GET",
        f"{API}/search",
        search.search,
        search_shapes.Found,
        tag="Sessions",
        query=(parameters.WORDS, parameters.ONE_CODEBASE, *parameters.PAGE),
        views="cached",
        errors=(d.CodebaseNotFound, d.CodebaseAmbiguous, TooManyWords),
    ),
    Route(
        "GET",
        f"{API}/events",
        history.all_events,
        EVENTS,
        tag="Audit",
        query=parameters.WHOLE_STREAM,
        errors=(*STREAM, TooManyReads),
        needs="audit",
    ),
    Route(
        "GET",
        f"{CODEBASE}/log",
        history.log_page,
        responses.LogPage,
        tag="Audit",
        query=(parameters.AFTER, parameters.LOG_LIMIT),
        errors=LOG,
        needs="audit",
    ),
    Route("GET", f"{CODEBASE}/log/export", history.log_export, LINES, tag="Audit", errors=EXPORT, needs="audit"),
    Route(
        "GET",
        f"{CODEBASE}/log/outputs",
        outputs.log_outputs,
        OUTPUTS,
        tag="Audit",
        query=(parameters.UPTO,),
        errors=(*LOG, TooManyReads),
        needs="audit",
    ),
    Route("GET", f"{API}/log/checkpoint", proofs.checkpoint, NOTE, tag="Audit", errors=TREE, needs="audit"),
    Route("GET", f"{API}/log/key", proofs.public_key, TEXT, tag="Audit", needs="audit"),
    Route(
        "GET",
        f"{API}/log/tile/entries/{{tile:.+}}",
        proofs.entries,
        BYTES,
        tag="Audit",
        errors=(*LOG, proofs.TileNotFound),
        needs="audit",
    ),
    Route(
        "GET",
        f"{API}/log/tile/{{level:[0-7]}}/{{tile:.+}}",
        proofs.tile,
        BYTES,
        tag="Audit",
        errors=(*LOG, proofs.TileNotFound),
        needs="audit",
    ),
    Route(
        "GET",
        f"{API}/log/proofs/inclusion",
        proofs.inclusion_proof,
        responses.InclusionProof,
        tag="Audit",
        query=(parameters.POSITION, parameters.SIZE),
        errors=(*TREE, proofs.NoProof),
        needs="audit",
    ),
    Route(
        "GET",
        f"{API}/log/proofs/consistency",
        proofs.consistency_proof,
        responses.ConsistencyProof,
        tag="Audit",
        query=(parameters.FROM, parameters.TO),
        errors=(*TREE, proofs.NoProof),
        needs="audit",
    ),
    Route("GET", "/healthz", status.alive, responses.Alive, tag="System", needs="open"),
    Route("GET", "/readyz", status.ready, responses.Ready, tag="System", also={503: responses.Ready}),
    Route("GET", "/metrics", scrape.scrape, NUMBERS, tag="System"),
    *PAGE_ROUTES,
)
