"""Permission requests and questions of agents: the list of those that wait, and the answers."""

from aiohttp import web

from ...domain.codebase import commands as c
from ...domain.errors import (
    Conflict,
    LedgerError,
    PermissionAnswered,
    PermissionExpired,
    PermissionNotFound,
    PermissionWithdrawn,
)
from ...domain.ids import CodebaseId, PermissionId
from ...projections.views.permissions import Permission, Settlement
from ..web.answers import json_answer
from ..web.bodies import read_body
from ..web.pagination import part_of
from ..web.parameters import PERMISSION_STATUS
from .execute import execute, with_message
from .request_bodies import ReplyPermission
from .service import Service


async def list_permissions(service: Service, request: web.Request) -> web.Response:
    """The permission requests and questions that the agent waits for, or those that were answered; newest first.

    Of an answered one, `answered_by` says who did it, and null that the log doesn't say. Its arguments are only in the log.
    """
    codebase, part = await service.codebase(request), part_of(request)
    permissions = service.projections.views.permissions
    if _answered(request):
        found = await permissions.answered(part.limit, part.offset, codebase=codebase.id)
        shown, total = [_shown(permission) for _, _, permission in found.rows], found.total
    else:
        page = await permissions.waiting(codebase.id, part.limit, part.offset)
        shown, total = [_shown(permission) for permission in page.rows], page.total
    return json_answer({"permissions": shown, "total": total, "limit": part.limit, "offset": part.offset})


async def list_all_permissions(service: Service, request: web.Request) -> web.Response:
    """The permission requests and questions of all codebases that wait for an answer, or those that were answered.

    Of those that wait, the nearest deadline comes first; of those that were answered, the newest one.
    """
    views, part = await service.current_views(), part_of(request)
    find = views.permissions.answered if _answered(request) else views.permissions.waiting_everywhere
    page = await find(part.limit, part.offset, only=await service.allowed(request))
    shown = [
        {"codebase": {"id": codebase, "name": name}, **_shown(permission)} for codebase, name, permission in page.rows
    ]
    return json_answer({"permissions": shown, "total": page.total, "limit": part.limit, "offset": part.offset})


def _answered(request: web.Request) -> bool:
    return PERMISSION_STATUS.chosen(request, ("waiting", "answered")) == "answered"


async def reply_permission(service: Service, request: web.Request) -> web.Response:
    """Answer a permission request or a question of the agent."""
    codebase = await service.codebase(request)
    body = await read_body(request, ReplyPermission)
    permission = PermissionId(request.match_info["permission_id"])
    answers = None if body.answers is None else tuple(map(tuple, body.answers))
    reply = c.ReplyPermission(permission_id=permission, reply=body.reply, message=body.message, answers=answers)
    try:
        return await execute(service, request, codebase.id, reply, with_message("Permission answered"))
    except PermissionNotFound as unknown:
        raise await _why_not(service, codebase.id, permission, unknown) from None


async def _why_not(
    service: Service, codebase: CodebaseId, permission: PermissionId, unknown: PermissionNotFound
) -> LedgerError:
    """The error for a request that doesn't wait: it never existed, or it was settled."""
    views = await service.current_views()
    settlement = await views.permissions.settlement(codebase, permission)
    return unknown if settlement is None else _too_late(settlement)


def _too_late(settled: Settlement) -> Conflict:
    match settled.decided_by:
        case "timeout":
            return PermissionExpired(f"Nobody answered in time, so this was rejected at {settled.replied_at}.")
        case "interrupt":
            return PermissionWithdrawn(f"The agent's run ended at {settled.replied_at}, so this can't be answered.")
        case _:
            how = f"{settled.reply}, by {settled.by or settled.decided_by}, at {settled.replied_at}"
            return PermissionAnswered(f"This was already answered: {how}.")


def _shown(permission: Permission) -> dict[str, object]:
    plain: dict[str, object] = {
        "id": permission.id,
        "kind": permission.kind,
        "tool": permission.tool,
        "args": permission.args,
        "patterns": permission.patterns,
        "always": permission.always,
        "session_id": permission.session_id,
        "task_id": permission.task_id,
        "asked_at": permission.asked_at,
        "expires_at": permission.expires_at,
    }
    more = {"call_id": permission.call_id, "subagent": permission.subagent}
    plain |= {name: value for name, value in more.items() if value is not None}
    return plain | _how(permission.settlement)


def _how(settled: Settlement | None) -> dict[str, object]:
    """How a permission or question was settled: null while it waits, and who answered also where the log doesn't say."""
    plain: dict[str, object] = {
        "reply": settled and settled.reply,
        "decided_by": settled and settled.decided_by,
        "answered_at": settled and settled.replied_at,
        "answered_by": settled and settled.by,
    }
    return plain | ({"answered_via": settled.via} if settled and settled.via else {})
