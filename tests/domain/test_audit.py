"""The audit: an untouched log passes, and whatever was done to it is found and named."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.domain.audit import Audit, audit
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.leaves import leaves_of
from opencode_ledger.domain.notes import Checkpoint
from opencode_ledger.domain.recorded import RecordedEvent
from opencode_ledger.domain.tiles import HASH, WIDTH, GrowingTree


def log(size: int, streams: int = 3) -> list[RecordedEvent]:
    """A log of several streams."""
    return [
        RecordedEvent(
            Position(n + 1), CodebaseId(f"cb_{n % streams}"), Sequence(n // streams + 1), "output", b'{"n":%d}' % n
        )
        for n in range(size)
    ]


def renumbered(events: list[RecordedEvent]) -> list[RecordedEvent]:
    """The events at positions without a gap, as somebody would leave them who covers up what he did."""
    return [RecordedEvent(Position(n + 1), e.stream, e.sequence, e.topic, e.data) for n, e in enumerate(events)]


def checkpoint(events: list[RecordedEvent], size: int) -> Checkpoint:
    tree = GrowingTree()
    for leaf in leaves_of(events[:size]):
        tree.add(leaf)
    return Checkpoint("log", size, tree.root())


def audited(found: list[RecordedEvent], was: list[RecordedEvent], *sizes: int, tree: bool = True) -> Audit:
    """The audit of a log that was another one; `tree`: the tree of that is still there."""
    hashes = b"".join(leaves_of(was)) if tree else b""
    signed = [checkpoint(was, size) for size in (sizes or (len(was),))]
    return audit(found, signed, lambda number: hashes[number * WIDTH * HASH : (number + 1) * WIDTH * HASH])


def told(result: Audit) -> tuple[str, int]:
    """The first thing found."""
    return result.findings[0].kind, result.findings[0].position


sizes = st.integers(1, 700)


@given(sizes, st.data())
def test_an_untouched_log(size: int, data: st.DataObject) -> None:
    """A log that nobody touched passes at every checkpoint, also where it has grown since and the tree is behind."""
    events = log(size)
    checkpoints = data.draw(st.lists(st.integers(0, size), min_size=1, max_size=4))
    behind = events[: data.draw(st.integers(max(checkpoints), size))]
    result = audited(events, behind, *checkpoints)
    assert result.findings == []
    assert (result.events, len(result.checked)) == (size, len(checkpoints))
    assert result.root == checkpoint(events, size).root


Tampering = Callable[[list[RecordedEvent], int], list[RecordedEvent]]


def change(events: list[RecordedEvent], at: int) -> list[RecordedEvent]:
    changed = events[at]
    other = RecordedEvent(changed.position, changed.stream, changed.sequence, changed.topic, b'{"n":"forged"}')
    return [*events[:at], other, *events[at + 1 :]]


def remove(events: list[RecordedEvent], at: int) -> list[RecordedEvent]:
    return [*events[:at], *events[at + 1 :]]


def add(events: list[RecordedEvent], at: int) -> list[RecordedEvent]:
    extra = RecordedEvent(Position(at + 1), CodebaseId("cb_x"), Sequence(1), "status", b"{}")
    return renumbered([*events[:at], extra, *events[at:]])


def swap(events: list[RecordedEvent], at: int) -> list[RecordedEvent]:
    one, other = events[at], events[at + 1]
    return renumbered([*events[:at], other, one, *events[at + 2 :]])


def remove_and_close_the_gap(events: list[RecordedEvent], at: int) -> list[RecordedEvent]:
    return renumbered(remove(events, at))


TAMPERINGS: list[tuple[Tampering, str]] = [
    (change, "changed"),
    (remove, "removed"),
    (remove_and_close_the_gap, "removed"),
    (add, "added"),
    (swap, "moved"),
]


@pytest.mark.parametrize(("tamper", "kind"), TAMPERINGS)
@given(size=sizes, data=st.data())
def test_tampering_is_named(tamper: Tampering, kind: str, size: int, data: st.DataObject) -> None:
    """An event that was changed, removed, added or moved is found, at its place, and called what it is."""
    events = log(size + 2)
    at = data.draw(st.integers(0, size - 1))
    assert told(audited(tamper(events, at), events)) == (kind, at + 1)


@given(sizes, st.data())
def test_the_end_was_cut_off(size: int, data: st.DataObject) -> None:
    """A log that lost its end is told by the tree, and by an older checkpoint where the tree went with it."""
    events = log(size)
    left = data.draw(st.integers(0, size - 1))
    assert told(audited(events[:left], events)) == ("cut off", left + 1)
    assert told(audited(events[:left], events, tree=False)) == ("cut off", left + 1)


@given(sizes, st.data())
def test_a_log_rolled_back_with_its_tree(size: int, data: st.DataObject) -> None:
    """A log rewritten together with its tree is told from the checkpoint that somebody kept."""
    events = log(size)
    kept = checkpoint(events, size)
    forged = change(events, data.draw(st.integers(0, size - 1)))
    result = audit(forged, [kept], lambda n: b"".join(leaves_of(forged))[n * WIDTH * HASH : (n + 1) * WIDTH * HASH])
    assert told(result) == ("rewritten", size)


def test_without_a_tree() -> None:
    """Without a tree a gap in the numbers is still found, and a change by the root that was signed."""
    events = log(600)
    assert told(audited(remove(events, 300), events, tree=False)) == ("removed", 301)
    assert told(audited(renumbered(remove(events, 300)), events, tree=False)) == ("removed", 303)
    assert told(audited(change(events, 300), events, tree=False)) == ("rewritten", 600)


def test_many_at_once() -> None:
    """A run of events that was removed or added is named from its first to its last."""
    events = log(900)
    removed = renumbered([*events[:300], *events[310:]])
    (finding,) = audited(removed, events).findings
    assert "301 to 310" in finding.sentence
    extra = [RecordedEvent(Position(0), CodebaseId("cb_x"), Sequence(n + 1), "status", b"{}") for n in range(5)]
    (finding,) = audited(renumbered([*events[:300], *extra, *events[300:]]), events).findings
    assert "301 to 305" in finding.sentence
    everything = [RecordedEvent(e.position, e.stream, e.sequence, e.topic, b"{}") for e in events]
    (finding,) = audited([*events[:300], *everything[300:]], events).findings
    assert (finding.kind, finding.position) == ("changed", 301)


def test_progress() -> None:
    """Whoever waits is told how far the audit has come."""
    heard: list[int] = []
    audit(log(600), [], progress=heard.append)
    assert heard == [256, 512, 600]
