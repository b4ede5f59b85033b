"""The OpenAPI 3.1 document, generated from routes and from the models of their requests and responses."""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from inspect import cleandoc
from typing import Any, Final

import orjson
from pydantic import BaseModel

from ..api.shapes.responses import Problem
from ..route import Media, Route, Tag
from ..web.errors import Fault
from ..web.parameters import IDEMPOTENCY_KEY, REQUEST_ID
from .event_frames import EVENT, REFERENCE
from .examples import EXAMPLES, NOTHING, Example
from .faults import CODES, COMMON, faults_of
from .schema_book import schemas_of
from .summaries import SUMMARIES

TAGS: Final[Mapping[Tag, str]] = {
    "Codebases": "The directories that agents work in.",
    "Agent": "Start, message, interrupt and stop a codebase's agent, and follow its events.",
    "Permissions": "Permission requests and questions of agents, and the answers.",
    "Sessions": "What agents did, message by message.",
    "Tasks": "The queue of each codebase.",
    "Audit": "The log, and proofs that nothing in it was changed.",
    "System": "The service itself.",
}
"""The description of each tag."""

PATH_PARAMETERS: Final = {
    "codebase_id": "The id of the codebase, or its name. An id takes precedence over a name.",
    "session_id": "The session.",
    "task_id": "The id of the task.",
    "permission_id": "The `permission_id` of a `permission` event.",
    "output_id": "The `whole_id` of a `tool_result` event.",
    "tile": "The tile's number as in C2SP tlog-tiles, such as `x001/234`. A tile that isn't full ends with `.p/<width>`.",
    "level": "The level of the tree. Level 0 is above the leaves.",
}

TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "Required if the server has a token file. A token has the scopes read, operate and audit, or some of them.",
}

EVENTS: Final = {
    "type": "string",
    "description": (
        "Each event has an `id` (its number in the stream), an `event` name, and one line of JSON as `data`: see the "
        "schema Event. The stream begins with `retry:`. After 15 seconds of silence the server sends a comment. The header "
        "`X-Ledger-After` is the id after which the stream begins: it is a cursor until the first event has come."
    ),
    "contentMediaType": "text/event-stream",
    "contentSchema": {"$ref": REFERENCE.format(model=EVENT)},
}

REFUSED: Final = "Refused"
"""The response that all operations share: the errors that any request can get."""

DESCRIPTION: Final = """
Run opencode agents on many codebases, watch them live, and prove later what happened.

- After a 2xx, the very next GET shows the effect.
- Every error has the form `Problem`: a sentence for people and a stable code for programs. The response `Refused` lists the
  errors that any request can get. Each operation lists its other errors.
- Event streams resume with `Last-Event-ID`. They never miss or repeat an event.
- Unknown query parameters are rejected with 400.
- Every GET also works as HEAD, except event streams, tool outputs and log exports.
"""


def document(routes: Sequence[Route], prefix: str = "") -> bytes:
    """The document as JSON. It leaves out the pages for people. `prefix`: before all of its paths."""
    return orjson.dumps(_document([route for route in routes if route.is_described], prefix))


def operation_id(route: Route) -> str:
    """The name that code generators give to the route."""
    return route.handler.__name__


def _document(routes: Sequence[Route], prefix: str) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.address, {})[route.method.lower()] = _operation(route)
    components = {
        "schemas": _schemas(routes),
        "responses": {REFUSED: _refused()},
        "securitySchemes": {"token": TOKEN},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "opencode-ledger", "version": version("opencode-ledger"), "description": DESCRIPTION.strip()},
        "servers": [{"url": prefix or "/", "description": "The server of this document."}],
        "tags": [{"name": name, "description": about} for name, about in TAGS.items()],
        "paths": paths,
        "components": components,
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "tags": [route.tag],
        "summary": SUMMARIES[operation_id(route)],
        "description": cleandoc(route.handler.__doc__ or ""),
        "parameters": [*_path_parameters(route), *_parameters(route)],
        "responses": _responses(route),
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
        yield {"name": name, "in": "path", "description": PATH_PARAMETERS[name], "required": True, "schema": schema}


