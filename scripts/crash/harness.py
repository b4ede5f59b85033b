"""The run itself: load, kill, look at the disk, start again, compare; and in the end everything with everything."""

import asyncio
import base64
import json
import random
import signal
import sys
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

import psutil

from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.proofs.merkle import verify_consistency
from opencode_ledger.domain.proofs.signed_notes import BadNote, Checkpoint, VerifierKey, open_note
from opencode_ledger.projections.tree.signing import verify

from .clients import Clients
from .follower import Follower
from .ledger import Effect, Ledger
from .report import Report
from .server import LIMIT, ROOT, NotStarted, Server, processes_in

ROOM: Final = 4
"""Agents that may run at the same time: fewer than there are codebases, so that some always wait."""

IN_THE_START: Final = 0.2
"""The share of restarts that are killed before they are done."""

TWICE: Final = 0.25
"""The share of ends by SIGTERM that are hurried by a second one."""

SECOND: Final = (0.6, 1.5)
"""Seconds after which it comes: later than those that count as one with the first."""

END_LIMIT: Final = 15.0
"""Seconds that an end by SIGTERM may take: the ten that are promised, and some for a machine with much else to do."""

Signal: TypeAlias = Literal["KILL", "TERM", "both"]


@dataclass(frozen=True)
class Plan:
    """How often to kill, with which seed, under how many codebases' load, how long to wait for a kill at most, and how."""

    cycles: int
    seed: int
    codebases: int
    longest: float
    signal: Signal = "KILL"


