"""The API's OpenAPI 3.1 document, made of the route table and of the models that read requests and describe answers."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from openapi_pydantic import OpenAPI
from pydantic import BaseModel

from ..api.responses import Problem
from ..routes import ROUTES, Media, Route
from ..web.parameters import IDEMPOTENCY_KEY, REQUEST_ID
from .examples import EXAMPLES, NOTHING, Example
from .faults import Fault, faults_of
from .schema_book import EVENT, REFERENCE, schemas_of

TAGS: Final = {
    "status": "The service",
    "codebases": "Codebases",
    "agent": "The agent",
    "permissions": "Permissions",
    "sessions": "Sessions and messages",
    "outputs": "Sessions and messages",
    "tasks": "Tasks",
    "history": "The log, for auditors",
    "proofs": "The log, for auditors",
    "scrape": "The service",
    "dashboard": "The page for people",
    "docs": "This description",
}

PLACES: Final = {
    "codebase_id": "The codebase, by its id.",
    "task_id": "The task, by its id.",
    "permission_id": "What the agent asked, by the id in its `permission` event.",
    "output_id": "The whole output, by the `whole_id` of its `tool_result` event.",
    "tile": "The tile's number as in C2SP tlog-tiles, such as `x001/234`; `.p/<width>` after one that isn't full yet.",
    "level": "The level of the tree; 0 lies over the leaves.",
    "asset": "A file of the page.",
    "part": "A file of the page.",
}
"""What the parts of addresses mean that a client fills in."""

TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "Asked for where the server has a token file. A token has scopes: read, operate, audit.",
}

EVENTS: Final = {
    "type": "string",
    "description": (
        "Each event has an `id` (its number in the stream), a name, and as `data` one line of JSON: see the schema Event. "
        "The stream begins with `retry:`, and a comment breaks each silence of 15 seconds."
    ),
    "contentMediaType": "text/event-stream",
    "contentSchema": {"$ref": REFERENCE.format(model=EVENT)},
}

DESCRIPTION: Final = """
Run opencode agents on many codebases, watch them live, and prove later what happened.

After a 2xx the very next GET shows what it did. Every error, also one that is not listed here, has one shape: a
sentence for people and a code for programs. Event streams resume by `Last-Event-ID` and never miss or double an event.

A query with a parameter that its address doesn't take is refused, for it means something that wouldn't be done. What
answers GET answers HEAD too, without the body, but for event streams, outputs of tools and the export of a log.
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
    return frozenset({200, *route.also, *faults_of(route)})


def _document() -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    failures: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(address_of(route), {})[route.method.lower()] = _operation(route, failures)
    return {
        "openapi": "3.1.0",
        "info": {"title": "opencode-ledger", "version": version("opencode-ledger"), "description": DESCRIPTION.strip()},
        "tags": [{"name": name} for name in dict.fromkeys(TAGS.values())],
        "paths": paths,
        "components": {"schemas": _schemas(), "responses": failures, "securitySchemes": {"token": TOKEN}},
    }


def address_of(route: Route) -> str:
    """The route's path as OpenAPI writes it, without the patterns of its parts."""
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.path)


def _operation(route: Route, failures: dict[str, Any]) -> dict[str, Any]:
    summary, _, more = (route.handler.__doc__ or "").strip().partition("\n")
    told = {"summary": summary.rstrip("."), "description": more.strip()}
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "tags": [TAGS[route.handler.__module__.rpartition(".")[2]]],
        **{name: words for name, words in told.items() if words},
        "parameters": [*_path_parameters(route), *_parameters(route)],
        "responses": dict(sorted(_responses(route, failures).items())),
        "security": [] if route.access == "open" else [{"token": [route.access]}],
    }
    if route.body is not None:
        operation["requestBody"] = {
            "content": {"application/json": _content(_reference(route.body), _example(route).request)},
            "required": _needed(route.body),
        }
    return operation


def _path_parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name, pattern in re.findall(r"\{(\w+)(?::([^}]*))?\}", route.path):
        schema = {"type": "string", "minLength": 1} | ({"pattern": f"^{pattern}$"} if pattern else {})
        yield {"name": name, "in": "path", "description": PLACES[name], "required": True, "schema": schema}


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


def _responses(route: Route, failures: dict[str, Any]) -> dict[str, Any]:
    """The answers by status. Errors are references: routes with the same ones share them."""
    responses = {"200": _success(route)}
    for status, faults in faults_of(route).items():
        shape = route.also.get(status)
        name = ".".join((str(status), *(fault.code for fault in faults), *([shape.__name__] if shape else [])))
        failures[name] = _failure(faults, shape)
        responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    others = {str(status): _other(route, status) for status in route.also if status < 400}
    return {**responses, **others}


def _other(route: Route, status: int) -> dict[str, Any]:
    """An answer that is no error, with another status than 200."""
    if status == 206:
        return {**_success(route), "description": "The part that was asked for."}
    return {"description": "There is nothing to come."}


def _failure(faults: list[Fault], shape: type[BaseModel] | None) -> dict[str, Any]:
    told = [f"`{fault.code}`: {fault.detail}" for fault in faults]
    schema = {"allOf": [_reference(Problem)], "properties": {"code": {"enum": [fault.code for fault in faults]}}}
    either = {"anyOf": [_reference(shape), schema]} if shape else schema
    example = None if shape else {"detail": faults[0].detail, "code": faults[0].code}
    return {
        "description": "\n".join(f"- {line}" for line in (*([shape.__doc__ or ""] if shape else []), *told)),
        "content": {"application/json": _content(either, example)},
    }


def _success(route: Route) -> dict[str, Any]:
    answer, example = route.answer, _example(route).response
    if isinstance(answer, Media):
        schema = EVENTS if answer.type == "text/event-stream" else {}
        return {"description": answer.description, "content": {answer.type: _content(schema, example)}}
    description = " ".join((answer.__doc__ or "").split())
    return {"description": description, "content": {"application/json": _content(_reference(answer), example)}}


def _example(route: Route) -> Example:
    return EXAMPLES.get(operation_id(route), NOTHING)


def _content(schema: Mapping[str, Any], example: object) -> dict[str, Any]:
    return {"schema": schema} | ({} if example is None else {"example": example})


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=model.__name__)}


def _needed(body: type[BaseModel]) -> bool:
    return any(field.is_required() for field in body.model_fields.values())


def _schemas() -> dict[str, Any]:
    shapes = {shape for route in ROUTES for shape in (route.answer, route.body, *route.also.values())}
    return schemas_of([Problem, *sorted((s for s in shapes if isinstance(s, type)), key=lambda s: s.__name__)])
