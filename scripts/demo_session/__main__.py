"""The command line of the demo, its temporary folder, and its end: also by Ctrl-C nothing is left behind."""

import argparse
import asyncio
import io
import os
import signal
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, cast

import aiohttp
from rich.text import Text

from opencode_ledger.http.cli.live.page import Page
from opencode_ledger.http.cli.screen import Terminal

from ..scripted_model import opencode_config
from . import story as script
from .client import Client, RequestRefused
from .director import Director, NothingHappened
from .picture import svg_of
from .screen import page_of
from .stage import Stage, StageFailed, stage

PACE: Final = 0.07
"""Seconds per word: a little faster than one reads aloud."""

NEXT: Final = """
  ./scripts/serve        the same with your own opencode and its credentials
  ./scripts/serve --help

  cd /home/me/app
  opencode-ledger run "Add tests"     start an agent there and follow it
  opencode-ledger ps                  what all agents are doing
  opencode-ledger --help              it is in .venv/bin of this clone

  docs/commands.md       the command line, from the first run to the diff
  docs/first-run.md      the same with curl, and every answer
  docs/guarantees.md     the promises, each with its tests
"""


def main() -> int:
    """Exit status: 0 after all parts, 1 if something failed, 130 after Ctrl-C."""
    arguments = _arguments()
    # An agent may write what this terminal can't show.
    cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="replace")
    console = Terminal(highlight=False, record=arguments.svg is not None)
    try:
        with _folder(keep=arguments.keep) as folder:
            status = asyncio.run(_run(console, folder, 0 if arguments.fast else PACE, stay=arguments.stay))
            if arguments.keep:
                console.print(f"\n  kept: {folder}", soft_wrap=True)
    except KeyboardInterrupt:
        return 130
    if arguments.svg and not status:
        arguments.svg.write_text(svg_of(console, "2 ", "3 "), encoding="utf-8")
    return status


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description="Show the whole service at work, within a minute."
    )
    parser.add_argument("--fast", action="store_true", help="without pauses, for tests")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder with the project and the log")
    parser.add_argument(
        "--stay", action="store_true", help="keep the service up at the end, for a look round; Ctrl-C ends it"
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also save part 2, with the follow-up, as a picture")
    return parser.parse_args()


@contextmanager
def _folder(*, keep: bool) -> Generator[Path]:
    prefix = "opencode-ledger-demo-"
    if keep:
        yield Path(tempfile.mkdtemp(prefix=prefix))
        return
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def _run(console: Terminal, folder: Path, pace: float, *, stay: bool) -> int:
    _cancel_on_signals()
    page = page_of(console)
    page.plain()
    page.plain(Text.assemble(("opencode-ledger", "bold"), "  a real service, a real opencode, a scripted model"))
    try:
        await _play(page, folder, script.Story(pace), stay=stay)
    except asyncio.CancelledError:
        page.plain()
        page.plain("Interrupted. The service and everything that it started have ended.", "magenta")
        return 130
    except (StageFailed, RequestRefused, NothingHappened, aiohttp.ClientError, OSError) as failure:
        page.plain()
        page.plain(f"The demo failed: {failure}", "red")
        _show_log(page, folder / "service.log")
        page.plain("Run it again with --keep to see all the files. ./scripts/setup completes an unfinished set-up.")
        return 1
    page.plain()
    page.plain(Text.assemble((" next ", "bold reverse")))
    page.plain(NEXT.rstrip())
    page.plain()
    return 0


async def _play(page: Page, folder: Path, story: script.Story, *, stay: bool) -> None:
    async with stage(folder, script.PROJECT, story.rules(), opencode_config) as scene, aiohttp.ClientSession() as http:
        page.plain(f"{scene.url}  pid {scene.service.pid}", "dim")
        await Director(scene, Client(http, scene.url), page, story).play()
        if stay:
            await _look_round(page, scene)


async def _look_round(page: Page, scene: Stage) -> None:
    """Keep the service up until Ctrl-C."""
    page.plain()
    page.plain(Text.assemble((" look round ", "bold reverse")))
    page.plain()
    for name, place in (
        ("page", f"{scene.url}/"),
        ("API", f"{scene.url}/docs"),
        ("project", f"{scene.project}"),
        ("data", f"{scene.data}"),
    ):
        page.plain(Text.assemble((f"  {name:<11}", "cyan"), place))
    page.plain()
    page.plain("  The service stays up. Ctrl-C ends it, and removes the files.")
    with suppress(asyncio.CancelledError):
        await asyncio.get_running_loop().create_future()


def _show_log(page: Page, log: Path) -> None:
    if log.exists() and (lines := log.read_text(encoding="utf-8", errors="replace").splitlines()):
        page.plain("The last lines of the service's log:", "dim")
        for line in lines[-5:]:
            page.plain(f"  {line}", "dim")


def _cancel_on_signals() -> None:
    """The first signal ends the demo in good order; more of them change nothing."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # called from the coroutine that asyncio.run runs

    def cancel() -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        task.cancel()

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, cancel)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
