"""Everything that takes part, in one temporary folder: the project, the scripted model, the service's own process.

    folder/project/        a git repository, the codebase
    folder/data/           the service's data directory: ledger.db and the views
    folder/home/           the agents' private home, so that nobody's own opencode is touched
    folder/tmp/            where opencode unpacks parts of itself
    folder/opencode.json   names the scripted model as the only provider
    folder/service.log     what the service says on standard error

When the stage is left, however that happens, the service has ended, and its agents with it.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..scripted_model import Rule, ScriptedModel, without_catalogue

ROOT = Path(__file__).resolve().parents[2]
READY = "opencode-ledger listening on "
START_LIMIT = 30.0
END_LIMIT = 15.0


class StageFailed(Exception):
    """Something that should have started did not; the message says what to do."""


@dataclass(frozen=True)
class Stage:
    """What takes part: the service at `url`, the `project` it works on, its `data`, the `model` behind the agents."""

    url: str
    project: Path
    data: Path
    model: ScriptedModel
    service: asyncio.subprocess.Process


@asynccontextmanager
async def stage(
    folder: Path, files: Mapping[str, str], rules: Sequence[Rule], config: Callable[[str], Mapping[str, object]]
) -> AsyncGenerator[Stage]:
    """Set the stage in `folder`. `config`: from the model's URL to the agents' opencode.json."""
    project = make_project(folder / "project", files)
    async with ScriptedModel(rules) as model:
        (folder / "opencode.json").write_text(json.dumps(config(model.base_url)), encoding="utf-8")
        async with _service(folder) as (process, url):
            yield Stage(url, project, folder / "data", model, process)


def make_project(path: Path, files: Mapping[str, str]) -> Path:
    """A git repository with one commit that holds `files`."""
    path.mkdir()
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(content, encoding="utf-8")
    who = ["-c", "user.name=Demo", "-c", "user.email=demo@example.com", "-c", "commit.gpgsign=false"]
    for step in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "--message", "As it was"]):
        subprocess.run(["git", *step], cwd=path, check=True, stdout=subprocess.DEVNULL)
    return path.resolve()


def find_opencode() -> Path | None:
    """The opencode to use: the one named in the environment, else the project's own, else the one on PATH."""
    own = ROOT / ".tools/bin/opencode"
    found = os.environ.get("LEDGER_OPENCODE_BINARY") or (str(own) if own.exists() else shutil.which("opencode"))
    return Path(found) if found else None


@asynccontextmanager
async def _service(folder: Path) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str]]:
    without_catalogue(folder / "home")
    (folder / "tmp").mkdir()
    options = ["--port", "0", "--data", str(folder / "data"), "--opencode-home", str(folder / "home")]
    options += ["--opencode-config", str(folder / "opencode.json")]
    if binary := find_opencode():
        options += ["--opencode-binary", str(binary)]
    with (folder / "service.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "opencode_ledger", "serve", *options),
            env={**_environment(), "TMPDIR": str(folder / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us. We end the service ourselves
        )
    try:
        yield process, await _ready(process)
    finally:
        await asyncio.shield(_end(process))


def _environment() -> dict[str, str]:
    """Ours, but for settings of the service that the user may have made for another purpose."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}


async def _ready(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None  # it is a pipe
    line = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(START_LIMIT):
            line = await process.stdout.readline()
    if not line.startswith(READY.encode()):
        raise StageFailed("the service did not start")
    return line.decode().strip().removeprefix(READY)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the service, by force if it doesn't end in time."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(END_LIMIT):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
