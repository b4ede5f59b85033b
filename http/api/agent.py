"""The agent of a codebase: trigger, message, interrupt, stop, status, events."""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence as Many

from aiohttp import web

from ...domain import events as e
from ...domain.codebase import commands as c
from ...domain.errors import CodebaseNotFound, UnknownModel
from ...projections.views.codebases import Codebase
from ..streams.fence import Fence
from ..web.answers import json_answer
from ..web.bodies import read_body
from ..web.parameters import AT
from ..web.principal import limit_of
from .execute import execute, the, with_message
from .paths import files_inside
from .queue_status import queue_status
from .request_bodies import NoBody, SendMessage, TriggerAgent
from .service import Service


async def trigger_agent(service: Service, request: web.Request) -> web.Response:
    """Start a session. The response comes as soon as the session is in the log, before the agent's process runs."""
    codebase = await service.codebase(request)
    body = await read_body(request, TriggerAgent)
    await service.usable_model(body.model, codebase.agent_config)
    files = await asyncio.to_thread(files_inside, codebase.path, body.files, service.settings)
    await service.usable_agent(codebase)
    trigger = c.Trigger(
        session_id=service.ids.session(),
        task_id=service.ids.task(),
        message_id=service.ids.message(),
        prompt=body.prompt,
        agent=body.agent,
        model=body.model,
        files=files,
        metadata=body.metadata,
    )

    def started(events: Many[e.Event]) -> Mapping[str, e.Json]:
        waiting = the(e.SessionStarted, events).waiting
        happened = "Agent is waiting for a free slot on" if waiting else "Agent started on"
        return {
            "success": True,
            "session_id": trigger.session_id,
            "task_id": trigger.task_id,
            "status": "pending" if waiting else "running",
            "message": f"{happened} codebase {codebase.name}",
        }

    return await execute(service, request, codebase.id, trigger, started)


async def send_message(service: Service, request: web.Request) -> web.Response:
    """Send a message to the running session, or resume an interrupted one."""
    codebase = await service.codebase(request)
    body = await read_body(request, SendMessage)
    await service.usable_model(body.model, codebase.agent_config)
    if body.model is None:
        await _check_own_model(service, codebase)
    await service.usable_agent(codebase)
    message = c.SendMessage(message_id=service.ids.message(), content=body.message, agent=body.agent, model=body.model)
    return await execute(service, request, codebase.id, message, with_message("Message sent to agent"))


async def _check_own_model(service: Service, codebase: Codebase) -> None:
    """Raise `UnknownModel` if an interrupted session would resume with a model that no longer exists."""
    agent = await service.projections.views.agents.get(codebase.id)
    if agent is None or agent.status != "interrupted":
        return
    try:
        await service.usable_model(agent.model, codebase.agent_config)
    except UnknownModel as error:
        raise UnknownModel(f"The session's model no longer exists; name another as `model`. {error.message}") from None


async def interrupt_agent(service: Service, request: web.Request) -> web.Response:
    """Interrupt the agent's work and keep the session.

    The response comes when all commands of the interrupted tool calls have ended.
    """
    codebase = await service.codebase(request)
    await read_body(request, NoBody)
    return await execute(service, request, codebase.id, c.Interrupt(), with_message("Interrupt signal sent"))


async def stop_agent(service: Service, request: web.Request) -> web.Response:
    """End the session. The response comes when no process of the agent is left."""
    codebase = await service.codebase(request)
    await read_body(request, NoBody)
    return await execute(service, request, codebase.id, c.Stop(), with_message("Agent stopped"))


async def agent_status(service: Service, request: web.Request) -> web.Response:
    """What the agent is doing now."""
    codebase, views = await service.views_then(request)
    agent = await views.agents.get(codebase)
    if agent is None:
        raise CodebaseNotFound
    now = AT.given(request) is None
    queue = queue_status(
        agent,
        service.supervisor.next_try(codebase) if now else None,
        crowded=now and service.slots.is_awaited_by(codebase),
    )
    return json_answer(
        {
            "codebase_id": codebase,
            "status": agent.status,
            "session_id": agent.session_id,
            "current_task": agent.current_task,
            "started_at": agent.started_at,
            "model": agent.model,
            "queue": queue,
        }
    )


async def agent_events(service: Service, request: web.Request) -> web.StreamResponse:
    """Stream a codebase's events: first a replay from the log, then live.

    Without `Last-Event-ID`, the stream starts with the running or interrupted session, or else with the next event.
    """
    codebase = await service.codebase_id(request)
    fence = Fence(codebase, limit_of(request), await service.store.stream_head(codebase))
    with service.streams.fenced(fence):
        # Looked up once more: it may have got another name before the fence was up.
        await service.codebase(request)
        with service.admission.admitted(request):
            return await service.streams.codebase_events(request, codebase, fence)
