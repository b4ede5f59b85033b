"""What schemathesis can't guess: ids of things that there are, directories and files that exist.

Every id of an answer is remembered, and put into later requests of the valid kind, most of the time.
"""

import json
import os
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, cast
from zlib import crc32

import schemathesis
from schemathesis import Case, GenerationMode, HookContext, Response

HOME: Final = os.environ["FUZZING_HOME"]
DIRECTORIES: Final = 12
LARGE: Final = 2**63 - 1
FILES: Final = ("README.md", "src/main.py")

_ID: Final = re.compile(rb'"((cb|task|sess|perm)_[\w-]+)"')
_KINDS: Final[Mapping[str, str]] = {
    "codebase_id": "cb",
    "task_id": "task",
    "session_id": "sess",
    "permission_id": "perm",
}
_hook: Final = cast(Callable[[Callable[..., None]], object], cast(Any, schemathesis).hook)
_known: Final = {kind: deque[str](maxlen=8) for kind in _KINDS.values()}


@_hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Make a valid request one that does something."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    for place in (case.path_parameters, case.query):
        for name in place or ():
            place[name] = _meant(name, place[name])
    if isinstance(case.body, dict):
        case.body.update({name: _existing(name, case.body[name]) for name in ("path", "files") if name in case.body})
        if "metadata" in case.body:
            case.body["metadata"] = cast("Any", _storable(case.body["metadata"]))


@_hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    """Remember what there is."""
    for name, kind in _ID.findall(response.content):
        if name.decode() not in _known[kind.decode()]:
            _known[kind.decode()].append(name.decode())


def _meant(name: str, value: Any) -> Any:
    if name == "at":
        return "1"
    known = _known.get(_KINDS.get(name, ""))
    number = crc32(json.dumps(value).encode())
    return known[number % len(known)] if known and number % 8 else value


def _storable(value: object) -> object:
    """The value without what is said of metadata in words alone, since no schema for generators can say it."""
    if isinstance(value, dict):
        return {_storable(name): _storable(part) for name, part in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_storable(part) for part in cast("list[object]", value)]
    if isinstance(value, str):
        return value.replace("\0", "")
    return value if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) < LARGE else LARGE


def _existing(name: str, value: Any) -> Any:
    if name == "path":
        return f"{HOME}/project-{crc32(value.encode()) % DIRECTORIES}"
    return [FILES[crc32(file.encode()) % len(FILES)] for file in value]