class Harness:
    """One run, in a folder of its own. `on_kill` is called after each kill."""

    def __init__(self, folder: Path, plan: Plan, on_kill: Callable[[], None]) -> None:
        self._plan, self._on_kill = plan, on_kill
        self._random = random.Random(plan.seed)
        self.report = Report()
        self._server = Server(folder, ROOM)
        self._ledger = Ledger(self._server.data / "ledger.db", self.report)
        self._followers: list[Follower] = []
        self._checkpoints: list[str] = []
        self._kills = 0

    async def run(self) -> Report:
        """All cycles and the comparison at the end."""
        clients = Clients(self._server, self.report, self._plan.seed)
        try:
            await self._start()
            await self._load(clients)
        except (NotStarted, TimeoutError, StoreError) as error:
            self.report.wrong("starts and ends that failed", str(error) or type(error).__name__)
        finally:
            await clients.close()
            if self._server.runs:
                await self._server.kill()
        return self.report

    async def _load(self, clients: Clients) -> None:
        for number in range(self._plan.codebases):
            if codebase := await clients.register(f"project-{number}"):
                clients.codebases.append(codebase)
        self._followers = [Follower(self._server, codebase) for codebase in clients.codebases]
        following = _together(*(follower.follow() for follower in self._followers))
        asking = _together(
            *map(clients.lead, clients.codebases), clients.disturb(), clients.disturb(), self._keep_checkpoints(clients)
        )
        try:
            while self._kills < self._plan.cycles:
                await self._cycle(clients)
            await _over(asking)
            await self._compare(clients)
        finally:
            await _over([*asking, *following])

    # --- a cycle --------------------------------------------------------------------------------------------------

    async def _cycle(self, clients: Clients) -> None:
        await asyncio.sleep(self._random.uniform(0.02, self._plan.longest))
        ended = await self._kill()
        survivors = await asyncio.to_thread(processes_in, self._server.folder)
        due = clients.take()
        await asyncio.to_thread(self._ledger.read)
        before = {session: self._ledger.ends[session] for session in self._ledger.running}
        if ended == 0:
            self._check_rest(survivors)
        self.report.done["sessions that a kill found running"] += len(before)
        await self._start()
        await asyncio.to_thread(self._ledger.read)
        for session in (session for session, ends in before.items() if self._ledger.ends[session] == ends):
            self.report.wrong("sessions left running", session)
        for process in survivors & await asyncio.to_thread(processes_in, self._server.folder):
            self.report.wrong("agent processes left", f"{process.pid} after a start")
        self._account(due)
        await self._grew(clients)

    async def _kill(self) -> int:
        """End the server, one way or the other; its exit code."""
        gently = self._plan.signal == "TERM" or (self._plan.signal == "both" and self._kills % 2 == 1)
        self.report.done["ends by SIGTERM" if gently else "kills"] += 1
        code = await (self._terminate() if gently else self._server.kill())
        self._kills += 1
        self._on_kill()
        return code

    async def _terminate(self) -> int:
        """Send SIGTERM, sometimes twice. Nothing may be left running, and the exit code must be an expected one."""
        serving, begun = self._server.serves, asyncio.get_running_loop().time()
        again = self._random.uniform(*SECOND) if self._random.random() < TWICE else None
        code = await self._server.terminate(again)
        taken = asyncio.get_running_loop().time() - begun
        # A signal before it listens for signals just ends it. A second signal may end it at once.
        expected = [0, *([1] if again else []), *([] if serving else [-signal.SIGTERM])]
        if code not in expected or taken > END_LIMIT:
            self.report.wrong("starts and ends that failed", f"exit code {code} after SIGTERM, in {taken:.1f} s")
        return code

    def _check_rest(self, survivors: Collection[psutil.Process]) -> None:
        """After an end in good order nothing runs any more, neither in the log nor in the machine."""
        for session in self._ledger.running:
            self.report.wrong("sessions left running", f"{session} after an end in good order")
        for process in survivors:
            self.report.wrong("agent processes left", f"{process.pid} after an end in good order")

    async def _start(self) -> None:
        await self._server.launch()
        while self._server.url and self._kills < self._plan.cycles and self._random.random() < IN_THE_START:
            await asyncio.sleep(self._random.uniform(0.1, 1.2))
            await self._kill()
            self.report.done["kills in the middle of a start"] += 1
            await self._server.launch()
        await self._server.ready()

    def _account(self, due: list[Effect]) -> None:
        """What was acknowledged before the log was read must be in it."""
        self.report.done["effects acknowledged"] += len(due)
        for effect in due:
            if not self._ledger.effects[effect]:
                self.report.wrong("acknowledged effects lost", str(effect))

    async def _keep_checkpoints(self, clients: Clients) -> None:
        while True:
            note = await clients.checkpoint()
            if note and note not in self._checkpoints[-1:]:
                self._checkpoints.append(note)
            await asyncio.sleep(0.2)

    async def _grew(self, clients: Clients) -> None:
        """The server proves that its log only adds to the one of the last checkpoint before the kill."""
        if not self._checkpoints:
            return
        old = Checkpoint.parse(self._checkpoints[-1].split("\n\n")[0] + "\n")
        answer = await clients.text(f"/log/proofs/consistency?from={old.size}")
        if answer is None:
            self.report.wrong("checkpoints that the log doesn't fit", f"no proof for {old.size}")
            return
        proof = cast("Mapping[str, Any]", json.loads(answer))
        hashes = [base64.b64decode(text) for text in proof["hashes"]]
        if not verify_consistency(old.size, proof["to"], hashes, old.root, base64.b64decode(proof["to_root_hash"])):
            self.report.wrong("checkpoints that the log doesn't fit", f"{old.size} to {proof['to']}")

    # --- the end --------------------------------------------------------------------------------------------------

    async def _compare(self, clients: Clients) -> None:
        key = VerifierKey.parse(await clients.text("/log/key") or "")
        await self._end()
        await self._start()
        due = clients.take()
        await asyncio.to_thread(self._ledger.read)
        self._account(due)
        for follower in self._followers:
            await self._compare_record(follower)
        await self._end()
        await asyncio.to_thread(self._ledger.read)
        await asyncio.to_thread(self._check_checkpoints, key)
        await self._audit()
        self.report.done["events in the log"] = self._ledger.size

    async def _end(self) -> None:
        if code := await self._server.terminate():
            self.report.wrong("starts and ends that failed", f"exit code {code} after SIGTERM")
        for process in await asyncio.to_thread(processes_in, self._server.folder):
            self.report.wrong("agent processes left", f"{process.pid} after an end")
            process.kill()

    async def _compare_record(self, follower: Follower) -> None:
        log = self._ledger.streams[follower.codebase]
        try:
            async with asyncio.timeout(LIMIT):
                await follower.reached(len(log))
        except TimeoutError:
            pass
        self.report.done["subscribers' connections"] += follower.connections
        self.report.done["events that subscribers recorded"] += len(follower.seen)
        if follower.seen[: len(log)] != log:
            difference = f"{follower.codebase}: {len(follower.seen)} recorded, {len(log)} in the log"
            self.report.wrong("subscribers' records unlike the log", difference)

    def _check_checkpoints(self, key: VerifierKey) -> None:
        self.report.done["checkpoints kept"] = len(self._checkpoints)
        try:
            kept = [Checkpoint.parse(open_note(note, key, verify)) for note in self._checkpoints]
        except BadNote as error:
            self.report.wrong("checkpoints that the log doesn't fit", str(error))
            return
        roots = self._ledger.roots({checkpoint.size for checkpoint in kept})
        for checkpoint in kept:
            if checkpoint.size and roots.get(checkpoint.size) != checkpoint.root:
                self.report.wrong("checkpoints that the log doesn't fit", f"at {checkpoint.size}")

    async def _audit(self) -> None:
        """`opencode-ledger audit verify`, with some of the checkpoints that were kept."""
        words = ["--data", str(self._server.data)]
        for number, note in enumerate(self._checkpoints[:: max(1, len(self._checkpoints) // 10)]):
            kept = self._server.folder / f"kept-{number}"
            await asyncio.to_thread(kept.write_text, note)
            words += ["--checkpoint", str(kept)]
        with (self._server.folder / "audit.log").open("wb") as log:
            audit = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "opencode_ledger", "audit", "verify", *words), cwd=ROOT, stdout=log, stderr=log
            )
            code = await audit.wait()
        if code:
            text = await asyncio.to_thread((self._server.folder / "audit.log").read_text)
            self.report.wrong("audits that were not sound", text)


def _together(*work: Coroutine[Any, Any, None]) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(one) for one in work]


async def _over(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
