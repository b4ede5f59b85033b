"""The API's description: valid OpenAPI 3.1, and of exactly what is served."""

import re

import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from opencode_ledger.http.openapi import STATUSES, document, operation_id, statuses_of
from opencode_ledger.http.routes import ROUTES, Media, Route


def test_the_document_is_valid() -> None:
    """The document is valid OpenAPI 3.1, by a validator that others wrote."""
    OpenAPIV31SpecValidator(orjson.loads(document())).validate()


def test_the_document_describes_what_is_served() -> None:
    """Each address and method that is served is described once, and no other."""
    paths = orjson.loads(document())["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == {(route.method, re.sub(r":[^}]*", "", route.path)) for route in ROUTES}
    assert len(described) == len(ROUTES)
    names = [operation_id(route) for route in ROUTES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("route", ROUTES, ids=operation_id)
def test_every_route_is_described(route: Route) -> None:
    """Each route says what it does, what it takes and what it answers, with words for every status."""
    assert (route.handler.__doc__ or "").strip()
    assert statuses_of(route) <= {200, *STATUSES}
    assert isinstance(route.answer, Media) or (route.answer.__doc__ or "").strip()
    assert (route.body is not None) == (route.method != "GET")
    assert all(parameter.description for parameter in route.query)
    assert ("{" not in route.path) or 404 in statuses_of(route)


def test_nothing_points_elsewhere() -> None:
    """The description refers to nothing outside of itself."""
    assert b"http://" not in document()
    assert b"https://" not in document()
