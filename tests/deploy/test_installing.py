"""The wheel in an empty environment: installed, set up, served and used, with each Python that is here."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from scripts.scripted_model import Rule, Say, ScriptedModel, opencode_config, when, without_catalogue

ROOT = Path(__file__).parents[2]
PROMPT = "Say hello to the person who installed this."

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    assert built
    [file] = folder.glob("*.whl")
    return file


def python(version: str) -> str:
    """The interpreter of a version; without one the test is skipped."""
    own = Path.home() / ".pyenv/versions"
    for each in (Path(shutil.which(f"python{version}") or "none"), *own.glob(f"{version}.*/bin/python")):
        if (
            each.exists()
            and not subprocess.run([each, "-c", "import ensurepip"], capture_output=True, check=False).returncode
        ):
            return str(each)
    pytest.skip(f"Python {version} isn't here")


def empty(home: Path) -> dict[str, str]:
    """An environment without anything of the developer's, but for where packages come from."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "SSL_", "NODE_EXTRA", "npm_", "UV_"))
    }
    return {**kept, "HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "TERM": "dumb"}


async def done(*command: str | Path, env: Mapping[str, str], cwd: Path | None = None) -> str:
    """The output of a command that must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, f"{command}\n{output.decode()}"
    return output.decode()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
async def test_pip_setup_serve_run(tmp_path: Path, wheel: Path, version: str) -> None:
    """`pip install`, `setup`, `serve`, `run`: nothing else is needed, and the agent's answer is on the screen."""
    home, project = tmp_path / "home", tmp_path / "shop"
    home.mkdir()
    await done("git", "init", "--quiet", project, env=empty(home))
    for name in ("pip.conf", "npmrc"):
        assert not (home / name).exists()
    for setting in (".npmrc", ".config/pip/pip.conf"):
        if (Path.home() / setting).exists():
            (home / setting).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path.home() / setting, home / setting)
    await done(python(version), "-m", "venv", tmp_path / "venv", env=empty(home))
    program = tmp_path / "venv/bin/opencode-ledger"
    await done(tmp_path / "venv/bin/pip", "install", "--quiet", wheel, env=empty(home))
    assert "opencode 1." in await done(program, "setup", env=empty(home))
    rules: list[Rule] = [when(PROMPT, [Say("Hello, and welcome.", 0)])]
    async with ScriptedModel(rules) as model:
        (tmp_path / "opencode.json").write_text(json.dumps(opencode_config(model.base_url)), encoding="utf-8")
        without_catalogue(tmp_path / "agents")
        options = (
            "--port",
            "0",
            "--opencode-config",
            tmp_path / "opencode.json",
            "--opencode-home",
            tmp_path / "agents",
        )
        service = await asyncio.create_subprocess_exec(
            *(program, "serve", *options), env=empty(home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert service.stdout is not None
        try:
            url = (await service.stdout.readline()).decode().split()[-1]
            env = {**empty(home), "LEDGER_URL": url}
            shown = await done(program, "run", "--register", PROMPT, env=env, cwd=project)
            assert "Hello, and welcome." in shown
            assert "shop" in await done(program, "ps", env=env)
        finally:
            service.terminate()
            assert await service.wait() == 0
    assert "sound" in await done(program, "audit", "verify", env=empty(home))


@pytest.mark.parametrize("tool", ["pipx", "uvx"])
async def test_tools_that_run_without_installing(tmp_path: Path, wheel: Path, tool: str) -> None:
    """pipx and uvx run the command from the wheel alone."""
    program = shutil.which(tool) or pytest.skip(f"{tool} isn't installed")
    how = {"pipx": ("run", "--spec", wheel, "opencode-ledger"), "uvx": ("--from", wheel, "opencode-ledger")}[tool]
    env = {
        **os.environ,
        "PIPX_HOME": str(tmp_path / "pipx"),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_PYTHON": sys.executable,
    }
    shown = await done(program, *how, "--help", env=env)
    assert "Run opencode agents" in shown
