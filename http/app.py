"""The aiohttp application: the route table, behind the checks that every request passes."""

from aiohttp import web
from aiohttp.typedefs import Handler

from .bodies import MAX_BODY
from .clients import Pace
from .correlation import correlated, name_in_answer
from .errors import errors
from .idempotency import Repeats
from .routes import ROUTES
from .security import Access, gatekeeper
from .service import SERVICE, Service, ServiceHandler
from .tokens import Tokens


def make_app(service: Service, tokens: Tokens | None) -> web.Application:
    """An application that serves `service`; `tokens` None lets everyone in who passes the Host and Origin checks."""
    access: dict[web.AbstractRoute, Access] = {}
    gate = gatekeeper(service.settings, tokens, access, Pace(service.clock))
    app = web.Application(middlewares=[correlated, errors(service.secrets), gate], client_max_size=MAX_BODY)
    app.on_response_prepare.append(name_in_answer)
    app[SERVICE] = service
    repeats = Repeats(service)
    for route in ROUTES:
        handler = _bound(service, route.handler)
        handler = repeats.once(handler) if route.method == "POST" else handler
        added = app.router.add_route(route.method, route.path, handler)
        access[added] = route.access
    return app


def _bound(service: Service, handler: ServiceHandler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(service, request)

    return handle
