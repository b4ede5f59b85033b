"""A service for each module of tests here: the real one with the real opencode, started once where a test doesn't end it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from scripts.scripted_model import ScriptedModel

from ..opencode.live import opencode_binary
from .person import Person, at_work
from .service import Service


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module on one worker, so that it starts no more services than it needs."""
    here = f"{Path(__file__).parent}/"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """The service outlives a test of this folder; what it leaves behind is looked for when it has ended."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel() as model:
        yield model


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, model: ScriptedModel) -> AsyncIterator[Service]:
    """A service that is yet to be started."""
    binary = opencode_binary()
    if binary is None:
        pytest.skip("opencode is not installed here")
    service = Service(tmp_path_factory.mktemp("service").resolve(), binary, model)
    try:
        yield service
    finally:
        left = await service.close()
    assert left == {}, "the service left processes behind"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def person(service: Service) -> AsyncIterator[Person]:
    """Somebody who works with opencode beside the service."""
    async with at_work(service) as person:
        yield person


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(service: Service) -> Service:
    """A service that runs for as long as the module's tests do."""
    await service.start()
    return service
