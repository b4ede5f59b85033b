"""One service with the real agent for all tests of the command line that need one, and a way to run commands on it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from scripts.scripted_model import ScriptedModel
from tests.cli.walk import CART, RULES, Screen, Walk
from tests.faults.service import Service
from tests.opencode.live import make_repository, opencode_binary
from tests.support.command_line import Command, run_here
from tests.support.process import Ended, end_of, environment


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """The service outlives a test of this folder; what it leaves behind is looked for when it has ended."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service that runs for as long as the module's tests do."""
    binary = opencode_binary()
    if binary is None:
        pytest.skip("opencode is not installed here")
    async with ScriptedModel(RULES) as model:
        service = Service(tmp_path_factory.mktemp("service").resolve(), binary, model)
        try:
            await service.start()
            yield service
        finally:
            left = await service.close()
    assert left == {}, "the service left processes behind"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person's home, with nothing in it yet."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def seen(service: Service, home: Path) -> dict[str, str]:
    """The environment of this person."""
    return {"LEDGER_URL": service.url, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}


@dataclass(frozen=True)
class Walked:
    """The repository in which the whole job was done first, and what the terminal showed of it."""

    shop: Path
    screens: Sequence[Screen]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def walked(service: Service, seen: dict[str, str]) -> Walked:
    """The whole job, in a service that has seen nothing yet; other tests go on from there."""
    shop = make_repository(service.folder / "shop")
    (shop / "cart.py").write_text(CART)
    return Walked(shop, await Walk(shop, seen).screens())


@pytest.fixture
def shop(walked: Walked) -> Path:
    """A repository that is registered."""
    return walked.shop


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ended]:
    """Runs a command line within this process, in an empty directory."""
    for name in ("LEDGER_URL", "LEDGER_TOKEN", "LEDGER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return partial(run_here, monkeypatch, capsys)


@pytest.fixture
def typed(
    shop: Path, seen: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs a command in the repository within this process, which takes less time than another process."""
    for name, value in seen.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(shop)
    return partial(asyncio.to_thread, run_here, monkeypatch, capsys)


async def in_a_pipe(*words: str, cwd: Path, env: dict[str, str], given: str | None = None) -> Ended:
    """A command whose output another program reads, to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "opencode_ledger", *words),
        stdin=asyncio.subprocess.PIPE if given is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env=environment(env),
    )
    if given is None:
        return await end_of(process)
    output, errors = await process.communicate(given.encode())
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())
