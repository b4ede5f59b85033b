"""The service itself: is it alive, is it ready, and which models can its agents use."""

from typing import Final

from aiohttp import web

from ...domain.errors import StoreError
from ..web.answers import json_answer
from .service import Service

FIRST_ANSWER: Final = 1.0
"""Seconds that a status waits, right after the start, to learn whether opencode can be used."""


async def service_status(service: Service, request: web.Request) -> web.Response:
    """Whether agents can run on this server."""
    views, allowed = await service.current_views(), await service.allowed(request)
    reason = await service.agents.condition(FIRST_ANSWER)
    binary = service.agents.binary
    return json_answer(
        {
            "available": reason is None,
            "message": reason or _with_note("OpenCode integration ready", service.agents.note),
            "opencode_binary": str(binary) if binary else "",
            "registered_codebases": len(await views.codebases.all(allowed))
            if allowed is not None
            else await views.codebases.count(),
            "auto_start": True,
        }
    )


async def list_models(service: Service, request: web.Request) -> web.Response:
    """The models that opencode can use with its current configuration."""
    models = await service.agents.models()
    return json_answer([{"id": m.id, "name": m.name, "provider": m.provider} for m in models])


async def alive(service: Service, request: web.Request) -> web.Response:
    """Whether the process runs and its event loop responds."""
    return json_answer({"status": "ok"})


async def ready(service: Service, request: web.Request) -> web.Response:
    """Whether the log can be written, the views are up to date, and opencode is available. If not: 503."""
    views = await _views_trouble(service)
    reason, trouble = await service.agents.condition(0.0), await service.store.trouble()
    trouble = f"The log can't be written ({trouble})." if trouble else service.tree.trouble
    fine = reason is None and trouble is None and views is None
    body = {
        "status": "ok" if fine else "degraded",
        "position": service.store.head,
        "opencode": reason or _with_note("ok", service.agents.note),
        "log": trouble or "ok",
        "views": views or "ok",
    }
    return json_answer(body, status=200 if fine else 503)


def _with_note(fine: str, note: str | None) -> str:
    return f"{fine}. {note}" if note else fine


async def _views_trouble(service: Service) -> str | None:
    """Why the views don't show what is in the log; None where they do."""
    try:
        await service.current_views()
    except StoreError as error:
        return error.message
    return None
