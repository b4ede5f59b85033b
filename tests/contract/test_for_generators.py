"""What those who generate clients need of the API's description, so that it doesn't drift from them: names, words, schemas."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.described import described

from opencode_ledger.http.openapi.document import operation_id
from opencode_ledger.http.openapi.faults import COMMON, faults_of
from opencode_ledger.http.openapi.summaries import SUMMARIES
from opencode_ledger.http.routes import ROUTES

OPERATIONS = [operation for methods in described()["paths"].values() for operation in methods.values()]
DESCRIBED = [route for route in ROUTES if route.is_described]
VERBS = frozenset(
    "Answer Cancel Change Check Create Delete Export Find Get Import Interrupt List Prove Read Register Send Show Sign Start Stop Stream".split()
)
SCHEMAS = described()["components"]["schemas"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation["operationId"])
def test_every_operation_has_a_short_summary(operation: dict[str, Any]) -> None:
    """A summary begins with a verb and has fewer than 60 characters, an operation's id is in snake case, its tag a word."""
    summary = operation["summary"]
    assert summary.split()[0] in VERBS
    assert len(summary) < 60
    assert not summary.endswith(".")
    assert re.fullmatch("[a-z]+(_[a-z]+)*", operation["operationId"])
    (tag,) = operation["tags"]
    assert re.fullmatch("[A-Z][a-z]+", tag)


def test_summaries_are_of_what_is_described() -> None:
    """There is a summary for each operation, and none is left over; no two are alike."""
    assert sorted(SUMMARIES) == sorted(map(operation_id, DESCRIBED))
    assert len(set(SUMMARIES.values())) == len(SUMMARIES)
    assert {tag["name"] for tag in described()["tags"]} == {operation["tags"][0] for operation in OPERATIONS}


def test_components_have_names_for_code() -> None:
    """The name of each component can be that of a type: letters alone, without dots."""
    names = [name for components in described()["components"].values() for name in components]
    assert [name for name in names if not re.fullmatch("[A-Za-z]+", name)] == []


def test_no_schema_refers_to_itself() -> None:
    """No schema is recursive, neither at once nor through others."""
    for name in SCHEMAS:
        assert name not in _reached(name), name


def test_no_schema_has_what_misleads_generators() -> None:
    """No member has a default, which makes it required in generated types; no schema has patterns of names or a title."""
    for where, schema in _schemas(SCHEMAS):
        assert not {"default", "patternProperties", "title"}.intersection(schema), where


def test_bounds_of_whole_numbers_are_whole() -> None:
    """A bound of an integer is written as an integer."""
    parameters = [parameter for operation in OPERATIONS for parameter in operation["parameters"]]
    schemas = [*_schemas(SCHEMAS), *((one["name"], one["schema"]) for one in parameters)]
    whole = [(where, schema) for where, schema in schemas if schema.get("type") == "integer"]
    assert whole
    for where, schema in whole:
        assert all(type(schema.get(bound, 0)) is int for bound in ("minimum", "maximum")), where


def test_every_event_is_known_by_its_name() -> None:
    """An event is one of those that are listed by its member `event`, and its data by `action` where there are several."""
    event = SCHEMAS["Event"]
    assert event["discriminator"]["propertyName"] == "event"
    assert [{"$ref": place} for place in event["discriminator"]["mapping"].values()] == event["oneOf"]
    for name, place in event["discriminator"]["mapping"].items():
        frame = SCHEMAS[place.rpartition("/")[2]]
        assert frame["properties"]["event"]["const"] == name
        assert frame["required"] == ["id", "event", "data"]
        for action, kind in frame["properties"]["data"].get("discriminator", {}).get("mapping", {}).items():
            assert SCHEMAS[kind.rpartition("/")[2]]["properties"]["action"]["const"] == action


def test_all_that_can_go_wrong_is_listed() -> None:
    """Each code is listed by an operation, under its status, or once for all of them."""
    shared = described()["components"]["responses"]["Refused"]["x-codes"]
    assert set(shared) == {fault.code for fault in COMMON}
    for route, operation in zip(DESCRIBED, OPERATIONS, strict=True):
        assert operation["operationId"] == operation_id(route)
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Refused"}
        for status, faults in faults_of(route).items():
            listed = operation["responses"].get(str(status), {"x-codes": shared})["x-codes"]
            assert {fault.code for fault in faults} <= set(listed)


def _reached(name: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    """The schemas that one refers to, at once or through others."""
    for found in re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(SCHEMAS[name])):
        if found not in seen:
            seen = _reached(found, seen | {found})
    return seen


def _schemas(named: dict[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """All schemas, and what they consist of, each with its place."""
    for name, schema in named.items():
        place = f"{where}/{name}"
        yield place, schema
        yield from _schemas(schema.get("properties", {}), place)
        parts = [
            *schema.get("anyOf", ()),
            *schema.get("oneOf", ()),
            schema.get("items"),
            schema.get("additionalProperties"),
        ]
        yield from _schemas({str(number): part for number, part in enumerate(parts) if isinstance(part, dict)}, place)
