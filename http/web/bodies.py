"""Request bodies: JSON objects only, bounded, strict, with nothing in them that the log couldn't hold."""

import asyncio
import codecs
import re
from typing import Final, TypeVar, cast

import orjson
from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import BadHttpMessage
from pydantic import BaseModel, ConfigDict, ValidationError

from ...domain.errors import InvalidInput
from .errors import BodyTooLarge, BodyTooSlow, UnsupportedBody
from .validation_messages import first_message

MAX_BODY = 1024 * 1024
TOO_LARGE = f"The body must not be larger than {MAX_BODY:,} bytes."
MAX_DEPTH = 32
MAX_NUMBER = 2**64
MIN_NUMBER = -(2**63)
"""Numbers from the maximum on and below the minimum are refused, because larger integers can't be kept exactly. A number
read as a fraction, as integers beyond 64 bits are, must also be above the minimum."""

BODY_LIMIT = 30.0
"""Seconds in which a body must arrive."""

_FIELD: Final = re.compile(r"[a-z_]{1,40}")
_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
"""Byte order marks. UTF-32 in little-endian order begins with the same bytes as UTF-16."""


class RequestBody(BaseModel):
    """A JSON object that a client sends."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


B = TypeVar("B", bound=RequestBody)


async def read_body(request: web.Request, model: type[B]) -> B:
    """The request's body as `model`. Raises `InvalidInput`, `UnsupportedBody`, `BodyTooLarge` or `BodyTooSlow`."""
    value = await read_object(request)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidInput(first_message(error)) from None


async def read_object(request: web.Request) -> dict[str, object]:
    """The request's body; it may be read more than once. A missing body counts as `{}`. Raises as `read_body`."""
    raw = await _read(request)
    value: object = _parse(raw) if raw else dict[str, object]()
    if not isinstance(value, dict):
        raise InvalidInput("The body must be a JSON object.")
    return cast(dict[str, object], value)


async def expectation(request: web.Request) -> None:
    """Refuse any expectation but 100-continue, before anything else. `read_body` asks for the body when it is needed."""
    if request.version >= HttpVersion11 and request.headers["Expect"].lower() != "100-continue":
        raise web.HTTPExpectationFailed


async def _ask_for(request: web.Request) -> None:
    if "Expect" in request.headers and request.version >= HttpVersion11 and not request.content.is_eof():
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the response itself hasn't begun


async def _read(request: web.Request) -> bytes:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedBody("The body must not be compressed: send it without `Content-Encoding`.")
    if (request.content_length or 0) > MAX_BODY:
        raise BodyTooLarge(TOO_LARGE)
    try:
        async with asyncio.timeout(BODY_LIMIT):
            await _ask_for(request)
            raw = await request.read()
    except TimeoutError:
        raise BodyTooSlow from None
    except web.HTTPRequestEntityTooLarge:
        raise BodyTooLarge(TOO_LARGE) from None
    except (BadHttpMessage, web.RequestPayloadError):
        raise InvalidInput("The body is not well-formed HTTP.") from None
    if raw and request.content_type != "application/json":
        raise UnsupportedBody("The body must be JSON: send it with `Content-Type: application/json`.")
    if raw and (request.charset or "utf-8").lower() != "utf-8":
        raise UnsupportedBody("The body must be in UTF-8: send `Content-Type: application/json` without a charset.")
    return raw


def _parse(raw: bytes) -> object:
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(_not_json(raw, error)) from None
    if not isinstance(value, dict):
        return value
    members = cast(dict[str, object], value)
    for name, item in members.items():
        _check_storable(name, "The body", MAX_DEPTH)
        _check_storable(item, f"`{name}`" if _FIELD.fullmatch(name) else "The body", MAX_DEPTH - 1)
    return members


def _not_json(raw: bytes, error: orjson.JSONDecodeError) -> str:
    if raw.startswith(_MARKS):
        return "The body must be in UTF-8 without a byte order mark."
    try:
        raw.decode()
    except UnicodeDecodeError as odd:
        return f"The body must be in UTF-8, but byte {odd.start + 1:,} is not."
    return f"The body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."


def _check_storable(value: object, field: str, depth: int) -> None:
    if isinstance(value, dict | list) and depth == 0:
        raise InvalidInput(f"{field} is nested too deeply: the body may have at most {MAX_DEPTH} levels.")
    if isinstance(value, float) and not MIN_NUMBER < value < MAX_NUMBER:
        raise InvalidInput(f"{field} has a number outside the range from {MIN_NUMBER:,} to {MAX_NUMBER - 1:,}.")
    if isinstance(value, str) and "\0" in value:
        raise InvalidInput(f"{field} must not contain a NUL character.")
    if isinstance(value, dict):
        for key, item in cast(dict[str, object], value).items():
            _check_storable(key, field, depth)
            _check_storable(item, field, depth - 1)
    elif isinstance(value, list):
        for item in cast(list[object], value):
            _check_storable(item, field, depth - 1)
