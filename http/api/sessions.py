"""The sessions of a codebase and their messages."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from aiohttp import web

from ...domain.errors import DiffNotFound
from ...domain.events.imported import OutputImported
from ...domain.events.run import FileDiff, ToolResult
from ...domain.events.wire import decode
from ...domain.ids import CodebaseId, Sequence, SessionId
from ...domain.secrets.masker import Secrets
from ...domain.secrets.streams import StreamMasker
from ...projections.story.transcript import Message, ToolCall, Transcript
from ...projections.views.changes import ChangedFile
from ...projections.views.session_queries import Session
from ...projections.views.views import Views
from ..streams.cursor import SessionNotFound
from ..web.answers import json_answer
from ..web.bodies import read_body
from ..web.framing import send_pieces
from ..web.pagination import part_of
from ..web.parameters import CHANGED_PATH, MOST_MESSAGES, OFFSET, SESSION
from .execute import named_request
from .request_bodies import NoBody
from .service import Service

NOT_KEPT = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
PAGE = 1000
"""Events read at once for a transcript."""

STEP: Final = 32_768
"""Characters that are masked at once: nobody else is answered in these few milliseconds."""


async def list_sessions(service: Service, request: web.Request) -> web.Response:
    """A codebase's sessions, newest first."""
    part = part_of(request)
    codebase, views = await service.views_then(request)
    page = await views.sessions.page(codebase, part.limit, part.offset)
    return json_answer(
        {
            "sessions": [_session(session) for session in page.rows],
            "total": page.total,
            "limit": part.limit,
            "offset": part.offset,
        }
    )


async def sync_sessions(service: Service, request: web.Request) -> web.Response:
    """Import sessions that were run with opencode itself in the codebase's directory.

    `synced` counts the sessions that this request imported or updated. A session that can't be imported, or only in part,
    doesn't stop the others: `skipped` counts such sessions, and `message` says why. If a sync was interrupted, repeat it
    (also with the same `Idempotency-Key`): it imports and counts the rest.
    """
    codebase = await service.codebase(request)
    await read_body(request, NoBody)
    await service.usable_program(codebase)
    synced = await service.supervisor.sync(codebase.id, named_request(request, lambda _events: {}))
    sessions = "session" if synced.brought == 1 else "sessions"
    said = f"Synced {synced.brought} {sessions} from OpenCode"
    answer: dict[str, object] = {"success": True, "synced": synced.brought, "message": said}
    if skipped := synced.in_words:
        answer |= {"message": f"{said}; {skipped}", "skipped": sum(synced.passed_over.values())}
    return json_answer(answer)


async def session_changes(service: Service, request: web.Request) -> web.Response:
    """The files that a session changed, the last changed first: by its tools, and by what it ran in a shell."""
    codebase, session = await _its_session(service, request)
    part = part_of(request)
    page = await service.projections.views.changes.page(codebase, session, part.limit, part.offset)
    files = [_file(changed) for changed in page.rows]
    return json_answer({"files": files, "total": page.total, "limit": part.limit, "offset": part.offset})


async def session_diff(service: Service, request: web.Request) -> web.StreamResponse:
    """The unified differences of one file: one for each prompt whose work changed it, in order."""
    codebase, session = await _its_session(service, request)
    path = CHANGED_PATH.given(request) or ""
    if "\0" in path or any("\ud800" <= char <= "\udfff" for char in path):
        raise DiffNotFound
    recorded = _recorded(service, codebase, await service.projections.views.changes.diffs(codebase, session, path))
    first = await anext(recorded, None)
    if first is None:
        raise DiffNotFound
    answer = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8", **NOT_KEPT})
    async with aclosing(service.streams.turns.paced(masked(service.secrets, first, recorded))) as pieces:
        await send_pieces(request, answer, pieces)
    return answer


async def _recorded(service: Service, codebase: CodebaseId, sequences: list[Sequence]) -> AsyncGenerator[str]:
    between = ""
    for sequence in sequences:
        for recorded in await service.store.read_stream(codebase, Sequence(sequence - 1), 1):
            event = decode(recorded)
            if isinstance(event, FileDiff) and event.diff is not None:
                yield between + event.diff
                between = "\n"


async def masked(secrets: Secrets, first: str, more: AsyncIterator[str]) -> AsyncGenerator[bytes]:
    """A text that comes in parts, with its secrets masked as in the whole. The loop is free after each `STEP`."""
    text: str | None = first
    masker = StreamMasker(secrets)
    while text is not None:
        for at in range(0, len(text), STEP):
            yield masker.feed(text[at : at + STEP]).encode()
            await asyncio.sleep(0)
        text = await anext(more, None)
    yield masker.end().encode()


