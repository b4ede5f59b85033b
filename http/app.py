"""The aiohttp application: the route table, behind the checks that every request passes."""

from aiohttp import web
from aiohttp.typedefs import Handler

from .bodies import MAX_BODY
from .errors import errors
from .routes import ROUTES
from .security import gatekeeper
from .service import SERVICE, Service, ServiceHandler


def make_app(service: Service, token: str | None) -> web.Application:
    """An application that serves `service`; `token` None lets everyone in who passes the Host and Origin checks."""
    app = web.Application(middlewares=[errors, gatekeeper(service.settings, token)], client_max_size=MAX_BODY)
    app[SERVICE] = service
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _bound(service, route.handler))
    return app


def _bound(service: Service, handler: ServiceHandler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(service, request)

    return handle
