"""The aiohttp application: the route table, behind the checks that every request passes."""

from aiohttp import web
from aiohttp.typedefs import Handler

from .bodies import MAX_BODY
from .clients import Pace
from .errors import errors
from .routes import ROUTES
from .security import Access, gatekeeper
from .service import SERVICE, Service, ServiceHandler
from .tokens import Tokens


def make_app(service: Service, tokens: Tokens | None) -> web.Application:
    """An application that serves `service`; `tokens` None lets everyone in who passes the Host and Origin checks."""
    access: dict[web.AbstractRoute, Access] = {}
    gate = gatekeeper(service.settings, tokens, access, Pace(service.clock))
    app = web.Application(middlewares=[errors, gate], client_max_size=MAX_BODY)
    app[SERVICE] = service
    for route in ROUTES:
        added = app.router.add_route(route.method, route.path, _bound(service, route.handler))
        access[added] = route.access
    return app


def _bound(service: Service, handler: ServiceHandler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(service, request)

    return handle
