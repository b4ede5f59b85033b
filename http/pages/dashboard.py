"""The dashboard at `/`: the codebases, and a session live. Everything on the page comes from this server."""

import asyncio
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from ...domain.errors import NotFound
from ...domain.visible_text import HIDDEN, JOINING, PICTURES
from ..api.service import Service
from .headers import page_headers

_FILES: Final = Path(__file__).with_name("static")

_CLIENT: Final = Path(__file__).parents[2] / "client/javascript"
"""The JavaScript client: the page's only way to the service. Its modules are at `client/` and at the top."""

_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}

_TRUSTED: Final = "require-trusted-types-for 'script'; trusted-types lit-html dompurify"
"""Text becomes HTML only through these two libraries: a template's own constant text, and what DOMPurify let through."""

_PART_HEADERS: Final = page_headers()

HEADERS: Final = {**_PART_HEADERS, "Content-Security-Policy": f"{_PART_HEADERS['Content-Security-Policy']}; {_TRUSTED}"}


class PartNotFound(NotFound):
    """The dashboard has no such file."""

    code = "part_not_found"


async def dashboard(service: Service, request: web.Request) -> web.Response:
    """The dashboard, to watch and control the agents."""
    page = await asyncio.to_thread(_file, "page.html")
    return web.Response(body=page, content_type="text/html", charset="utf-8", headers=HEADERS)


def to_page(prefix: str) -> Handler:
    """A handler that leads from the public URL's prefix to the page, which is one slash further."""

    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=308, headers={**HEADERS, "Location": f"{prefix}/"})

    return redirect


async def dashboard_part(service: Service, request: web.Request) -> web.Response:
    """A file of the dashboard."""
    parts = await asyncio.to_thread(page_parts)
    name = request.match_info["part"]
    if name not in parts:
        raise PartNotFound
    media = _TYPES[Path(name).suffix]
    return web.Response(body=parts[name], content_type=media, charset=_charset(media), headers=_PART_HEADERS)


def _charset(media: str) -> str | None:
    return "utf-8" if media.startswith("text/") else None


@cache
def page_parts() -> Mapping[str, bytes]:
    """Every file that the page loads, by its name below `dashboard/`."""
    files = {str(file.relative_to(_FILES)): file for file in _FILES.rglob("*") if file.suffix in _TYPES}
    modules = {file.name: file for file in _CLIENT.glob("*.js")}
    client = {f"client/{name}": file for name, file in modules.items()}
    content = {name: file.read_bytes() for name, file in {**files, **modules, **client}.items()}
    return {**content, "parts/hidden.js": hidden_characters().encode()}


@cache
def _file(name: str) -> bytes:
    return (_FILES / name).read_bytes()


def hidden_characters() -> str:
    """The module `parts/hidden.js`: the table of hidden characters for the page."""
    tables = {"HIDDEN": HIDDEN, "PICTURES": PICTURES, "JOINING": JOINING}
    return "".join(f"export const {name} = {json.dumps(ranges)};\n" for name, ranges in tables.items())
