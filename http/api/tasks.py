"""Tasks: queue, list, get, cancel."""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Final, get_args

from aiohttp import web

from ...domain.codebase.commands import CancelTask, CreateTask
from ...domain.errors import InvalidInput, TaskNotFound
from ...domain.events import Event, Json, TaskCreated
from ...domain.ids import CodebaseId, TaskId
from ...projections.views.tasks import Task, TaskStatus
from ...projections.views.views import Views
from ..web.answers import json_answer
from ..web.bodies import read_body
from ..web.pagination import part_of
from ..web.parameters import STATUS
from .execute import execute, the, with_message
from .paths import files_inside
from .request_bodies import NewTask, NoBody
from .service import Service

STATUSES: Final[tuple[TaskStatus, ...]] = get_args(TaskStatus)


async def create_task(service: Service, request: web.Request) -> web.Response:
    """Queue a task. It starts when the agent is free. `held` says what keeps it from starting, where that is known."""
    codebase, registered = await service.codebase_id(request), await service.registered(request)
    body = await read_body(request, NewTask)
    await service.usable_model(body.model, registered.agent_config)
    command = CreateTask(
        task_id=service.ids.task(),
        title=body.title,
        prompt=body.prompt,
        agent=body.agent_type,
        model=body.model,
        priority=body.priority,
        files=await asyncio.to_thread(files_inside, registered.path, body.files, service.settings)
        if body.files
        else (),
        metadata=body.metadata,
    )

    hindrance = await service.hindrance(registered)

    def created(events: Many[Event]) -> Mapping[str, Json]:
        task = the(TaskCreated, events)
        shown: dict[str, Json] = {
            "id": task.task_id,
            "codebase_id": codebase,
            "title": task.title,
            "status": task.status,
            "priority": task.priority,
            "created_at": task.timestamp,
        }
        held: dict[str, Json] = {"held": {"code": hindrance.code, "message": hindrance.message}} if hindrance else {}
        return {"success": True, "task": shown, **held}

    return await execute(service, request, codebase, command, created)


async def list_tasks(service: Service, request: web.Request) -> web.Response:
    """The tasks of all codebases, newest first."""
    return await _page(await service.current_views(), request, None)


async def list_codebase_tasks(service: Service, request: web.Request) -> web.Response:
    """The tasks of one codebase, newest first."""
    codebase, views = await service.views_then(request)
    return await _page(views, request, codebase)


async def get_task(service: Service, request: web.Request) -> web.Response:
    """One task with its prompt, session and result."""
    return json_answer(_pick(await _task(service, request), WHOLE))


async def cancel_task(service: Service, request: web.Request) -> web.Response:
    """Remove a task from the queue, or stop the session that works on it."""
    task = await _task(service, request)
    await read_body(request, NoBody)
    return await execute(
        service, request, task.codebase_id, CancelTask(task_id=task.id), with_message("Task cancelled")
    )


async def _task(service: Service, request: web.Request) -> Task:
    views = await service.current_views()
    task = await views.tasks.get(TaskId(request.match_info["task_id"]))
    if task is None:
        raise TaskNotFound
    return task


async def _page(views: Views, request: web.Request, codebase: CodebaseId | None) -> web.Response:
    part, status = part_of(request), _status(request)
    page = await views.tasks.page(codebase, status, part.limit, part.offset)
    tasks = [_pick(task, LISTED) for task in page.rows]
    return json_answer({"tasks": tasks, "total": page.total, "limit": part.limit, "offset": part.offset})


def _status(request: web.Request) -> TaskStatus | None:
    given = STATUS.given(request)
    if given is None:
        return None
    for status in STATUSES:
        if given == status:
            return status
    raise InvalidInput(f"Query parameter `status` must be one of {', '.join(STATUSES)}.")


CREATED: Final = ("id", "codebase_id", "title", "status", "priority", "created_at")
LISTED: Final = (*CREATED, "agent_type", "session_id", "started_at", "completed_at", "reason")
WHOLE: Final = (*LISTED, "prompt", "model", "metadata", "result", "error", "code")
ALWAYS: Final = frozenset(CREATED)


def _pick(task: Task, names: tuple[str, ...]) -> dict[str, object]:
    """The task's members by name; those that it doesn't have (yet) are left out."""
    return {name: value for name in names if (value := getattr(task, name)) is not None or name in ALWAYS}
