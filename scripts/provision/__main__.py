"""Makes what `scripts/setup` found missing: `python -m scripts.provision {run|dev} {agent|no-agent}`.

On standard input comes what all is made from. It is written into the environment when everything is in place, last
and at once: so an interrupted set-up is simply run again, and a finished one is recognised by comparing bytes.
Two at a time take turns.
"""

import fcntl
import shutil
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from scripts.provision.node import npm_of
from scripts.provision.packages import VENV, install_packages
from scripts.provision.progress import LOG, ROOT, TOOLS, say

from opencode_ledger.http.setup.opencode import install_opencode
from opencode_ledger.http.setup.programs import Runner, SetupFailed

_NEEDED_MB: Final = {"run": 700, "dev": 1500}


def main() -> int:
    """Exit status: 0 when all is in place, 1 when something failed."""
    profile, agent = sys.argv[1:]
    ingredients = sys.stdin.buffer.read()
    started = time.monotonic()
    try:
        with _lock() as lock:
            LOG.unlink(missing_ok=True)
            _provision(Runner(lock, ROOT, LOG, say), profile, agent, ingredients)
    except SetupFailed as failure:
        say(str(failure))
        say(failure.advice)
        return 1
    except OSError as error:
        say(f"{error.filename or ROOT}: {error.strerror}")
        say("Fix that and run this again.")
        return 1
    except KeyboardInterrupt:
        say("interrupted. Run this again to continue")
        return 1
    say(f"all in place after {time.monotonic() - started:.0f} s")
    return 0


def _provision(runner: Runner, profile: str, agent: str, ingredients: bytes) -> None:
    made = VENV / f"made-{profile}"
    enough = {made, VENV / "made-dev"}  # the packages for work hold those for use
    if not any(stamp.is_file() and stamp.read_bytes() == ingredients for stamp in enough):
        _see_to_space(profile)
        made.unlink(missing_ok=True)
        install_packages(runner, profile)
    if agent == "agent":
        install_opencode(TOOLS, lambda: npm_of(runner), say)
    if profile == "dev":
        _install_clients(runner)
    new = made.with_suffix(".new")
    new.write_bytes(ingredients)
    new.replace(made)


def _install_clients(runner: Runner) -> None:
    """The npm clients that tests listen with."""
    clients = ROOT / "tests/clients"
    if (clients / "package-lock.json").is_file():
        say("fetching the tests' npm clients ...")
        npm_of(runner).install("fetching the tests' npm clients", clients)


def _see_to_space(profile: str) -> None:
    free = shutil.disk_usage(ROOT).free // 1_000_000
    if not VENV.exists() and free < _NEEDED_MB[profile]:
        raise SetupFailed(
            f"{_NEEDED_MB[profile]} MB of disk are needed, and {free} MB are free in {ROOT}",
            "Free some space and run this again.",
        )


@contextmanager
def _lock() -> Generator[BinaryIO]:
    """The right to change what is installed, held until the block ends and no program started in it runs."""
    TOOLS.mkdir(exist_ok=True)
    with Path(TOOLS, "setup.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running in this folder. Waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


sys.exit(main())
