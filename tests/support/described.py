"""Holds every answer that a test gets against what the API's description says of that address."""

import re
from typing import Any

from pydantic import ValidationError

from opencode_ledger.http.openapi import statuses_of
from opencode_ledger.http.routes import ROUTES, Media, Route
from opencode_ledger.http.shapes import Problem


def assert_described(method: str, path: str, status: int, body: Any) -> None:
    """Fail where the status or the members of a JSON answer are not those described."""
    route = _route(method, path.partition("?")[0])
    if route is None:
        assert status in (400, 401, 403, 404, 405), (method, path, status)
        Problem.model_validate(body)
        return
    assert status in statuses_of(route), f"{method} {route.path} answers {status}, which is not described: {body}"
    shapes = [
        shape for shape in (route.answer if status == 200 else Problem, route.also.get(status)) if shape is not None
    ]
    problems: list[str] = []
    for shape in shapes:
        if isinstance(shape, Media):
            return
        try:
            shape.model_validate(body, strict=True)
        except ValidationError as error:
            problems.append(str(error))
        else:
            return
    raise AssertionError(f"{method} {route.path} answers what is not described: {problems}")


def _route(method: str, path: str) -> Route | None:
    for route in ROUTES:
        pattern = re.sub(r"\{\w+:([^}]*)\}", r"(?:\1)", route.path)
        pattern = re.sub(r"\{\w+\}", "[^/]+", pattern)
        if route.method == method and re.fullmatch(pattern, path):
            return route
    return None
