"""Codebases: register, list, get, change, delete."""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence as Many
from functools import partial

from aiohttp import web

from ...domain.codebase import commands as c
from ...domain.codebase.commands import Delete, Register
from ...domain.errors import CodebaseNotFound, InvalidInput
from ...domain.events import CodebaseRegistered, Event, Json
from ..access.limited import TokenLimited
from ..streams.cursor import start_of_overviews
from ..streams.overview_json import listed, shown
from ..web.answers import json_answer, json_bytes_answer
from ..web.bodies import read_body
from ..web.principal import limit_of
from .execute import execute, the, with_message
from .paths import real_directory
from .request_bodies import AgentConfig, ChangeCodebase, NoBody, RegisterCodebase
from .service import Service


async def list_codebases(service: Service, request: web.Request) -> web.Response:
    """All registered codebases, each with an overview, in the order of their registration."""
    await service.current_views()
    return json_bytes_answer(await service.overviews.board.listed(limit_of(request)))


async def register_codebase(service: Service, request: web.Request) -> web.Response:
    """Register a directory. If it is registered already, the 409 names its codebase."""
    body = await read_body(request, RegisterCodebase)
    path = await asyncio.to_thread(real_directory, body.path, service.settings)
    config = body.agent_config or AgentConfig()
    agent_config = config.model_dump(exclude_unset=True, exclude_none=True)
    await service.usable_model(config.default_model, agent_config)
    command = Register(
        codebase_id=service.ids.codebase(),
        name=body.name,
        path=path,
        description=body.description or "",
        worker_id=body.worker_id,
        agent_config=agent_config,
    )
    return await execute(service, request, command.codebase_id, command, _registered)


async def get_codebase(service: Service, request: web.Request) -> web.Response:
    """One codebase with its agent's configuration and an overview."""
    return json_answer(await _whole(service, request))


async def overview_events(service: Service, request: web.Request) -> web.StreamResponse:
    """Stream the overviews of all codebases: first that of each codebase, then every change.

    A slow reader gets the latest overview of each codebase. With `Last-Event-ID`, the stream starts with what changed since.
    The `overview` of a codebase that was deleted is null.
    """
    with service.admission.admitted(request):
        await service.current_views()
        await service.overviews.board.refresh()
        start = start_of_overviews(request, service.store.head)
        return await service.streams.answer(request, start, partial(service.overviews.feed, limit=limit_of(request)))


async def change_codebase(service: Service, request: web.Request) -> web.Response:
    """Change a codebase's name, description or agent configuration. Omitted members stay as they are.

    The change is recorded. `default_model` and `trusted` take effect at the next run, `auto_approve` at the next request of
    the agent. Tasks that waited because the codebase wasn't trusted start when it is.
    """
    codebase = await service.codebase(request)
    body = await read_body(request, ChangeCodebase)
    if body.name is not None and limit_of(request) is not None:
        # The name might be another codebase's, and addresses and tokens that use it would no longer mean only that one.
        raise TokenLimited("This token is limited to some codebases, so it can't rename one; use another token.")
    if body.name is None and body.description is None and body.agent_config is None:
        raise InvalidInput("There is nothing to change: send `name`, `description` or `agent_config`.")
    given = body.agent_config.model_dump(exclude_unset=True) if body.agent_config else {}
    await service.usable_model(given.get("default_model"), {**codebase.agent_config, **given})
    command = c.ChangeCodebase(name=body.name, description=body.description, agent_config=given)
    await execute(service, request, codebase.id, command, with_message("Codebase changed"))
    return json_answer({"success": True, "codebase": await _whole(service, request)})


async def delete_codebase(service: Service, request: web.Request) -> web.Response:
    """Stop the agent, then remove the codebase from all lists. The log keeps its history."""
    await read_body(request, NoBody)
    codebase = await service.codebase_id(request)
    return await execute(service, request, codebase, Delete(), with_message(f"Codebase {codebase} deleted"))


def _registered(events: Many[Event]) -> Mapping[str, Json]:
    registered = the(CodebaseRegistered, events)
    codebase: dict[str, Json] = {
        "id": registered.codebase_id,
        "name": registered.name,
        "path": registered.path,
        "description": registered.description,
        "created_at": registered.timestamp,
    }
    return {"success": True, "codebase": codebase}


async def _whole(service: Service, request: web.Request) -> dict[str, object]:
    """The codebase that the request's path names. Raises `CodebaseNotFound`."""
    codebase_id = await service.codebase_id(request)
    views = await service.current_views()
    found = await views.overviews.get(codebase_id, service.overviews.board.day())
    if found is None or found.overview is None:
        raise CodebaseNotFound
    codebase = found.codebase
    more = {"agent_config": codebase.agent_config, "last_activity": codebase.last_activity}
    return {**listed(codebase), **more, "overview": shown(found.overview)}
