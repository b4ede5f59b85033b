"""Holds every answer that a test gets against what the API's description says of that address, by its JSON Schemas."""

import re
from functools import cache
from typing import Any, Final

import jsonschema_rs
import orjson

from opencode_ledger.http.description import description
from opencode_ledger.http.openapi.faults import CODES, COMMON
from opencode_ledger.http.route import Route
from opencode_ledger.http.routes import ROUTES

COMMON_STATUSES: Final = frozenset(fault.status for fault in COMMON)


def assert_described(method: str, path: str, status: int, body: Any) -> None:
    """Fail where the status, the code or the members of a JSON answer are not those described."""
    route = _route(method, path.partition("?")[0])
    if route is None or not route.is_described:
        assert status in (400, 401, 403, 404, 405), (method, path, status)
        _validator("#/components/schemas/Problem").validate(body)
        return
    responses = described()["paths"][route.address][method.lower()]["responses"]
    assert status != 500, f"{method} {route.path} fails: {body}"  # described, and yet no request may get it
    known = str(status) in responses or status in COMMON_STATUSES
    assert known, f"{method} {route.path} answers {status}, which is not described: {body}"
    if status >= 400 and "code" in body:
        codes = [*responses.get(str(status), {}).get(CODES, ()), *_response(responses, "default")[CODES]]
        assert body["code"] in codes, (
            f"{method} {route.path} answers {status} with a code that is not described: {body}"
        )
    problems = [error.message for error in _validator(_schema_of(responses, status)).iter_errors(body)]
    assert not problems, f"{method} {route.path} answers {status} with what is not described, {body}: {problems}"


@cache
def described() -> Any:
    """The API's description."""
    return orjson.loads(description())


def validates(schema: str, value: Any) -> bool:
    """Whether a value is as a schema of the description says; `schema`: where it stands there."""
    return _validator(schema).is_valid(value)


def _schema_of(responses: Any, status: int) -> Any:
    return _response(responses, str(status))["content"]["application/json"]["schema"]


def _response(responses: Any, status: str) -> Any:
    response = responses[status if status in responses else "default"]
    return (
        described()["components"]["responses"][response["$ref"].rpartition("/")[2]] if "$ref" in response else response
    )


def _validator(schema: Any) -> jsonschema_rs.Draft202012Validator:
    return _validator_of(orjson.dumps({"$ref": schema} if isinstance(schema, str) else schema))


@cache
def _validator_of(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(orjson.loads(schema) | {"components": described()["components"]})


def _route(method: str, path: str) -> Route | None:
    for route in ROUTES:
        pattern = re.sub(r"\{\w+:([^}]*)\}", r"(?:\1)", route.path)
        pattern = re.sub(r"\{\w+\}", "[^/]+", pattern)
        if route.method == method and re.fullmatch(pattern, path):
            return route
    return None


described()  # made now, for it reads the version from the disk, which no test's loop may
