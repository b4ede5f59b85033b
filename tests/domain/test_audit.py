"""The audit: an untouched log passes, and whatever was done to it is found and named."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.proofs.audit import Audit, audit, audit_of_parts, part_of
from opencode_ledger.domain.proofs.growing_tree import GrowingTree
from opencode_ledger.domain.proofs.leaves import leaves_of
from opencode_ledger.domain.proofs.signed_notes import Checkpoint
from opencode_ledger.domain.proofs.tiles import HASH, WIDTH


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


def finding(result: Audit) -> tuple[str, int]:
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
    assert finding(audited(tamper(events, at), events)) == (kind, at + 1)


@given(sizes, st.data())
def test_the_end_was_cut_off(size: int, data: st.DataObject) -> None:
    """The tree shows that a log was truncated, and so does an older checkpoint where the tree is truncated too."""
    events = log(size)
    left = data.draw(st.integers(0, size - 1))
    assert finding(audited(events[:left], events)) == ("cut off", left + 1)
    assert finding(audited(events[:left], events, tree=False)) == ("cut off", left + 1)


@given(sizes, st.data())
def test_a_log_rolled_back_with_its_tree(size: int, data: st.DataObject) -> None:
    """An older checkpoint shows that a log was rewritten together with its tree."""
    events = log(size)
    kept = checkpoint(events, size)
    forged = change(events, data.draw(st.integers(0, size - 1)))
    result = audit(forged, [kept], lambda n: b"".join(leaves_of(forged))[n * WIDTH * HASH : (n + 1) * WIDTH * HASH])
    assert finding(result) == ("rewritten", size)


def test_without_a_tree() -> None:
    """Without a tree a gap in the numbers is still found, and a change by the root that was signed."""
    events = log(600)
    assert finding(audited(remove(events, 300), events, tree=False)) == ("removed", 301)
    assert finding(audited(renumbered(remove(events, 300)), events, tree=False)) == ("removed", 303)
    assert finding(audited(change(events, 300), events, tree=False)) == ("rewritten", 600)


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
    """The caller gets the progress of the audit."""
    heard: list[int] = []
    audit(log(600), [], progress=heard.append)
    assert heard == [256, 512, 600]


def test_many_are_named_from_the_first_to_the_last() -> None:
    """A finding names the removed or added event, or the range of several."""
    events = log(20)
    extra = [RecordedEvent(Position(n), CodebaseId("cb_x"), Sequence(n), "status", b"{}") for n in (1, 2)]
    for found, sentence in (
        (remove(events, 4), "Event 5 of the log: removed."),
        ([*events[:4], *events[7:]], "Events 5 to 7 of the log: removed."),
        (renumbered([*events[:4], extra[0], *events[4:]]), "Event 5 of the log: added, nobody recorded that."),
        (renumbered([*events[:4], *extra, *events[4:]]), "Events 5 to 6 of the log: added, nobody recorded that."),
        (change(events, 4), "Event 5 (output of cb_1, 2) is not what was recorded: it was changed."),
    ):
        assert audited(found, events).findings[0].sentence == sentence


def parts_audited(found: list[RecordedEvent], was: list[RecordedEvent], *sizes: int) -> Audit | None:
    """The audit in parts of two tiles each."""
    hashes, step = b"".join(leaves_of(was)), 2 * WIDTH
    parts = [part_of(found[n : n + step], n + 1, len(found[n : n + step])) for n in range(0, len(found), step)]
    signed = [checkpoint(was, size) for size in sizes]
    return audit_of_parts(parts, signed, lambda number: hashes[number * WIDTH * HASH : (number + 1) * WIDTH * HASH])


def test_an_audit_in_parts_is_the_audit() -> None:
    """A log that nobody touched passes in parts with the very result that it has as a whole."""
    events = log(3 * WIDTH + 7)
    sizes = (0, 5, WIDTH, 2 * WIDTH + 1, len(events))
    assert parts_audited(events, events, *sizes) == audited(events, events, *sizes)


@pytest.mark.parametrize("at", [0, 300, 3 * WIDTH + 2])
@pytest.mark.parametrize("tamper", [change, remove, add, swap, remove_and_close_the_gap])
def test_what_was_done_to_a_log_is_found_in_parts(tamper: Tampering, at: int) -> None:
    """A log that somebody touched never passes in parts, wherever it was."""
    events = log(3 * WIDTH + 7)
    assert parts_audited(tamper(events, at), events, len(events)) is None


def test_a_stream_goes_on_from_part_to_part() -> None:
    """Parts that are right alone, but whose streams don't follow one another, never pass, with a tree or without."""
    events = log(3 * WIDTH)
    skipping = [
        *events[: 2 * WIDTH],
        *(RecordedEvent(e.position, e.stream, Sequence(e.sequence + 1), e.topic, e.data) for e in events[2 * WIDTH :]),
    ]
    assert parts_audited(skipping, skipping, len(skipping)) is None


def test_a_root_that_was_not_signed_is_found_in_parts() -> None:
    """A log rewritten with its tree doesn't pass in parts against the checkpoint that somebody kept."""
    events, other = log(WIDTH + 9), change(log(WIDTH + 9), 3)
    hashes = b"".join(leaves_of(other))
    parts = [part_of(other, 1, len(other))]
    found = audit_of_parts(
        parts, [checkpoint(events, WIDTH)], lambda n: hashes[n * WIDTH * HASH : (n + 1) * WIDTH * HASH]
    )
    assert found is None


def test_a_part_is_exactly_what_was_asked_for() -> None:
    """A part holds its leaves and where its streams begin and end; too few events, or others, are no part."""
    events = log(10)
    part = part_of(iter(events[4:8]), 5, 4)
    assert part is not None and part.leaves == b"".join(leaves_of(events[4:8]))
    assert part.streams == {"cb_1": (1, 3), "cb_2": (1, 2), "cb_0": (2, 3)}
    assert part.erasing == []
    for found, first, count in (
        (events[4:8], 5, 5),
        (events[4:8], 5, 3),
        (events[4:8], 4, 4),
        ([events[1], events[0], *events[2:]], 1, 10),
        ([*events[:4], *renumbered(events)[4:7], *events[6:9]], 1, 10),
    ):
        assert part_of(found, first, count) is None
