"""The log's Merkle tree over HTTP, for auditors: checkpoints and tiles in C2SP formats, proofs, and the public key."""

import base64
import re
from typing import Final

from aiohttp import web

from ...domain.errors import InvalidInput, NotFound
from ...domain.ids import Position
from ...domain.proofs.leaves import entry, leaf_of
from ...domain.proofs.tiles import WIDTH, TileId, number_of
from ..web.answers import json_answer
from ..web.parameters import FROM, POSITION, SIZE, TO
from .service import Service

_PARTIAL: Final = re.compile(r"(?P<number>[x0-9/]{3,})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?")
_FOR_EVER: Final = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_NOW: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class TileNotFound(NotFound):
    """The tree has no such tile, or it is not that wide yet."""

    code = "tile_not_found"


class NoProof(InvalidInput):
    """This proof does not exist: positions and sizes must be from 1 to the log's size, the smaller size first."""

    code = "no_proof"


async def checkpoint(service: Service, request: web.Request) -> web.Response:
    """The newest signed checkpoint. It covers everything that was committed before the request."""
    return web.Response(text=await service.tree.checkpoint(), headers=_NOW)


async def public_key(service: Service, request: web.Request) -> web.Response:
    """The public key that verifies checkpoints, in the format for verifiers of signed notes."""
    return web.Response(text=f"{service.tree.key}\n", headers=_NOW)


async def tile(service: Service, request: web.Request) -> web.Response:
    """A tile of hashes."""
    number, width = _named(request)
    level = request.match_info["level"]
    hashes = await service.tree.tile(TileId(int(level), number), width)
    if hashes is None:
        raise TileNotFound
    return web.Response(body=hashes, headers=_FOR_EVER)


async def entries(service: Service, request: web.Request) -> web.Response:
    """The log entries of a tile's leaves. Each follows its length as two bytes, big-endian."""
    number, width = _named(request)
    first, texts = number * WIDTH, list[bytes]()
    while len(texts) < width and (at := Position(first + len(texts))) < service.store.head:
        texts += [entry(event) for event in await service.store.read_all(at, width - len(texts))]
    if len(texts) < width:
        raise TileNotFound
    return web.Response(body=b"".join(len(text).to_bytes(2, "big") + text for text in texts), headers=_FOR_EVER)


async def inclusion_proof(service: Service, request: web.Request) -> web.Response:
    """A proof that an event is in the log."""
    position, size = POSITION.of(request), SIZE.of(request, service.store.head)
    events = await service.store.read_all(Position(position - 1), 1) if position <= service.store.head else []
    try:
        proof = await service.tree.inclusion(Position(position), size)
        root = await service.tree.root(size)
    except ValueError:
        raise NoProof from None
    return json_answer(
        {
            "position": position,
            "size": size,
            "leaf_hash": _text(leaf_of(events[0])),
            "root_hash": _text(root),
            "hashes": [_text(hashed) for hashed in proof],
        }
    )


async def consistency_proof(service: Service, request: web.Request) -> web.Response:
    """A proof that the log only grew between two sizes."""
    old, new = FROM.of(request), TO.of(request, service.store.head)
    try:
        proof = await service.tree.consistency(old, new)
        roots = [await service.tree.root(size) for size in (old, new)]
    except ValueError:
        raise NoProof from None
    return json_answer(
        {
            "from": old,
            "to": new,
            "from_root_hash": _text(roots[0]),
            "to_root_hash": _text(roots[1]),
            "hashes": [_text(hashed) for hashed in proof],
        }
    )


def _named(request: web.Request) -> tuple[int, int]:
    """The number and the width of the tile that the path names."""
    parts = _PARTIAL.fullmatch(request.match_info["tile"])
    try:
        number, width = number_of(parts["number"] if parts else ""), int(parts["width"] or WIDTH) if parts else 0
    except ValueError:
        raise TileNotFound from None
    if width > WIDTH or (parts and parts["width"] and width == WIDTH):
        raise TileNotFound
    return number, width


def _text(hashed: bytes) -> str:
    return base64.b64encode(hashed).decode()
