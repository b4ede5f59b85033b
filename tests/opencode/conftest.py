"""Fixtures for tests against the real opencode and a scripted model."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from scripts.scripted_model import ScriptedModel, opencode_config, without_catalogue
from scripts.scripted_model.config import Permissions

from opencode_ledger.actors.opencode import OpencodeAgents, OpencodeSettings, sweep_all

from .live import Live, make_repository, opencode_binary

MakeLive = Callable[..., Live]
STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share an agent on one worker."""
    for item in items:
        if isinstance(item, pytest.Function) and "kept" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel() as model:
        yield model


@pytest.fixture
async def make_live(tmp_path: Path, model: ScriptedModel) -> AsyncIterator[MakeLive]:
    """Makes agents that share one home, as those of one server do; all are stopped at the end."""
    binary = opencode_binary()
    if binary is None:
        pytest.skip("opencode is not installed here")
    async with AsyncExitStack() as stack:
        instance = secrets.token_hex(8)
        stack.push_async_callback(sweep_all, instance)

        def make(
            *,
            permission: Permissions | None = None,
            trusted: bool = False,
            directory: Path | None = None,
            **tuning: float,
        ) -> Live:
            settings = OpencodeSettings(
                instance=instance,
                binary=binary,
                home=without_catalogue(tmp_path / "home"),
                scratch_dir=tmp_path / "scratch",
                config=opencode_config(model.base_url, permission, chunk_timeout_ms=5000),
                **tuning,  # type: ignore[arg-type]
            )
            if directory is None and not (tmp_path / "project").exists():
                make_repository(tmp_path / "project")
            place = directory or tmp_path / "project"
            place.mkdir(exist_ok=True)
            live = Live(OpencodeAgents(settings), settings, place.resolve(), trusted)
            stack.push_async_callback(live.agent.stop)
            return live

        yield make


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept_model() -> AsyncIterator[ScriptedModel]:
    """The model of the agent that a module's tests share."""
    async with ScriptedModel() as model:
        yield model


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept_agent(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kept_model: ScriptedModel
) -> AsyncIterator[Live]:
    """One agent for a module's tests, with the module's `PERMISSION`: each start costs seconds of the processor."""
    binary = opencode_binary()
    if binary is None:
        pytest.skip("opencode is not installed here")
    folder = tmp_path_factory.mktemp("kept")
    module = cast("pytest.Module", request.node)  # pyright: ignore[reportUnknownMemberType] pytest gives it no type
    permission: Permissions | None = getattr(module.module, "PERMISSION", None)
    settings = OpencodeSettings(
        instance=secrets.token_hex(8),
        binary=binary,
        home=without_catalogue(folder / "home"),
        scratch_dir=folder / "scratch",
        config=opencode_config(kept_model.base_url, permission, chunk_timeout_ms=5000),
    )
    live = Live(OpencodeAgents(settings), settings, make_repository(folder / "project"), trusted=False)
    yield live
    await live.agent.stop()
    assert await sweep_all(settings.instance) == 0


@pytest.fixture
def kept(kept_agent: Live) -> Live:
    """The shared agent, of which nothing was recorded yet. Its directory has what earlier tests left in it."""
    kept_agent.record_afresh()
    return kept_agent


@pytest.fixture
def live(make_live: MakeLive) -> Live:
    return make_live()


@pytest.fixture
async def make_stand_in(tmp_path: Path) -> AsyncIterator[MakeLive]:
    """Makes agents on the stand-in for opencode; all are stopped at the end."""
    async with AsyncExitStack() as stack:
        instance = secrets.token_hex(8)
        stack.push_async_callback(sweep_all, instance)

        def make(binary: Path = STAND_IN, **tuning: float) -> Live:
            settings = OpencodeSettings(instance=instance, binary=binary, **tuning)  # type: ignore[arg-type]
            directory = tmp_path / "project"
            directory.mkdir(exist_ok=True)
            live = Live(OpencodeAgents(settings), settings, directory.resolve(), trusted=False)
            stack.push_async_callback(live.agent.stop)
            return live

        yield make
