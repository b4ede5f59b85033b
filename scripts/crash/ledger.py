"""The log as it is on the disk, read past the server, and what is wrong with it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, cast

from opencode_ledger.actors.store.log_file import opened
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import Position
from opencode_ledger.domain.proofs.growing_tree import GrowingTree
from opencode_ledger.domain.proofs.leaves import leaf_of

from .report import Report

ENDED = frozenset({"interrupted", "completed", "failed", "stopped"})
BEGUN = frozenset({"started", "resumed", "admitted"})
"""Unless it waits for a slot: then nothing runs yet, and it keeps waiting after a crash."""


class Effect(NamedTuple):
    """Something that a command did: at which codebase, of which kind, and what distinguishes it from others of its kind."""

    codebase: str
    kind: str
    mark: str


class Line(NamedTuple):
    """An event as a subscriber sees it too."""

    sequence: int
    topic: str
    data: bytes


class Ledger:
    """What was read so far. `roots`: the tree's root at every size that was asked for in `wanted`."""

    def __init__(self, path: Path, report: Report) -> None:
        self.size = 0
        self.streams: dict[str, list[Line]] = defaultdict(list)
        self.effects: Counter[Effect] = Counter()
        self.ends: Counter[str] = Counter()
        self.running: set[str] = set()
        self._path, self._report = path, report

    def read(self) -> None:
        """Read what has come since."""
        with opened(self._path) as log:
            for event in log.since(Position(self.size)):
                self.take(event)

    def take(self, event: RecordedEvent) -> None:
        """Take in the next event."""
        stream = self.streams[event.stream]
        place = f"position {event.position}, {event.stream} {event.sequence}"
        if event.position <= self.size or event.sequence <= len(stream):
            self._report.wrong("events doubled", place)
        elif event.position != self.size + 1 or event.sequence != len(stream) + 1:
            self._report.wrong("holes in positions or sequences", f"{place} after {self.size} and {len(stream)}")
        self.size = event.position
        stream.append(Line(event.sequence, event.topic, event.data))
        for effect in self._effects_of(event):
            self.effects[effect] += 1
            if self.effects[effect] > 1:
                self._report.wrong("events doubled", f"{effect} at {place}")

    def roots(self, sizes: set[int]) -> dict[int, bytes]:
        """The roots of the current log over the first `sizes` events. It must contain everything that was read before."""
        tree, roots, read = GrowingTree(), dict[int, bytes](), Counter[str]()
        with opened(self._path) as log:
            for event in log.events():
                tree.add(leaf_of(event))
                read[event.stream] += 1
                if tree.size in sizes:
                    roots[tree.size] = tree.root()
                line = Line(event.sequence, event.topic, event.data)
                if self.streams[event.stream][read[event.stream] - 1 : read[event.stream]] not in ([line], []):
                    self._report.wrong("events that changed afterwards", f"position {event.position}")
        if tree.size < self.size:
            self._report.wrong("events that changed afterwards", f"{self.size} were there, now {tree.size}")
        return roots

    def _effects_of(self, event: RecordedEvent) -> Iterator[Effect]:
        if event.topic not in ("codebase", "session", "task", "message_sent"):
            return
        data = cast("Mapping[str, str]", json.loads(event.data))
        match event.topic, data.get("action"):
            case "codebase", "registered":
                yield Effect(event.stream, "registered", event.stream)
            case "task", "created":
                yield Effect(event.stream, "queued", data["task_id"])
            case "message_sent", _:
                yield Effect(event.stream, "said", data["content"])
            case "session", str(action):
                yield from self._session(event.stream, data["session_id"], action, waits=bool(data.get("waiting")))
            case _:
                pass

    def _session(self, stream: str, session: str, action: str, *, waits: bool) -> Iterator[Effect]:
        if action in BEGUN and not waits:
            self.running.add(session)
        if action in ENDED:
            self.running.discard(session)
            self.ends[session] += 1
        if action == "started":
            yield Effect(stream, "started", session)
        if action == "stopped":
            self.ends[stream] += 1
            yield Effect(stream, "stopped", f"the {self.ends[stream]}. time")
