"""The API's OpenAPI 3.1 document, made of the route table and of the models that read requests and describe answers."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from openapi_pydantic import OpenAPI
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from .examples import EXAMPLES
from .parameters import IDEMPOTENCY_KEY, REQUEST_ID
from .routes import ROUTES, Media, Route
from .shapes import Problem

REFERENCES: Final = "#/components/schemas/{model}"

STATUSES: Final[Mapping[int, str]] = {
    204: "Everything was sent; there is nothing to come.",
    400: "The request is not valid.",
    401: "A token is needed.",
    403: "This is not allowed: by the token's scope, by where the request comes from, or by the path that it names.",
    404: "There is no such thing.",
    408: "The body took too long to come.",
    409: "This can't be done in the present state.",
    413: "The body is too large.",
    415: "The body must be JSON in UTF-8.",
    429: "Too many requests; Retry-After says when to come back.",
    503: "opencode or the log is not available at the moment, or too much is asked of the service.",
}

EVERYWHERE: Final = (400, 401, 403, 429, 503)
WITH_A_BODY: Final = (408, 409, 413, 415)

TAGS: Final = {
    "status": "The service",
    "codebases": "Codebases",
    "agent": "The agent",
    "permissions": "Permissions",
    "sessions": "Sessions and messages",
    "tasks": "Tasks",
    "history": "The log, for auditors",
    "proofs": "The log, for auditors",
    "docs": "This description",
}

DESCRIPTION: Final = """
Run opencode agents on many codebases, watch them live, and prove later what happened.

After a 2xx the very next GET shows what it did. Every error, also one that is not listed here, has one shape: a
sentence for people and a code for programs. Event streams resume by `Last-Event-ID` and never miss or double an event.
"""


@cache
def document() -> bytes:
    """The document as JSON."""
    described = OpenAPI.model_validate(_document())
    return described.model_dump_json(by_alias=True, exclude_none=True, exclude_unset=True).encode()


def operation_id(route: Route) -> str:
    """What code generators call the route."""
    return route.handler.__name__


def statuses_of(route: Route) -> frozenset[int]:
    """The statuses that are described for a route."""
    return frozenset(_responses(route))


def _document() -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(_path(route), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "opencode-ledger", "version": version("opencode-ledger"), "description": DESCRIPTION.strip()},
        "tags": [{"name": name} for name in dict.fromkeys(TAGS.values())],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _path(route: Route) -> str:
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.path)


def _operation(route: Route) -> dict[str, Any]:
    summary, _, more = (route.handler.__doc__ or "").strip().partition("\n")
    told = {"summary": summary.rstrip("."), "description": more.strip()}
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "tags": [TAGS[route.handler.__module__.rpartition(".")[2]]],
        **{name: words for name, words in told.items() if words},
        "parameters": [*_path_parameters(route), *_parameters(route)],
        "responses": {str(status): answer for status, answer in sorted(_responses(route).items())},
        "security": [{}] if route.access == "open" else [{}, {"token": [route.access]}],
    }
    if route.body is not None:
        operation["requestBody"] = {
            "content": {"application/json": _content(route.body)},
            "required": _needed(route.body),
        }
    return operation


def _path_parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name, pattern in re.findall(r"\{(\w+)(?::([^}]*))?\}", route.path):
        schema = {"type": "string", "minLength": 1} | ({"pattern": f"^{pattern}$"} if pattern else {})
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _parameters(route: Route) -> Iterable[dict[str, Any]]:
    given = (IDEMPOTENCY_KEY, REQUEST_ID) if route.method == "POST" else ()
    for parameter in (*route.query, *given):
        yield {
            "name": parameter.name,
            "in": parameter.place,
            "description": parameter.description,
            "required": parameter.required,
            "schema": dict(parameter.schema),
        }


def _responses(route: Route) -> dict[int, dict[str, Any]]:
    statuses = [*EVERYWHERE, *(WITH_A_BODY if route.body is not None else ()), *([404] if "{" in route.path else [])]
    problem = {"application/json": {"schema": _reference(Problem)}}
    responses: dict[int, dict[str, Any]] = {
        status: {"description": STATUSES[status], "content": problem} for status in statuses
    }
    responses[200] = _success(route.answer)
    for status, shape in route.also.items():
        schemas = [model for model in (shape, Problem if status in statuses else None) if model is not None]
        content = (
            {"application/json": {"schema": {"anyOf": [_reference(model) for model in schemas]}}} if schemas else {}
        )
        responses[status] = {"description": STATUSES[status], "content": content}
    return responses


def _success(answer: type[BaseModel] | Media) -> dict[str, Any]:
    if isinstance(answer, Media):
        return {"description": answer.description, "content": {answer.type: {}}}
    return {"description": " ".join((answer.__doc__ or "").split()), "content": {"application/json": _content(answer)}}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    example = {"example": EXAMPLES[model]} if model in EXAMPLES else {}
    return {"schema": _reference(model), **example}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REFERENCES.format(model=model.__name__)}


def _needed(body: type[BaseModel]) -> bool:
    return any(field.is_required() for field in body.model_fields.values())


def _schemas() -> dict[str, Any]:
    """The schemas of all models, those of requests and those of answers."""
    models: dict[type[BaseModel], JsonSchemaMode] = {Problem: "validation"}
    for route in ROUTES:
        models.update({shape: "validation" for shape in (route.answer, route.body) if isinstance(shape, type)})
        models.update({shape: "validation" for shape in route.also.values() if shape is not None})
    _, schemas = models_json_schema(list(models.items()), ref_template=REFERENCES)
    return dict(schemas["$defs"])
