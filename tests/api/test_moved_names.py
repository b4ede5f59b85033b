"""An `Idempotency-Key` and a path with a name, when names have moved between codebases since."""

import asyncio
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from aiohttp import web
from tests.support.service import Running, running

from opencode_ledger.domain.events import TaskCreated
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http import app
from opencode_ledger.http.api.service import Service
from opencode_ledger.http.api.shapes import responses
from opencode_ledger.http.route import Route
from opencode_ledger.http.routes import CODEBASE, ROUTES
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web.answers import json_answer

from .test_idempotency import code, recorded, send

TASK: Final = {"title": "t", "prompt": "p"}


class Row(NamedTuple):
    """What happens between a request and its repetition: the new names of the first, second and third codebase."""

    what: str
    first: str | None
    second: str | None = None
    third: str | None = None
    replayed: bool = True
    by_id: bool = False
    deleted: bool = False


NAME: Final = "the name"
OTHER: Final = "another name"
ROWS: Final = (
    Row("nothing", None),
    Row("nobody has the name", OTHER),
    Row("another one has it", OTHER, NAME, replayed=False),
    Row("two others have it", OTHER, NAME, NAME, replayed=False),
    Row("another one has it too", None, NAME),
    Row("it was given back", NAME, OTHER),
    Row("the first one is deleted", None, deleted=True),
    Row("the first one is deleted, and another one has the name", None, NAME, replayed=False, deleted=True),
    Row("by id, another one has the name", OTHER, NAME, by_id=True),
    Row("by id, and deleted", None, NAME, by_id=True, deleted=True),
)


async def rename(api: Running, codebase: CodebaseId, name: str | None) -> None:
    if name is not None:
        assert (await api.ask("PATCH", f"/codebases/{codebase}", {"name": name})).status == 200


async def test_a_name_that_has_moved(api: Running, subtests: pytest.Subtests) -> None:
    """A key's response is given again, unless the name is another codebase's by now. Then nothing is done, and 409 says so."""
    for number, row in enumerate(ROWS):
        with subtests.test(row.what):
            names = {NAME: f"shop-{number}", OTHER: f"mill-{number}", None: None}
            codebases = [await api.register(f"{directory}-{number}") for directory in ("a", "b", "c")]
            await rename(api, codebases[0], names[NAME])
            path, key = f"/codebases/{codebases[0] if row.by_id else names[NAME]}/tasks", f"key-{number}"
            first = await send(api, path, TASK, key)
            assert first[0] == 200
            for codebase, name in zip(codebases, (row.first, row.second, row.third), strict=True):
                await rename(api, codebase, names[name])
            if row.deleted:
                assert (await api.ask("DELETE", f"/codebases/{codebases[0]}")).status == 200
            tasks = len(await recorded(api, TaskCreated))
            again = await send(api, path, TASK, key)
            assert again == first if row.replayed else code(again) == (409, "idempotency_key_reused")
            assert len(await recorded(api, TaskCreated)) == tasks
            if not row.replayed and row.third is None:
                assert (await send(api, path, TASK, f"{key}-new"))[0] == 200


async def test_a_name_that_moves_while_the_first_request_goes_on(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repetition doesn't wait for a response about another codebase than the one that it names."""
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def long(service: Service, request: web.Request) -> web.Response:
        await service.codebase(request)
        begun.set()
        await goes_on.wait()
        return json_answer({"success": True})

    route = Route("POST", f"{CODEBASE}/long", long, responses.Done, tag="System")
    monkeypatch.setattr(app, "ROUTES", (*ROUTES, route))
    async with running(settings, tmp_path) as api:
        shop, mill = await api.register("shop"), await api.register("mill")
        first = asyncio.create_task(send(api, "/codebases/shop/long"))
        await begun.wait()
        await rename(api, shop, "bakery")
        await rename(api, mill, "shop")
        assert code(await send(api, "/codebases/shop/long")) == (409, "idempotency_key_reused")
        goes_on.set()
        assert await first == (200, b'{"success":true}')
        assert len(await recorded(api)) > 0
