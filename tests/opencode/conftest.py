"""Fixtures for tests against the real opencode and a scripted model."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from opencode_ledger.actors.opencode import OpencodeAgents, OpencodeSettings, sweep_all
from scripts.scripted_model import ScriptedModel, opencode_config
from scripts.scripted_model.config import Permissions

from .live import Live, make_repository, opencode_binary

MakeLive = Callable[..., Live]


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

        def make(*, permission: Permissions | None = None, trusted: bool = False, **tuning: float) -> Live:
            settings = OpencodeSettings(
                instance=instance,
                binary=binary,
                home=tmp_path / "home",
                config=opencode_config(model.base_url, permission, chunk_timeout_ms=5000),
                **tuning,  # type: ignore[arg-type]
            )
            directory = tmp_path / "project"
            if not directory.exists():
                make_repository(directory)
            live = Live(OpencodeAgents(settings), settings, directory.resolve(), trusted)
            stack.push_async_callback(live.agent.stop)
            return live

        yield make


@pytest.fixture
def live(make_live: MakeLive) -> Live:
    return make_live()
