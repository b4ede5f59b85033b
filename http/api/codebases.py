"""Codebases: register, list, get, change, delete."""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence as Many

from aiohttp import web

from ...domain.codebase import commands as c
from ...domain.codebase.commands import Delete, Register
from ...domain.errors import InvalidInput
from ...domain.events import CodebaseRegistered, Event, Json
from ...projections.views.codebases import Codebase
from ..web.answers import json_answer
from ..web.bodies import read_body
from .execute import execute, the, with_message
from .paths import real_directory
from .request_bodies import AgentConfig, ChangeCodebase, NoBody, RegisterCodebase
from .service import Service


async def list_codebases(service: Service, request: web.Request) -> web.Response:
    """All registered codebases, in the order of their registration."""
    views = await service.current_views()
    return json_answer([_listed(codebase) for codebase in await views.codebases.all(await service.allowed(request))])


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
    """One codebase with its agent's configuration."""
    return json_answer(_whole(await service.codebase(request)))


async def change_codebase(service: Service, request: web.Request) -> web.Response:
    """Change a codebase's name, description or agent configuration. Omitted members stay as they are.

    The change is recorded. `default_model` and `trusted` take effect at the next run, `auto_approve` at the next request of
    the agent. Tasks that waited because the codebase wasn't trusted start when it is.
    """
    codebase = await service.codebase(request)
    body = await read_body(request, ChangeCodebase)
    if body.name is None and body.description is None and body.agent_config is None:
        raise InvalidInput("There is nothing to change: send `name`, `description` or `agent_config`.")
    given = body.agent_config.model_dump(exclude_unset=True) if body.agent_config else {}
    await service.usable_model(given.get("default_model"), {**codebase.agent_config, **given})
    command = c.ChangeCodebase(name=body.name, description=body.description, agent_config=given)
    await execute(service, request, codebase.id, command, with_message("Codebase changed"))
    return json_answer({"success": True, "codebase": _whole(await service.codebase(request))})


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


def _whole(codebase: Codebase) -> dict[str, object]:
    return {**_listed(codebase), "agent_config": codebase.agent_config, "last_activity": codebase.last_activity}


def _listed(codebase: Codebase) -> dict[str, object]:
    return {
        "id": codebase.id,
        "name": codebase.name,
        "path": codebase.path,
        "description": codebase.description,
        "created_at": codebase.created_at,
        "worker_id": codebase.worker_id,
    }
