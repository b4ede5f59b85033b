"""A real agent for tests: the real opencode in a repository of its own, driven by a scripted model."""

import asyncio
import atexit
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from tests.support.waiting import eventually

from opencode_ledger.actors.opencode import MARKER, OpencodeAgents, OpencodeSettings
from opencode_ledger.actors.opencode.agent import OpencodeAgent
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.codebase.facts import Fact
from opencode_ledger.domain.ids import AgentSessionId, CodebaseId, MessageId, SessionId

ROOT = Path(__file__).resolve().parents[2]
F = TypeVar("F")

LIMIT = 60.0
"""Seconds within which anything that is waited for must happen."""


def opencode_binary() -> Path | None:
    """The real opencode, if there is one here, behind a script that makes it cheaper."""
    tools = ROOT / ".tools/bin/opencode"
    named = os.environ.get("LEDGER_OPENCODE_BINARY") or (str(tools) if tools.exists() else None)
    found = named or shutil.which("opencode")
    return _cheaper(Path(found)) if found else None


@cache
def _cheaper(real: Path) -> Path:
    """A script that repeats what the real one said when it was asked once for its version, and otherwise becomes the real one.

    Each started service asks, which costs more than a second of the processor. And opencode's runtime doesn't look for
    garbage, which is two fifths of what a short life costs. No agent here lives for long: it may have a gigabyte.
    """
    said = subprocess.run([real, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    folder = Path(tempfile.mkdtemp(prefix="opencode-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    script = folder / "opencode"
    known, program = shlex.quote(said), shlex.quote(str(real.absolute()))
    script.write_text(f'#!/bin/sh\n[ "$*" != --version ] || exec echo {known}\nBUN_JSC_useGC=0 exec {program} "$@"\n')
    script.chmod(0o755)
    return script


def make_repository(directory: Path) -> Path:
    """A git repository with two files in it."""
    directory.mkdir(parents=True)
    (directory / "README.md").write_text("# Example\n")
    (directory / "old.txt").write_text("old\n")
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "First"]):
        subprocess.run(["git", *command], cwd=directory, check=True)
    return directory.resolve()


class Recorder:
    """Takes an agent's facts as its actor would, and lets a test wait for them."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.batches: list[tuple[Fact, ...]] = []
        self.may_go_on = True
        self.gate = asyncio.Event()
        self.gate.set()
        self._news = asyncio.Condition()

    async def deliver(self, facts: tuple[Fact, ...]) -> bool:
        await self.gate.wait()
        async with self._news:
            self.facts += facts
            self.batches.append(facts)
            self._news.notify_all()
        return self.may_go_on

    def of(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    @property
    def text(self) -> str:
        """All text of the agent, parts after one another as a reader would join them."""
        parts: dict[str, str] = {}
        for piece in self.of(f.TextStreamed):
            if piece.kind == "text":
                before = "" if piece.replaces else parts.get(piece.part_id, "")
                parts[piece.part_id] = before + piece.content
        return "".join(parts.values())

    async def until(self, wanted: Callable[[], bool], limit: float = LIMIT) -> None:
        async with asyncio.timeout(limit), self._news:
            await self._news.wait_for(wanted)

    async def has(self, kind: type[F], where: Callable[[F], bool] = lambda _: True, limit: float = LIMIT) -> F:
        """The first fact of a kind that fits, past or to come."""
        try:
            await self.until(lambda: any(where(fact) for fact in self.of(kind)), limit)
        except TimeoutError:
            raise AssertionError(f"no such {kind.__name__} among {self.facts}") from None
        return next(fact for fact in self.of(kind) if where(fact))

    async def end_of(self, message_id: str) -> f.RunEnded:
        return await self.has(f.RunEnded, lambda ended: ended.answers == message_id)


class Live:
    """An agent, what it reported, and its repository."""

    def __init__(self, agents: OpencodeAgents, settings: OpencodeSettings, directory: Path, trusted: bool) -> None:
        self.agents, self.settings, self.directory = agents, settings, directory
        self.recorder = Recorder()
        self.session = "sess_1"
        self.codebase = CodebaseId("cb_test")
        self.agent: OpencodeAgent = agents(self.codebase, str(directory), trusted=trusted, deliver=self._deliver)
        self._count = 0

    async def _deliver(self, facts: tuple[Fact, ...]) -> bool:
        return await self.recorder.deliver(facts)

    def record_afresh(self) -> None:
        """Forget what was recorded; the next prompt begins a session of its own."""
        self.recorder = Recorder()
        self.session = f"sess_after_{self._count}"

    async def prompt(
        self,
        text: str,
        *,
        session: str | None = None,
        agent: str = "build",
        model: str | None = None,
        files: Sequence[str] = (),
        agent_session: AgentSessionId | None = None,
    ) -> MessageId:
        """Give it a prompt, as its actor would; the message's id."""
        self._count += 1
        session = session or self.session
        opened = [fact for fact in self.recorder.of(f.SessionOpened) if fact.session_id == session]
        known = opened[-1].agent_session_id if opened else None
        message = MessageId(f"msg_{self._count}")
        await self.agent.prompt(
            Prompt(
                session_id=SessionId(session),
                agent_session_id=agent_session or known,
                message_id=message,
                text=text,
                agent=agent,
                model=model,
                files=tuple(files),
                title="A test",
            )
        )
        return message

    async def run(self, text: str, **more: str) -> f.RunEnded:
        """Give it a prompt and wait for its end."""
        return await self.recorder.end_of(await self.prompt(text, session=more.get("session")))

    def marked(self) -> list[int]:
        """The processes that carry this agent's marker."""
        entry = f"{MARKER}={self.settings.instance}:".encode()
        found: list[int] = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if entry in (process / "environ").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue
        return found

    async def eventually(self, wanted: Callable[[], bool], limit: float = LIMIT) -> None:
        """Wait for something outside of this process."""
        await eventually(wanted, limit)
