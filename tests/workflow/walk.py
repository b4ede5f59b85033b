"""The walk through the Complete Workflow: two runs, typed line by line, and everything that came back."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import psutil
from scripts.demo_session.client import Frame
from scripts.demo_session.stage import Stage, stage

from . import lines, model
from .lines import Line
from .terminal import Terminal


@dataclass(frozen=True)
class Answer:
    """A line and what curl printed for it."""

    line: Line
    text: str

    @property
    def content(self) -> object:
        """The JSON of the answer."""
        return cast("object", json.loads(self.text))

    @property
    def members(self) -> Mapping[str, object]:
        """The JSON object of the answer."""
        return cast("Mapping[str, object]", self.content)


@dataclass
class Walk:
    """What was seen: `answers` by line in order, `first` and `second` the runs' events, `history` all of them."""

    project: str = ""
    answers: list[Answer] = field(default_factory=list[Answer])
    first: list[Frame] = field(default_factory=list[Frame])
    second: list[Frame] = field(default_factory=list[Frame])
    live: bytes = b""
    history: bytes = b""
    files: dict[str, str] = field(default_factory=dict[str, str])
    processes_while_running: list[str] = field(default_factory=list[str])
    processes_after_stop: list[str] = field(default_factory=list[str])

    def answer(self, line: Line, nth: int = 0) -> Answer:
        """What came back when the line was typed for the nth time, from 0."""
        return [answer for answer in self.answers if answer.line is line][nth]


async def walk(folder: Path) -> Walk:
    """Do it all in `folder`, against a service of its own."""
    seen = Walk()
    async with stage(folder, model.PROJECT, [model.first_run()], model.anthropic_config) as scene:
        seen.project = str(scene.project)
        terminal = Terminal(scene.url, seen.project)
        await _first_run(seen, scene, terminal)
        await _second_run(seen, scene, terminal)
        async with await terminal.watch(lines.WATCH_ALL) as watch:
            await watch.saw("complete", '"stopped"')
        seen.history = watch.printed
    return seen


async def _type(seen: Walk, terminal: Terminal, line: Line) -> Answer:
    answer = Answer(line, await terminal.type(line))
    seen.answers.append(answer)
    return answer


async def _first_run(seen: Walk, scene: Stage, terminal: Terminal) -> None:
    await _type(seen, terminal, lines.STATUS)
    registered = await _type(seen, terminal, lines.REGISTER)
    terminal.codebase = str(cast("Mapping[str, object]", registered.members["codebase"])["id"])
    await _type(seen, terminal, lines.MODELS)
    await _type(seen, terminal, lines.TRIGGER)
    async with await terminal.watch(lines.WATCH) as watch:
        await watch.saw("complete")
    seen.first, seen.live = watch.frames, watch.printed
    changed = (str(frame.data["path"]) for frame in seen.first if frame.event == "file_change")
    seen.files = {path: (scene.project / path).read_text(encoding="utf-8") for path in changed}
    await _type(seen, terminal, lines.AGENT)


async def _second_run(seen: Walk, scene: Stage, terminal: Terminal) -> None:
    steered = asyncio.Event()
    scene.model.rules = model.second_run(steered)
    await _type(seen, terminal, lines.TRIGGER)
    async with await terminal.watch(lines.WATCH) as watch:
        await watch.saw("output", "do.")
        await _type(seen, terminal, lines.FOLLOW_UP)
        steered.set()
        await watch.saw("output", "wi")  # its last letters wait where a secret begins so
        await _type(seen, terminal, lines.INTERRUPT)
        await _type(seen, terminal, lines.AGENT)
        await _type(seen, terminal, lines.RESUME)
        await watch.saw("tool_use", model.SLEEP)
        await _until_it_sleeps(seen, scene)
        await _type(seen, terminal, lines.STOP)
        seen.processes_after_stop = _processes(scene)
        await watch.saw("complete")
    seen.second = watch.frames
    await _type(seen, terminal, lines.AGENT)


async def _until_it_sleeps(seen: Walk, scene: Stage) -> None:
    """Wait until the tool's own process is there, so that the stop has something to end."""
    async with asyncio.timeout(30):
        while not any(model.SLEEP in process for process in seen.processes_while_running):
            seen.processes_while_running = await asyncio.to_thread(_processes, scene)


def _processes(scene: Stage) -> list[str]:
    """The command lines of all that the service has started and that is alive."""
    children = psutil.Process(scene.service.pid).children(recursive=True)
    found: list[str] = []
    for child in children:
        try:
            found.append(" ".join(child.cmdline()))
        except psutil.Error:
            continue  # it has ended meanwhile
    return found
