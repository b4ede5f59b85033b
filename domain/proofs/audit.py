"""The audit of a log: is every event the one in the tree, and in the signed checkpoints?

The audit reads the log once, in order. At the first event that differs from the tree it reads a little further, to
report what happened: changed, removed, added or moved. Without a tree to compare with, the events' numbers and the
signed roots still show that something happened, but not where.
"""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal, TypeAlias

from ..erasure.record import ErasureRecord, concerns_erasure
from ..events.recorded import RecordedEvent
from ..ids import CodebaseId
from ..outputs.record import KeptOutput, kept_in
from .growing_tree import GrowingTree
from .leaves import leaves_of
from .signed_notes import Checkpoint
from .tiles import HASH, WIDTH, TileId

Kind: TypeAlias = Literal[
    "changed", "removed", "added", "moved", "cut off", "rewritten", "emptied", "unguarded", "unproved", "tree changed"
]

WINDOW: Final = 1000
"""Events that are read after the first wrong one, to find out what happened to it."""

TreeLeaves: TypeAlias = Callable[[int], bytes]
"""The leaf hashes in the tree's tile of this number, 32 bytes each."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong. `position`: where in the log. `sentence`: what happened there, for a person."""

    kind: Kind
    position: int
    sentence: str


@dataclass
class Audit:
    """The result of an audit.

    - `events`: the number of events read. `root`: the root over all of them.
    - `checked`: checkpoints that match.
    - `erased`: events whose content was erased, with a record of that. `unfinished`: recorded, but not erased yet.
    - `tiles`: all tiles of the tree over the events. `outputs`: the whole outputs that the events name.
    """

    events: int = 0
    erased: int = 0
    unfinished: int = 0
    root: bytes = b""
    checked: list[Checkpoint] = field(default_factory=list[Checkpoint])
    findings: list[Finding] = field(default_factory=list[Finding])
    tiles: dict[TileId, bytes] = field(default_factory=dict[TileId, bytes])
    outputs: list[KeptOutput] = field(default_factory=list[KeptOutput])


