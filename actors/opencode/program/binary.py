"""Finds the opencode executable, and makes sure that we understand its version."""

import asyncio
import os
import re
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from ....domain.errors import AgentUnavailable
from .shortage import why

SUPPORTED = "1.18."
NPM_VERSION = "1.18.33"

_ADVICE = "Run `opencode-ledger setup`, which fetches it, or give its path with --opencode-binary."


def candidates(given: Path | None, tools_dir: Path | None = None, path: str | None = None) -> list[Path]:
    """The executables to try: the given one alone, else those on `path` (None: PATH), then the project's own.

    Blocking. Raises `AgentUnavailable`, saying what to do, if there is none.
    """
    if given is not None:
        return [_given(given)]
    own = [place for place in _own(tools_dir) if os.access(place, os.X_OK) and place.is_file()]
    if found := [*on_path("opencode", path), *own]:
        return found
    raise AgentUnavailable(f"opencode was not found. {_ADVICE}")


def on_path(name: str, path: str | None = None) -> list[Path]:
    """All executables of a name on `path` (None: PATH), in its order, each once. Blocking."""
    places = (os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep)
    found = [Path(program) for place in places if place and (program := shutil.which(name, path=place))]
    return list({os.path.realpath(binary): binary for binary in reversed(found)}.values())[::-1]


def supported(version: str) -> bool:
    """Whether we understand this version's server."""
    return version.startswith(SUPPORTED)


def wrong_version(version: str) -> str:
    """What to say about a version that we don't understand."""
    return f"opencode {version or 'of an unknown version'} is not supported; {SUPPORTED}x is. {_ADVICE}"


async def read_version(binary: Path, path: str, limit: float) -> str:
    """Ask the executable for its version. Raises `AgentUnavailable` if it can't be run."""
    home = await asyncio.to_thread(tempfile.TemporaryDirectory[str], prefix="opencode-ledger-")
    try:
        places = {"HOME": home.name, "TMPDIR": home.name, "PATH": path}
        output = await _run(binary, {**places, "OPENCODE_DISABLE_AUTOUPDATE": "1"}, limit)
    except OSError as error:
        raise AgentUnavailable(f"{binary} can't be run: {why(error)}. {_ADVICE}") from None
    finally:
        await asyncio.to_thread(home.cleanup)
    found = re.search(rb"\d+\.\d+\.\d+\S*", output)
    return found[0].decode("ascii", "replace") if found else ""


async def _run(binary: Path, environment: dict[str, str], limit: float) -> bytes:
    process = await asyncio.create_subprocess_exec(
        binary,
        "--version",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limit):
            output, _ = await process.communicate()
            return output
    except TimeoutError:
        raise AgentUnavailable(f"{binary} did not report its version within {limit:.0f} s. {_ADVICE}") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a script may have started something, which would stay
            await process.wait()


def _given(binary: Path) -> Path:
    binary = binary.expanduser().absolute()
    if not binary.is_file():
        raise AgentUnavailable(f"There is no opencode at {binary}. Check --opencode-binary.")
    if not os.access(binary, os.X_OK):
        raise AgentUnavailable(f"{binary} can't be executed. Check --opencode-binary.")
    return binary


def _own(tools_dir: Path | None) -> list[Path]:
    if tools_dir is None:
        return []
    packages = sorted((tools_dir / "node_modules").glob("opencode-*/bin/opencode"))
    return [tools_dir / "opencode", tools_dir / "bin/opencode", *packages]
