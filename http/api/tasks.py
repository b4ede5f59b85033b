"""Tasks: queue, list, get, change, repeat, cancel."""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import replace
from typing import Final, Literal, get_args

from aiohttp import web

from ...domain.codebase import commands
from ...domain.codebase.commands import Before, CancelTask, CreateTask, End
from ...domain.erasure.tombstones import MARK as ERASED
from ...domain.errors import CodebaseNotFound, InvalidInput, TaskErased, TaskNotEnded, TaskNotFound
from ...domain.events import CodebaseRegistered, Event, Json, TaskCreated
from ...domain.ids import CodebaseId, TaskId
from ...projections.views.codebases import Codebase
from ...projections.views.page import Only
from ...projections.views.tasks import Task, TaskStatus
from ...projections.views.views import Views
from ..web.answers import json_answer
from ..web.bodies import read_body
from ..web.pagination import part_of
from ..web.parameters import ORDER, STATUS, TaskOrder
from .execute import execute, the, with_message
from .paths import files_inside
from .request_bodies import BeforeTask, ChangeTask, NewTask, NoBody
from .service import Service

STATUSES: Final[tuple[TaskStatus, ...]] = get_args(TaskStatus)
ORDERS: Final[tuple[TaskOrder, ...]] = get_args(TaskOrder)
ENDED: Final = frozenset({"completed", "failed", "cancelled"})


async def create_task(service: Service, request: web.Request) -> web.Response:
    """Queue a task. It starts when the agent is free. `held` says what keeps it from starting, where that is known."""
    codebase, registered = await service.codebase_id(request), await service.registered(request)
    body = await read_body(request, NewTask)
    await service.usable_model(body.model, registered.agent_config)
    return await _queue(service, request, registered, codebase, await _command(service, registered, body))


async def retry_task(service: Service, request: web.Request) -> web.Response:
    """Queue an ended task once more: a new task with the same title, prompt, agent, model, priority, files and metadata.

    An interrupted task has not ended: a message resumes it.
    """
    old = await named_task(service, request)
    await read_body(request, NoBody)
    if old.status not in ENDED:
        raise TaskNotEnded
    if old.prompt == ERASED:
        raise TaskErased
    registered = await (await service.current_views()).codebases.get(old.codebase_id)
    if registered is None:
        raise CodebaseNotFound
    await service.usable_model(old.model, registered.agent_config)
    command = replace(await _command(service, registered, old), retry_of=old.id)
    return await _queue(service, request, registered, old.codebase_id, command)


async def _command(service: Service, registered: CodebaseRegistered | Codebase, asked: NewTask | Task) -> CreateTask:
    """What creates a task like this one, with an id of its own. Raises `InvalidInput` as `files_inside` does."""
    files = await asyncio.to_thread(files_inside, registered.path, asked.files, service.settings) if asked.files else ()
    return CreateTask(
        task_id=service.ids.task(),
        title=asked.title,
        prompt=asked.prompt,
        agent=asked.agent_type,
        model=asked.model,
        priority=asked.priority,
        files=files,
        metadata=asked.metadata,
    )


async def _queue(
    service: Service,
    request: web.Request,
    registered: CodebaseRegistered | Codebase,
    codebase: CodebaseId,
    command: CreateTask,
) -> web.Response:
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
        again: dict[str, Json] = {"retry_of": task.retry_of} if task.retry_of else {}
        held: dict[str, Json] = {"held": {"code": hindrance.code, "message": hindrance.message}} if hindrance else {}
        return {"success": True, "task": {**shown, **again}, **held}

    return await execute(service, request, codebase, command, created)


async def change_task(service: Service, request: web.Request) -> web.Response:
    """Change a waiting task's title, prompt, priority or position in the queue. Omitted members stay as they are."""
    task = await named_task(service, request)
    body = await read_body(request, ChangeTask)
    if body == ChangeTask():
        raise InvalidInput("There is nothing to change: send `title`, `prompt`, `priority` or `position`.")
    command = commands.ChangeTask(
        task_id=task.id, title=body.title, prompt=body.prompt, priority=body.priority, place=_place(body.position)
    )
    await execute(service, request, task.codebase_id, command, with_message("Task changed"))
    return json_answer({"success": True, "task": await _whole(service, request)})


