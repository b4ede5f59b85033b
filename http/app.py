"""The aiohttp application: the route table, behind the checks that every request passes."""

import re

from aiohttp import web
from aiohttp.typedefs import Handler

from .api.idempotency import Repeats
from .api.service import SERVICE, Service
from .api.sessions import session_messages
from .routes import API, ROUTES, Route
from .web.bodies import MAX_BODY, expectation
from .web.callers import CallerCheck
from .web.correlation import correlated, named_in_answer
from .web.errors import errors
from .web.parameters import check_known
from .web.position_header import committing, showing
from .web.rate_limit import Pace
from .web.response_cache import RecentAnswers
from .web.security import Access, gatekeeper
from .web.tokens import Tokens


def make_app(service: Service, tokens: Tokens | None) -> web.Application:
    """An application that serves `service`; `tokens` None lets everyone in who passes the Host and Origin checks."""
    access: dict[web.AbstractRoute, Access] = {}
    callers = CallerCheck(service.agents, service.refused_access)
    gate = gatekeeper(service.settings, tokens, access, Pace(service.clock), callers)
    app = web.Application(middlewares=[correlated, errors(service.secrets), gate], client_max_size=MAX_BODY)
    app.on_response_prepare.append(named_in_answer)
    app.on_response_prepare.append(service.metrics.answered)
    app[SERVICE] = service
    repeats, recent = Repeats(service), RecentAnswers(service.current_views, lambda: service.projections.edition)
    # What is asked for most comes first: aiohttp tries addresses that differ in their ends one by one.
    for route in sorted(ROUTES, key=lambda route: not route.of_views):
        handler = _bound(service, route)
        handler = repeats.once(handler) if route.method == "POST" else handler
        handler = handler if route.method == "GET" else service.metrics.timed(route.method, route.path, handler)
        handler = recent.remembered(handler) if route.of_views else handler
        handler = _placed(service, route, handler)
        for method in (route.method, "HEAD") if route.has_head else (route.method,):
            access[app.router.add_route(method, _pattern(route.path), handler, expect_handler=expectation)] = (
                route.access
            )
    return app


def _pattern(path: str) -> str:
    """The address with all that may stand for its parameters; aiohttp by itself takes no braces there."""
    return re.sub(r"\{(\w+)\}", r"{\1:[^/]+}", path)


def _bound(service: Service, route: Route) -> Handler:
    parameters = {parameter.name: parameter for parameter in route.query if parameter.place == "query"}
    ours = route.path.startswith(API)  # probes and browsers may put into the others' addresses what they like

    async def handle(request: web.Request) -> web.StreamResponse:
        if ours and request.query_string:
            check_known(request, parameters)
        return await route.handler(service, request)

    return handle


def _placed(service: Service, route: Route, handler: Handler) -> Handler:
    if route.method != "GET":
        return committing(service.store, handler)
    return showing(service.store, handler) if route.of_views or route.handler is session_messages else handler
