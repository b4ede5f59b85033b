"""The dashboard at `/`: the codebases, and a session live. Everything on the page comes from this server."""

import asyncio
import json
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
_CLIENT_FILES: Final = ("calls.js", "errors.js", "events.js", "ledger.js")
"""The JavaScript client, which the page uses."""

_ASSETS: Final = {
    "dashboard.css": "text/css",
    "dashboard.js": "text/javascript",
    "api.js": "text/javascript",
    "cards.js": "text/javascript",
    "elements.js": "text/javascript",
    "hidden.js": "text/javascript",
    "story.js": "text/javascript",
    "visible.js": "text/javascript",
    **dict.fromkeys(_CLIENT_FILES, "text/javascript"),
}

HEADERS: Final = page_headers()


class PartNotFound(NotFound):
    """The dashboard has no such file."""

    code = "part_not_found"


async def dashboard(service: Service, request: web.Request) -> web.Response:
    """The dashboard, to watch and control the agents."""
    page = await asyncio.to_thread(_file, "dashboard.html")
    return web.Response(body=page, content_type="text/html", charset="utf-8", headers=HEADERS)


def to_page(prefix: str) -> Handler:
    """A handler that leads from the public URL's prefix to the page, which is one slash further."""

    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=308, headers={**HEADERS, "Location": f"{prefix}/"})

    return redirect


async def dashboard_part(service: Service, request: web.Request) -> web.Response:
    """A file of the dashboard."""
    name = request.match_info["part"]
    if name not in _ASSETS:
        raise PartNotFound
    content = await asyncio.to_thread(_file, name)
    return web.Response(body=content, content_type=_ASSETS[name], charset="utf-8", headers=HEADERS)


@cache
def _file(name: str) -> bytes:
    if name == "hidden.js":
        return hidden_characters().encode()
    return ((_CLIENT if name in _CLIENT_FILES else _FILES) / name).read_bytes()


def hidden_characters() -> str:
    """The module `hidden.js`: the table of hidden characters for the page."""
    tables = {"HIDDEN": HIDDEN, "PICTURES": PICTURES, "JOINING": JOINING}
    return "".join(f"export const {name} = {json.dumps(ranges)};\n" for name, ranges in tables.items())