def _place(position: Literal["first", "last"] | BeforeTask | None) -> End | Before | None:
    if position is None:
        return None
    return Before(TaskId(position.before)) if isinstance(position, BeforeTask) else End(position)


async def list_tasks(service: Service, request: web.Request) -> web.Response:
    """The tasks of all codebases, newest first."""
    return await _page(await service.current_views(), request, None, await service.allowed(request))


async def list_codebase_tasks(service: Service, request: web.Request) -> web.Response:
    """The tasks of one codebase, newest first. With `order=queue`, those that wait, the next to start first."""
    codebase, views = await service.views_then(request)
    if ORDER.chosen(request, ORDERS) == "queue":
        return await _queued(views, request, codebase)
    return await _page(views, request, codebase)


async def get_task(service: Service, request: web.Request) -> web.Response:
    """One task with its prompt, session and result."""
    return json_answer(await _whole(service, request))


async def cancel_task(service: Service, request: web.Request) -> web.Response:
    """Remove a task from the queue, or stop the session that works on it."""
    task = await named_task(service, request)
    await read_body(request, NoBody)
    return await execute(
        service, request, task.codebase_id, CancelTask(task_id=task.id), with_message("Task cancelled")
    )


async def named_task(service: Service, request: web.Request) -> Task:
    """The task that the request's path names. Raises `TaskNotFound`, also for one that the request's token may not see."""
    views = await service.current_views()
    task, allowed = await views.tasks.get(TaskId(request.match_info["task_id"])), await service.allowed(request)
    if task is None or (allowed is not None and task.codebase_id not in allowed):
        raise TaskNotFound
    return task


async def _whole(service: Service, request: web.Request) -> dict[str, object]:
    """All of the task that the request's path names, as it is now."""
    task = await named_task(service, request)
    place = await service.projections.views.tasks.place(task)
    return _pick(task, WHOLE) | ({"place": place} if place else {})


async def _queued(views: Views, request: web.Request, codebase: CodebaseId) -> web.Response:
    part = part_of(request)
    if _status(request) not in (None, "pending"):
        raise InvalidInput("Only `pending` tasks are in the queue: send `order=queue` without another `status`.")
    page = await views.tasks.queue(codebase, part.limit, part.offset)
    tasks = [_pick(task, LISTED) | {"place": place} for place, task in enumerate(page.rows, part.offset + 1)]
    return json_answer({"tasks": tasks, "total": page.total, "limit": part.limit, "offset": part.offset})


async def _page(views: Views, request: web.Request, codebase: CodebaseId | None, only: Only = None) -> web.Response:
    part, status = part_of(request), _status(request)
    page = await views.tasks.page(codebase, status, part.limit, part.offset, only=only)
    tasks = [_pick(task, LISTED) for task in page.rows]
    return json_answer({"tasks": tasks, "total": page.total, "limit": part.limit, "offset": part.offset})


def _status(request: web.Request) -> TaskStatus | None:
    return STATUS.chosen(request, STATUSES)


CREATED: Final = ("id", "codebase_id", "title", "status", "priority", "created_at")
LISTED: Final = (*CREATED, "agent_type", "session_id", "started_at", "completed_at", "reason", "retry_of", "by", "via")
WHOLE: Final = (*LISTED, "prompt", "model", "metadata", "result", "error", "code")
ALWAYS: Final = frozenset(CREATED)


def _pick(task: Task, names: tuple[str, ...]) -> dict[str, object]:
    """The task's members by name; those that it doesn't have (yet) are left out."""
    return {name: value for name in names if (value := getattr(task, name)) is not None or name in ALWAYS}
