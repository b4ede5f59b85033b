"""The aiohttp application: the route table behind the checks that every request passes."""

import re

from aiohttp import web
from aiohttp.typedefs import Handler

from .access.limited import TokenLimited
from .access.token_watch import KnownTokens
from .api.idempotency import Repeats
from .api.service import Service
from .api.tasks import named_task
from .description import description
from .pages.dashboard import to_page
from .pages.docs import DESCRIPTION
from .pages.sign_in import SIGNING_IN, SigningIn
from .route import API, Route
from .routes import ROUTES
from .running import RunningService
from .traces.requests import traced
from .web.bodies import MAX_BODY, expectation
from .web.callers import CallerCheck
from .web.correlation import correlated, named_in_answer
from .web.errors import errors
from .web.logins.cookie import LoginCookie
from .web.parameters import check_known
from .web.position_header import committing, showing
from .web.principal import limit_of, principal_of
from .web.rate_limit import Pace
from .web.response_cache import ResponseCache
from .web.security import AccessTable, gatekeeper
from .web.steady import steady


def make_app(running: RunningService, tokens: KnownTokens | None) -> web.Application:
    """An application that serves `running`. Without `tokens`, all clients that pass the Host and Origin checks are served."""
    service = running.service
    callers = CallerCheck(service.agents, running.refused_access)
    prefix = service.settings.prefix
    prefixes = ("", prefix) if prefix else ("",)
    cookie = LoginCookie(service.settings, running.logins)
    pace = Pace(running.clock)
    gate = gatekeeper(service.settings, tokens, access_table(*prefixes), pace, callers, cookie, service.secrets)
    spans = [traced(running.spans, running.clock, prefix)] if running.spans else []
    app = web.Application(middlewares=[*spans, correlated, errors(service.secrets), gate], client_max_size=MAX_BODY)
    app[DESCRIPTION] = lambda: description(prefix)
    app[SIGNING_IN] = SigningIn(tokens, running.logins, cookie)
    app.on_response_prepare.append(named_in_answer)
    app.on_response_prepare.append(service.metrics.answered)

    def version() -> object:
        return service.projections.version, service.overviews.board.day()

    repeats, cache = Repeats(service), ResponseCache(service.current_views, version)
    # The most frequent addresses come first: aiohttp tries addresses that differ only in their ends one by one.
    for route in sorted(ROUTES, key=lambda route: route.views != "cached"):
        handler = _handler(service, route, repeats, cache)
        handler = _paced(pace, handler) if route.recorded else handler
        handler = steady(running.clock, handler) if route.searches else handler
        for method in route.methods:
            # A proxy may remove the prefix of the public URL or not.
            for before in prefixes:
                app.router.add_route(method, before + _pattern(route.path), handler, expect_handler=expectation)
    if prefix:
        app.router.add_get(prefix, to_page(prefix))
    return app


def access_table(*prefixes: str) -> AccessTable:
    """The access that each method of each route needs, under each prefix."""
    table: AccessTable = {
        (method, prefix + route.address): route.access
        for route in ROUTES
        for method in route.methods
        for prefix in prefixes or ("",)
    }
    return {**table, **{("GET", prefix): "open" for prefix in prefixes if prefix}}


def _handler(service: Service, route: Route, repeats: Repeats, cache: ResponseCache) -> Handler:
    """A route's handler with what all routes of its kind share, the innermost first."""
    handler = _bound(service, route)
    handler = repeats.once(handler) if route.repeatable else handler
    handler = handler if route.method == "GET" else service.metrics.timed(route.method, route.path, handler)
    handler = cache.cached(handler) if route.views == "cached" else handler
    handler = _within_limits(service, route, handler)
    return _positioned(service, route, handler)


def _within_limits(service: Service, route: Route, handle: Handler) -> Handler:
    """Refuse what limited tokens may not use. The check comes before every cache, every kept response and every effect."""
    limited, of_task = route.limited, "{task_id}" in route.path and route.repeatable
    if limited not in ("own", "refused") and not of_task:
        return handle

    async def handle_within_limits(request: web.Request) -> web.StreamResponse:
        if limit_of(request) is not None:
            if limited == "refused":
                raise TokenLimited
            await (named_task(service, request) if of_task else service.codebase_id(request))
        return await handle(request)

    return handle_within_limits


def _paced(pace: Pace, handle: Handler) -> Handler:
    async def handle_in_time(request: web.Request) -> web.StreamResponse:
        pace.recorded_read(principal_of(request))
        return await handle(request)

    return handle_in_time


def _pattern(path: str) -> str:
    """The path with a pattern for each parameter: aiohttp's default pattern allows no braces.

    A `part` of the page is a path with slashes, since its modules find each other by relative addresses.
    """
    return re.sub(r"\{(\w+)\}", r"{\1:[^/]+}", path).replace("{part:[^/]+}", "{part:[^/]+(?:/[^/]+)*}")


def _bound(service: Service, route: Route) -> Handler:
    parameters = {parameter.name: parameter for parameter in route.query if parameter.place == "query"}
    ours = route.path.startswith(API)  # probes and browsers may add any query to the other addresses

    async def handle(request: web.Request) -> web.StreamResponse:
        if ours and request.query_string:
            check_known(request, parameters)
        return await route.handler(service, request)

    return handle


def _positioned(service: Service, route: Route, handler: Handler) -> Handler:
    if route.method != "GET":
        return committing(service.store, handler)
    return showing(service.store, handler) if route.views else handler
