"""The OpenAPI document and the page that shows it. Everything on the page comes from this server."""

import asyncio
import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

from ...domain.errors import NotFound
from ..api.service import Service
from .headers import page_headers

_ASSETS: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
"""The files of Swagger UI that the page needs, with their media types."""

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>opencode-ledger API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<body><div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body></html>
"""

# A person who signed in to the page may try commands here too.
_START: Final = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#page", deepLinking: true, tryItOutEnabled: true, docExpansion: "list",
  defaultModelsExpandDepth: 0, validatorUrl: null,
  requestInterceptor: (request) => {
    const key = localStorage.getItem("opencode-ledger " + new URL(".", location).pathname);
    if (key) request.headers["X-Ledger-Page"] = key;
    return request;
  },
});
"""

# Swagger UI sets styles in its elements, and its pictures are data.
_HEADERS: Final = page_headers(style_src="'unsafe-inline'", img_src="data:")


DESCRIPTION: Final[web.AppKey[Callable[[], bytes]]] = web.AppKey("description")
"""Makes the OpenAPI document. The application has it, because the document also describes the route of this page."""


class AssetNotFound(NotFound):
    """This page has no such file."""

    code = "asset_not_found"


async def openapi_document(service: Service, request: web.Request) -> web.Response:
    """The OpenAPI 3.1 document of this API."""
    document = await asyncio.to_thread(request.app[DESCRIPTION])
    return web.Response(body=document, content_type="application/json", headers=_HEADERS)


async def docs_page(service: Service, request: web.Request) -> web.Response:
    """The API documentation page, with forms to try the API."""
    return web.Response(text=_PAGE, content_type="text/html", headers=_HEADERS)


async def docs_asset(service: Service, request: web.Request) -> web.Response:
    """A file of the API documentation page."""
    name = request.match_info["asset"]
    if name == "start.js":
        return web.Response(text=_START, content_type="text/javascript", headers=_HEADERS)
    if name not in _ASSETS:
        raise AssetNotFound
    content = await asyncio.to_thread(_asset, name)
    return web.Response(body=content, content_type=_ASSETS[name], headers=_HEADERS)


@cache
def _asset(name: str) -> bytes:
    """A file of the package that contains Swagger UI. The package itself is for another framework and is never imported."""
    package = importlib.util.find_spec("flask_swagger_ui")
    if package is None or package.origin is None:
        raise AssetNotFound("Swagger UI is not installed: install the package flask-swagger-ui.")
    return (Path(package.origin).parent / "dist" / name).read_bytes()