async def _its_session(service: Service, request: web.Request) -> tuple[CodebaseId, SessionId]:
    codebase, session = await service.codebase(request), SessionId(request.match_info["session_id"])
    if await service.projections.views.sessions.get(codebase.id, session) is None:
        raise SessionNotFound
    return codebase.id, session


def _file(changed: ChangedFile) -> dict[str, object]:
    shown: dict[str, object] = {
        "path": changed.path,
        "action": changed.action,
        "additions": changed.additions,
        "deletions": changed.deletions,
        "diff_recorded": changed.reason is None,
    }
    more = {"reason": changed.reason, "path_encoding": changed.path_encoding}
    return shown | {name: value for name, value in more.items() if value is not None}


async def session_messages(service: Service, request: web.Request) -> web.Response:
    """The messages of one session in the order in which they began: all messages, unless `limit` is given.

    `total` is their number. While the session runs, new messages are added only at the end.
    """
    limit = MOST_MESSAGES.of(request) if MOST_MESSAGES.given(request) is not None else None
    offset = OFFSET.of(request)
    codebase, views = await service.views_then(request)
    session = await _named_session(views, request, codebase)
    messages = (await _transcript(service, codebase, session)).messages
    part = messages[offset : None if limit is None else offset + limit]
    return json_answer(
        {
            "messages": [_message(message, codebase, service.secrets) for message in part],
            "total": len(messages),
            "limit": limit,
            "offset": offset,
        }
    )


async def _named_session(views: Views, request: web.Request, codebase: CodebaseId) -> Session:
    session = await views.sessions.get(codebase, SessionId(SESSION.given(request) or ""))
    if session is None:
        raise SessionNotFound
    return session


async def _transcript(service: Service, codebase: CodebaseId, session: Session) -> Transcript:
    transcript, after = Transcript(), Sequence(session.first - 1)
    while page := await service.store.read_stream(codebase, after, PAGE, upto=session.last):
        events = (decode(recorded) for recorded in page)
        transcript.take(event for event in events if event.session_id == session.id)
        after = page[-1].sequence
    return transcript


def _session(session: Session) -> dict[str, object]:
    plain: dict[str, object] = {
        "id": session.id,
        "codebase_id": session.codebase_id,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "status": session.status,
        "model": session.model,
        "prompt": session.prompt,
        "messages_count": session.messages_count,
        "agent": session.agent,
        "task_id": session.task_id,
        "tokens": session.tokens,
        "cost": session.cost,
    }
    more = {"reason": session.reason, "by": session.by, "via": session.via}
    if not session.imported:
        return plain | {name: value for name, value in more.items() if value}
    made: dict[str, object] = {"imported": True, "title": session.title}
    return plain | made | ({"parent_id": session.parent_id} if session.parent_id else {})


def _message(message: Message, codebase: CodebaseId, secrets: Secrets) -> dict[str, object]:
    """The message for clients. It is masked again: a secret may be spread over parts that are joined here."""
    plain: dict[str, object] = {
        "id": message.id,
        "role": message.role,
        "content": secrets.mask(message.content),
        "timestamp": message.timestamp,
    }
    tools = [_tool(call, codebase) for call in message.tools]
    reasoning = secrets.mask(message.reasoning)
    more: dict[str, object] = {"model": message.model, "reasoning": reasoning, "tools": tools}
    more |= {"error": message.error, "imported": message.imported, "by": message.by, "via": message.via}
    return plain | {name: value for name, value in more.items() if value}


def _tool(call: ToolCall, codebase: CodebaseId) -> dict[str, object]:
    plain: dict[str, object] = {
        "tool": call.tool,
        "args": call.args,
        "call_id": call.call_id,
        "status": call.status or "running",
        "output": call.output,
    }
    return plain | ({"whole_output": _whole(call.whole, codebase)} if call.whole else {})


def _whole(ended: ToolResult | OutputImported, codebase: CodebaseId) -> dict[str, object]:
    """How much of a tool's whole output was recorded, and the address to read it from."""
    address = f"/v1/opencode/codebases/{codebase}/outputs/{ended.whole_id}" if ended.whole_id else None
    more = {
        "address": address,
        "bytes": ended.whole_bytes,
        "kept": ended.whole_bytes if ended.whole_id and ended.whole_kept is None else ended.whole_kept or 0,
        "missing": ended.whole_missing,
    }
    return {name: value for name, value in more.items() if value is not None}
