"""Codebases and their overviews as JSON. No I/O."""

import orjson

from ...domain.ids import CodebaseId
from ...projections.views.codebases import Codebase
from ...projections.views.overviews import Overview


def listed(codebase: Codebase) -> dict[str, object]:
    """A codebase as the list shows it, without its overview."""
    return {
        "id": codebase.id,
        "name": codebase.name,
        "path": codebase.path,
        "description": codebase.description,
        "created_at": codebase.created_at,
        "worker_id": codebase.worker_id,
        "registered_by": codebase.registered_by,
    }


def shown(overview: Overview) -> dict[str, object]:
    """An overview."""
    session = overview.session
    last = session and {
        "id": session.id,
        "prompt": session.prompt,
        "status": session.status,
        "started_at": session.started_at,
    }
    return {
        "state": overview.state,
        "since": overview.since,
        "reason": overview.reason,
        "says": overview.says,
        "queued": overview.queued,
        "waiting": overview.waiting,
        "session": last,
        "tokens": overview.tokens,
        "cost": overview.cost,
        "cost_today": overview.cost_today,
    }


def with_overview(codebase: bytes, overview: bytes) -> bytes:
    """A codebase's JSON with its overview as one more member."""
    return b'%b,"overview":%b}' % (codebase[:-1], overview)


def frame(position: int, codebase: CodebaseId, name: str, overview: bytes | None) -> bytes:
    """The event of an overview as a subscriber reads it. `overview`: None for a deleted codebase."""
    named = orjson.dumps({"id": codebase, "name": name})
    return b'id: %d\nevent: overview\ndata: {"codebase":%b,"overview":%b}\n\n' % (position, named, overview or b"null")
