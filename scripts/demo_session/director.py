"""The course of the demo: what the user does, when, and what is shown of it."""

import asyncio
import json
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

import psutil
from rich.text import Text

from opencode_ledger.http.cli.live.page import Page

from . import forgery
from . import story as script
from .client import Client, Frame
from .screen import Screen
from .stage import Stage

PATIENCE: Final = 60.0
"""Seconds after which an event that should have come will not come any more."""


class NothingHappened(Exception):
    """An event did not come in time."""


class Director:
    """Plays the user. `pace`: seconds per word of the model, 0 for as fast as it goes."""

    def __init__(self, stage: Stage, client: Client, page: Page, story: script.Story) -> None:
        self._stage, self._client, self._page, self._story = stage, client, page, story
        self._screen = Screen(page, stage.project)
        self._frames: list[Frame] = []
        self._news = asyncio.Condition()
        self._codebase = ""

    async def play(self) -> None:
        """All acts, while the stream is shown as it comes."""
        body = {"name": "cart", "path": str(self._stage.project)}
        self._heading("1", "Register a codebase and watch its events.")
        answer = await self._post("/codebases", body)
        self._codebase = str(cast("Mapping[str, object]", answer["codebase"])["id"])
        self._page.plain()
        self._page.plain(f"  GET  {self._short(f'/codebases/{self._codebase}/events')}", "bold")
        watching = asyncio.create_task(self._watch())
        acting = asyncio.create_task(self._acts())
        try:
            await asyncio.wait((watching, acting), return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
                raise NothingHappened("the event stream ended early")
            await acting
        finally:
            watching.cancel()
            acting.cancel()
            await asyncio.gather(watching, acting, return_exceptions=True)

    async def _acts(self) -> None:
        await self._saw("codebase")
        await self._steered_run()
        await self._interrupted_run()
        await self._what_is_left()
        await self._forged_record()

    # --- the acts -----------------------------------------------------------------------------------------------

    async def _steered_run(self) -> None:
        self._heading("2", "Start a task, and send a follow-up while the agent works.")
        await self._command("/trigger", {"prompt": script.FIX})
        self._page.line("", Text("opencode starts. This takes a few seconds", "dim"))
        await self._saw("output", "passes")
        await self._command("/message", {"message": script.ROUND})
        await self._saw("message_sent", script.ROUND)
        self._story.steered.set()
        await self._saw("complete")

    async def _interrupted_run(self) -> None:
        self._heading("3", "Interrupt an agent, resume it with a message, and stop it.")
        await self._command("/trigger", {"prompt": script.DOCUMENT})
        await self._saw("output", "compiles")
        await self._command("/interrupt")
        await self._saw("status", "interrupted")
        await self._command("/message", {"message": script.NO_RUST})
        await self._saw("tool_use", script.WATCH_TESTS)
        await self._pause(2.0)
        await self._command("/stop")
        await self._saw("complete", "stopped")

    async def _what_is_left(self) -> None:
        self._heading("4", "What remains.")
        self._page.plain()
        agents = await asyncio.to_thread(_descendants, self._stage.service.pid)
        self._fact("processes", f"{agents} of opencode and its tools are running")
        self._fact("git status", await asyncio.to_thread(_git_status, self._stage.project))
        log = self._stage.data / "ledger.db"
        self._fact("log", f"{self._frames[-1].id} events in one SQLite file, {log.name}")
        again = await self._read_again(self._frames[-1].id)
        same = [frame.raw for frame in again] == [frame.raw for frame in self._frames]
        verdict = "the same bytes as live" if same else "NOT the same bytes as live"
        self._fact("replay", f"{len(again)} events read again: {verdict}")

    async def _forged_record(self) -> None:
        self._heading("5", "Change one byte of a copy of the record, and let the audit find it.")
        copy = self._stage.data.with_name("copy")
        self._page.plain()
        await asyncio.to_thread(forgery.copy_of, self._stage.data, copy)
        place = await asyncio.to_thread(forgery.change_one_byte, copy)
        self._fact(
            "changed",
            f'byte {place:,} of copy/ledger.db: "{forgery.BEFORE.decode()}" is "{forgery.AFTER.decode()}"',
        )
        for name, data in (("the copy", copy), ("the log", self._stage.data)):
            self._page.plain()
            self._page.plain(f"  opencode-ledger audit verify --data {data.name}", "bold")
            verdict = await asyncio.to_thread(forgery.verdict_on, data)
            self._page.block(verdict, "red" if name == "the copy" else "green", indent=7)

    # --- the user's hands ---------------------------------------------------------------------------------------

    async def _command(self, action: str, body: Mapping[str, object] | None = None) -> None:
        await self._post(f"/codebases/{self._codebase}{action}", body)

    async def _post(self, path: str, body: Mapping[str, object] | None) -> Mapping[str, object]:
        """Say what is sent before it is sent: the events may be faster than the answer."""
        await self._pause(1.0)
        self._page.plain()
        self._page.plain(Text.assemble((f"  POST {self._short(path)}", "bold")))
        if body is not None:
            self._page.block(json.dumps(body, ensure_ascii=False), "dim", indent=7)
        return await self._client.post(path, body)

    def _short(self, path: str) -> str:
        return self._page.glyph("…", "...") + path

    def _heading(self, number: str, text: str) -> None:
        self._page.plain()
        self._page.plain(Text.assemble((f" {number} ", "bold reverse"), (f" {text}", "bold")))

    def _fact(self, name: str, text: str) -> None:
        self._page.plain(Text.assemble((f"  {name:<11}", "cyan"), text))

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds if self._story.pace else 0)

    # --- the user's eyes ----------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        async for frame in self._client.events(self._codebase):
            self._screen.show(frame)
            async with self._news:
                self._frames.append(frame)
                self._news.notify_all()

    async def _saw(self, event: str, text: str = "") -> None:
        """Wait until the next act's cue has come: an event of that name that contains `text`."""
        wanted = json.dumps(text, ensure_ascii=False)[1:-1].encode()

        def came() -> bool:
            return any(frame.event == event and wanted in frame.raw for frame in self._frames)

        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(came)
                return
        raise NothingHappened(f"no {event!r} event{f' with {text!r}' if text else ''} came within {PATIENCE:.0f} s")

    async def _read_again(self, upto: int) -> list[Frame]:
        again: list[Frame] = []
        async for frame in self._client.events(self._codebase):
            again.append(frame)
            if frame.id == upto:
                break
        return again


def _descendants(pid: int) -> int:
    return len(psutil.Process(pid).children(recursive=True))


def _git_status(project: Path) -> str:
    changed = subprocess.run(["git", "status", "--short"], cwd=project, check=True, capture_output=True, text=True)
    return ", ".join(changed.stdout.splitlines()).strip()