def _parameters(route: Route) -> Iterable[dict[str, Any]]:
    given = (*((IDEMPOTENCY_KEY,) if route.repeatable else ()), *((REQUEST_ID,) if route.method == "POST" else ()))
    for parameter in (*route.query, *given):
        yield {
            "name": parameter.name,
            "in": parameter.place,
            "description": parameter.description,
            "required": parameter.required,
            "schema": dict(parameter.schema),
        }


def _responses(route: Route) -> dict[str, Any]:
    """The responses by status. `default` is the errors that any request can get."""
    others = {status: _other(route, status) for status in route.also if status < 400}
    failures = {
        status: _failure(faults, route.also.get(status))
        for status, faults in faults_of(route).items()
        if route.also.get(status) or not COMMON.issuperset(faults)
    }
    by_status = sorted({200: _success(route), **others, **failures}.items())
    return {
        **{str(status): response for status, response in by_status},
        "default": {"$ref": f"#/components/responses/{REFUSED}"},
    }


def _other(route: Route, status: int) -> dict[str, Any]:
    """A response that is no error, with another status than 200."""
    if status == 206:
        return {**_success(route), "description": "The requested range."}
    return {"description": "The stream has ended: there are no more events."}


def _failure(faults: Sequence[Fault], shape: type[BaseModel] | None) -> dict[str, Any]:
    """The errors with one status. `shape`: the body that may come instead of a `Problem`."""
    lines = [*([shape.__doc__ or ""] if shape else []), *(f"`{fault.code}`: {fault.detail}" for fault in faults)]
    either = {"anyOf": [_reference(shape), _reference(Problem)]} if shape else _reference(Problem)
    example = None if shape else {"detail": faults[0].detail, "code": faults[0].code}
    return {
        "description": "\n".join(f"- {line}" for line in lines),
        "content": {"application/json": _content(either, example)},
        CODES: [fault.code for fault in faults],
    }


def _refused() -> dict[str, Any]:
    faults = sorted(COMMON)
    lines = (f"- {fault.status} `{fault.code}`: {fault.detail}" for fault in faults)
    return {**_failure(faults, None), "description": "\n".join(("The errors that any request can get.", "", *lines))}


def _success(route: Route) -> dict[str, Any]:
    answer, example = route.answer, _example(route).response
    if isinstance(answer, Media):
        content = {kind: _content(_media_schema(kind, answer), example) for kind in (answer.type, *answer.also)}
        return {"description": answer.description, "content": content}
    description = " ".join((answer.__doc__ or "").split())
    return {"description": description, "content": {"application/json": _content(_reference(answer), example)}}


def _media_schema(kind: str, answer: Media) -> Mapping[str, Any]:
    if kind == "text/event-stream":
        return EVENTS | ({"contentSchema": _reference(answer.frame)} if answer.frame else {})
    if kind == "application/octet-stream":
        return {"type": "string", "format": "binary"}
    return {"type": "object"} if kind == "application/json" else {"type": "string"}


def _example(route: Route) -> Example:
    return EXAMPLES.get(operation_id(route), NOTHING)


def _content(schema: Mapping[str, Any], example: object) -> dict[str, Any]:
    return {"schema": schema} | ({} if example is None else {"example": example})


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=model.__name__)}


def _needed(body: type[BaseModel]) -> bool:
    return any(field.is_required() for field in body.model_fields.values())


def _schemas(routes: Sequence[Route]) -> dict[str, Any]:
    shapes = {shape for route in routes for shape in (route.answer, route.body, *route.also.values())}
    shapes |= {route.answer.frame for route in routes if isinstance(route.answer, Media)}
    return schemas_of([Problem, *sorted((s for s in shapes if isinstance(s, type)), key=lambda s: s.__name__)])