def audit(
    events: Iterable[RecordedEvent],
    checkpoints: Iterable[Checkpoint],
    tree_leaves: TreeLeaves = lambda _number: b"",
    progress: Callable[[int], None] = lambda _events: None,
) -> Audit:
    """Audit a log against its tree and checkpoints whose signatures were checked. Stops at the first wrong event.

    `progress` is called now and then with the number of events read.
    """
    auditor = _Auditor(sorted(checkpoints, key=lambda each: each.size), tree_leaves)
    log = iter(events)
    while chunk := list(islice(log, WIDTH)):
        if not auditor.take(chunk, log):
            break
        progress(auditor.result.events)
    else:
        auditor.end()
    return auditor.finished()


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive events, as an audit needs them.

    - `leaves`: their hashes, laid end to end.
    - `streams`: for each stream, the sequence before its first event here, and the sequence of its last.
    - `erasing`: the events that are about erasure. `outputs`: the whole outputs that the events name.
    """

    leaves: bytes
    streams: dict[CodebaseId, tuple[int, int]]
    erasing: list[RecordedEvent]
    outputs: list[KeptOutput]


def part_of(events: Iterable[RecordedEvent], first: int, count: int) -> Part | None:
    """The `count` events from position `first` on; None where other events are there, or a stream has a gap."""
    found = list(events)
    before, last = dict[CodebaseId, int](), dict[CodebaseId, int]()
    for place, (position, stream, sequence, _topic, _data) in enumerate(found, first):
        if position != place or sequence != last.get(stream, sequence - 1) + 1:
            return None
        if stream not in last:
            before[stream] = sequence - 1
        last[stream] = sequence
    if len(found) != count:
        return None
    streams = {stream: (begun, last[stream]) for stream, begun in before.items()}
    erasing = [event for event in found if concerns_erasure(event)]
    return Part(b"".join(leaves_of(found)), streams, erasing, kept_in(found))


def audit_of_parts(
    parts: Iterable[Part | None], checkpoints: Iterable[Checkpoint], tree_leaves: TreeLeaves
) -> Audit | None:
    """As `audit`, for a log in parts; all parts but the last fill whole tiles. None if anything is wrong: `audit` then says what."""
    auditor = _Auditor(sorted(checkpoints, key=lambda each: each.size), tree_leaves)
    if not all(part is not None and auditor.accept(part) for part in parts):
        return None
    auditor.end()
    return None if auditor.result.findings else auditor.finished()


class _Auditor:
    def __init__(self, checkpoints: Many[Checkpoint], tree_leaves: TreeLeaves) -> None:
        self.result = Audit()
        self._checkpoints, self._tree_leaves = list(checkpoints), tree_leaves
        self._tree = GrowingTree()
        self._sequences: dict[CodebaseId, int] = {}
        self._erasures = ErasureRecord()
        self._compare_roots()

    def take(self, chunk: Many[RecordedEvent], rest: Iterator[RecordedEvent]) -> bool:
        """Audit the events of one tile; whether they are right. `rest`: the events after them."""
        first = self._tree.size
        leaves = leaves_of(chunk)
        known = self._tree_leaves(first // WIDTH)[: len(leaves) * HASH]
        wrong = self._misnumbered(chunk)
        if not b"".join(leaves).startswith(known):
            at = next(n for n, leaf in enumerate(leaves) if leaf != known[n * HASH : (n + 1) * HASH])
            wrong = at if wrong is None else min(at, wrong)
        self._grow(leaves[:wrong])
        self._erasures.take(chunk[:wrong])
        self.result.outputs += kept_in(chunk[:wrong])
        self.result.events = self._tree.size
        if wrong is not None:
            self._explain([*chunk[wrong:], *islice(rest, WINDOW)])
        return not self.result.findings

    def accept(self, part: Part) -> bool:
        """Audit the next part; whether it is right."""
        for stream, (before, last) in part.streams.items():
            if before != self._sequences.get(stream, 0):
                return False
            self._sequences[stream] = last
        tile = WIDTH * HASH
        for at in range(0, len(part.leaves), tile):
            leaves = part.leaves[at : at + tile]
            if not leaves.startswith(self._tree_leaves(self._tree.size // WIDTH)[: len(leaves)]):
                return False
            self._grow([leaves[n : n + HASH] for n in range(0, len(leaves), HASH)])
        self._erasures.take(part.erasing)
        self.result.outputs += part.outputs
        self.result.events = self._tree.size
        return not self.result.findings

    def _grow(self, leaves: Many[bytes]) -> None:
        """Add leaves, and compare the root at the size of each checkpoint."""
        done = 0
        while self._checkpoints and self._checkpoints[0].size <= self._tree.size + len(leaves) - done:
            upto = done + self._checkpoints[0].size - self._tree.size
            self._tree.extend(leaves[done:upto])
            done = upto
            self._compare_roots()
        self._tree.extend(leaves[done:])

    def finished(self) -> Audit:
        """The result."""
        self.result.root, self.result.tiles = self._tree.root(), self._tree.take()
        self.result.erased, self.result.unfinished = self._erasures.erased, self._erasures.unfinished
        return self.result

    def end(self) -> None:
        """The log ended: events that the tree or a checkpoint covers beyond it are missing."""
        size = self._tree.size
        beyond = max([self._covered(), *(checkpoint.size for checkpoint in self._checkpoints)])
        if beyond > size:
            self._find("cut off", size + 1, f"The log ends at {size}, but {beyond} events are on record.")

        for position, name in self._erasures.unrecorded.items():
            self._find(
                "emptied", position, f"{name} was emptied or changed, and no erasure is on record that left it so."
            )

    def _covered(self) -> int:
        """The number of events in the tree, as far as its tiles follow the log's end."""
        number = self._tree.size // WIDTH
        size = number * WIDTH
        while hashes := self._tree_leaves(number):
            size = number * WIDTH + len(hashes) // HASH
            number += 1
        return size

    def _misnumbered(self, chunk: Many[RecordedEvent]) -> int | None:
        """The first event here that doesn't have the next position, or its stream's next sequence."""
        sequences = self._sequences
        for place, (position, stream, sequence, _topic, _data) in enumerate(chunk, self._tree.size + 1):
            if position != place or sequence != sequences.get(stream, 0) + 1:
                return place - self._tree.size - 1
            sequences[stream] = sequence
        return None

    def _compare_roots(self) -> None:
        """Compare the root with the checkpoints of this size."""
        while self._checkpoints and self._checkpoints[0].size == self._tree.size:
            checkpoint = self._checkpoints.pop(0)
            if self._tree.root() == checkpoint.root:
                self.result.checked.append(checkpoint)
            else:
                size = checkpoint.size
                self._find("rewritten", size, f"The first {size} events are not those that were signed at {size}.")

    def _explain(self, found: Many[RecordedEvent]) -> None:
        """Report what happened to the event after the last right one. `found`: the log from there on."""
        position = self._tree.size + 1
        here, was = leaves_of(found), self._leaves_from(self._tree.size, len(found) + 1)
        event = f"Event {position}"
        if not was:
            self._find(
                "removed", position, f"{event} does not follow the one before it: something was removed or moved."
            )
        elif here[1:2] == was[1:2] and here[0] not in was:
            self._find("changed", position, f"{event} ({_name(found[0])}) is not what was recorded: it was changed.")
        elif was[0] not in here and here[0] in was:
            gone = was.index(here[0])
            what = event if gone == 1 else f"Events {position} to {position + gone - 1}"
            self._find("removed", position, f"{what} of the log: removed.")
        elif here[0] not in was and was[0] in here:
            added = here.index(was[0])
            what = event if added == 1 else f"Events {position} to {position + added - 1}"
            self._find("added", position, f"{what} of the log: added, nobody recorded that.")
        elif was[0] in here:
            place = position + here.index(was[0])
            self._find("moved", position, f"{event} was moved: it stands at {place} now.")
        else:
            self._find("changed", position, f"From {position} on the events are not what was recorded.")

    def _leaves_from(self, first: int, count: int) -> list[bytes]:
        """The tree's leaf hashes from a leaf on."""
        number, skip = divmod(first, WIDTH)
        hashes = b"".join(self._tree_leaves(n) for n in range(number, number + count // WIDTH + 2))[skip * HASH :]
        return [hashes[at : at + HASH] for at in range(0, min(len(hashes), count * HASH), HASH)]

    def _find(self, kind: Kind, position: int, sentence: str) -> None:
        self.result.findings.append(Finding(kind, position, sentence))


def _name(event: RecordedEvent) -> str:
    return f"{event.topic} of {event.stream}, {event.sequence}"
