"""The API's description: valid OpenAPI 3.1, of exactly what is served, with the examples of the customer's document."""

import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.support.described import described, validates

from opencode_ledger.domain.events import REGISTRY
from opencode_ledger.http.description import description
from opencode_ledger.http.openapi.document import operation_id
from opencode_ledger.http.openapi.event_schemas import event_types
from opencode_ledger.http.openapi.faults import faults_of
from opencode_ledger.http.route import Media, Route
from opencode_ledger.http.routes import ROUTES

from . import facts
from .facts import Endpoint, Json
from .likeness import is_array, is_object

GOLDEN = Path(__file__).parents[1] / "domain" / "golden_events.jsonl"
OPERATIONS = [
    (path, method, operation) for path, methods in described()["paths"].items() for method, operation in methods.items()
]
ENDPOINTS = [(endpoint, route) for endpoint in facts.ENDPOINTS for route in endpoint.routes]


def test_the_document_is_valid() -> None:
    """The document is valid OpenAPI 3.1, by a validator that others wrote."""
    OpenAPIV31SpecValidator(described()).validate()


def test_the_document_describes_what_is_served() -> None:
    """Each address and method that is served is described once, and no other; but for the pages for people."""
    described = {(method.upper(), path) for path, method, _ in OPERATIONS}
    left = {route.path for route in ROUTES if not route.is_described}
    assert left == {"/", "/dashboard/{part}", "/docs", "/docs/{asset}"}
    assert described == {
        (route.method, re.sub(r":[^}]*", "", route.path)) for route in ROUTES if route.path not in left
    }
    assert len(described) == len(ROUTES) - len(left)
    names = [operation_id(route) for route in ROUTES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("route", ROUTES, ids=operation_id)
def test_every_route_is_described(route: Route) -> None:
    """Each route says what it does, what it takes and what it answers, with a sentence for everything that can go wrong."""
    assert (route.handler.__doc__ or "").strip()
    assert isinstance(route.answer, Media) or (route.answer.__doc__ or "").strip()
    assert (route.body is not None) == (route.method != "GET")
    assert all(parameter.description for parameter in route.query)
    assert ("{" not in route.path) or 404 in faults_of(route)
    assert all(fault.detail.strip() for faults in faults_of(route).values() for fault in faults)


def test_nothing_points_elsewhere() -> None:
    """The description refers to nothing outside of itself."""
    assert b"http://" not in description()
    assert b"https://" not in description()


def test_descriptions_speak_of_json_and_not_of_python() -> None:
    """What a description names in backticks is not a class of ours, unless the document has a schema of that name."""
    text = description().decode()
    ours = {kind.__name__ for kind in REGISTRY.values()} - {*described()["components"]["schemas"]}
    assert ours & {*re.findall(r"`(\w+)`", text)} == set()
    assert re.findall(r"[^.]*\bNone\b[^.]*", text) == []


@pytest.mark.parametrize(("endpoint", "route"), ENDPOINTS, ids=[route for _, route in ENDPOINTS])
def test_the_customer_s_examples_are_shown(endpoint: Endpoint, route: str) -> None:
    """Every address of the customer's document is described, with its examples to the letter and at most more members."""
    method, path = route.partition("?")[0].split(" ")
    operation = described()["paths"][path][method.lower()]
    if endpoint.request is not None:
        assert operation["requestBody"]["content"]["application/json"]["example"] == endpoint.request
    if endpoint.response is not None:
        assert _leaves(endpoint.response) <= _leaves(_answer(operation)["example"])
    for name, field in endpoint.fields.items():
        if field.place == "query":
            assert name in [parameter["name"] for parameter in operation["parameters"]]


def test_every_example_is_as_its_schema_says() -> None:
    """What is shown as an example, of a request, an answer or an error, is valid by the schema beside it."""
    for where, content in _contents(described()):
        if "example" in content and "$ref" in content["schema"]:
            assert validates(content["schema"]["$ref"], content["example"]), where


def test_every_kind_of_event_is_described() -> None:
    """Events as they were ever recorded are valid by the schema of their kind, and each kind has one."""
    kinds = event_types()
    for line in GOLDEN.read_bytes().splitlines():
        recorded = orjson.loads(line)
        data = orjson.loads(recorded["data"])
        kind = kinds.get((recorded["topic"], None)) or kinds[recorded["topic"], data["action"]]
        assert validates(f"#/components/schemas/{kind.__name__}", data), recorded
        framed = {"id": "1", "event": recorded["topic"], "data": data}
        assert validates("#/components/schemas/Event", framed), recorded
        assert not validates("#/components/schemas/Event", {**framed, "event": "another"})


def _answer(operation: Json) -> Json:
    (content,) = operation["responses"]["200"]["content"].values()
    return content


def _leaves(value: Json, where: str = "") -> set[tuple[str, Json]]:
    """Every plain value in some JSON, and where it stands."""
    if is_array(value):
        return {leaf for place, part in enumerate(value) for leaf in _leaves(part, f"{where}/{place}")}
    if is_object(value):
        return {leaf for name, part in value.items() for leaf in _leaves(part, f"{where}/{name}")}
    return {(where, value)}


def _contents(value: Json, where: str = "#") -> Iterator[tuple[str, Json]]:
    """Every content of a request or an answer, and where it stands."""
    if "schema" in value and "name" not in value:
        yield where, value
    for name, part in value.items():
        if isinstance(part, dict):
            yield from _contents(part, f"{where}/{name}")
