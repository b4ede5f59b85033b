"""What can be erased: what is over, with all that belongs to it, and nothing that is still needed."""

import json
from collections.abc import Iterable
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.projections.histories import STREAMS, finish, histories, register, report, trigger
from tests.projections.histories import History as Lives

from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.codebase.state import INITIAL, evolve
from opencode_ledger.domain.erasure.erasable import History, NotOver
from opencode_ledger.domain.erasure.tombstones import is_tombstone, tombstone_of
from opencode_ledger.domain.events.erasure import Erasure
from opencode_ledger.domain.events.imported import SessionImported
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.events.wire import decode, encode
from opencode_ledger.domain.ids import (
    AgentSessionId,
    CodebaseId,
    Position,
    Sequence,
    SessionId,
    TaskId,
    Timestamp,
)
from opencode_ledger.domain.proofs.audit import Audit, audit
from opencode_ledger.domain.proofs.growing_tree import GrowingTree
from opencode_ledger.domain.proofs.leaves import leaves_of
from opencode_ledger.domain.proofs.signed_notes import Checkpoint
from opencode_ledger.domain.proofs.tiles import HASH, WIDTH

A = STREAMS[0]
SLOW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def recorded(commits: Iterable[tuple[CodebaseId, tuple[NewEvent, ...]]]) -> list[RecordedEvent]:
    """The log that these commits make."""
    log, heads = list[RecordedEvent](), dict[CodebaseId, int]()
    for stream, events in commits:
        for event in events:
            heads[stream] = heads.get(stream, 0) + 1
            log.append(RecordedEvent(Position(len(log) + 1), stream, Sequence(heads[stream]), event.topic, event.data))
    return log


def history_of(log: list[RecordedEvent], stream: CodebaseId = A) -> History:
    history = History()
    for event in log:
        if event.stream == stream:
            history.take(event)
    return history


def erased(log: list[RecordedEvent], positions: set[int]) -> list[RecordedEvent]:
    """The log after an erasure of these events, with the event that says so."""
    by = Position(len(log) + 1)
    left = {p: new for p in positions if (new := tombstone_of(log[p - 1], by)) is not None}
    digests = {str(p): sha256(new).hexdigest() for p, new in left.items()}
    at = Timestamp("2026-02-01T00:00:00.000Z")
    said = encode(Erasure(reason="asked for", erased_by="ann", tombstones=digests, timestamp=at))
    stream = log[0].stream
    last = max(event.sequence for event in log if event.stream == stream)
    record = RecordedEvent(by, stream, Sequence(last + 1), said.topic, said.data)
    return [*(event._replace(data=left.get(event.position, event.data)) for event in log), record]


def audited(log: list[RecordedEvent], was: list[RecordedEvent]) -> Audit:
    """The audit of a log by the tree of what it was, and by what was signed at several sizes."""
    hashes = b"".join(leaves_of(was))
    tree, signed = GrowingTree(), list[Checkpoint]()
    for leaf in leaves_of(was):
        tree.add(leaf)
        signed.append(Checkpoint("log", tree.size, tree.root()))
    return audit(log, signed, lambda number: hashes[number * WIDTH * HASH : (number + 1) * WIDTH * HASH])


@given(histories(), st.data())
@SLOW
def test_any_erasure_leaves_the_log_sound(lives: Lives, data: st.DataObject) -> None:
    """Whatever is erased, the tree and every older checkpoint still match, and actors fold to the same phase and queue."""
    log = recorded(lives.commits)
    chosen = data.draw(st.sets(st.integers(1, len(log))))
    after = erased(log, chosen)
    result = audited(after, log)
    assert result.findings == []
    assert len(result.checked) == len(log)
    assert result.erased == sum(is_tombstone(event.data) for event in after)
    for stream in STREAMS:
        then = now = INITIAL
        for event in log:
            then = evolve(then, decode(event)) if event.stream == stream else then
        for event in after:
            now = evolve(now, decode(event)) if event.stream == stream else now
        assert now.phase == then.phase
        assert [task.task_id for task in now.queue] == [task.task_id for task in then.queue]
        assert (now.session and now.session.id) == (then.session and then.session.id)
        assert now.import_index == then.import_index


@given(histories(), st.data())
@SLOW
def test_what_is_needed_cannot_be_erased(lives: Lives, data: st.DataObject) -> None:
    """An actor that wakes after anything was erased that may be has the very state that it had."""
    log = recorded(lives.commits)
    stream = data.draw(st.sampled_from(sorted({event.stream for event in log})))
    history = history_of(log, stream)
    positions = history.ended_before("9999")
    for event in log:
        if event.stream == stream and data.draw(st.booleans()):
            try:
                positions += history.of_positions([event.position])
            except NotOver:
                assert not history.deleted
    after = erased(log, set(positions))
    then = now = INITIAL
    for before, left in zip(log, after, strict=False):
        if before.stream == stream:
            then, now = evolve(then, decode(before)), evolve(now, decode(left))
    assert now.session == then.session
    assert now.queue == then.queue
    assert now.phase is then.phase
    assert now.phase is Phase.DELETED or now.codebase == then.codebase


def tampered(log: list[RecordedEvent], position: int, data: bytes) -> list[RecordedEvent]:
    return [event._replace(data=data) if event.position == position else event for event in log]


def test_a_tombstone_without_its_erasure_is_tampering() -> None:
    """An event that was emptied without a record of it is named, though its leaf fits; so is a tombstone changed later."""
    lives = Lives()
    register(lives, A)
    trigger(lives, A)
    finish(lives, A)
    log = recorded(lives.commits)
    place = next(event.position for event in log if event.topic == "message_sent")
    forged = tombstone_of(log[place - 1], Position(len(log) + 1))
    assert forged is not None
    for wrong, was in (
        (tampered(log, place, forged), log),
        (tampered(erased(log, {place}), place, forged.replace(b'"agent":"build"', b'"agent":"plan"')), log),
    ):
        (finding,) = audited(wrong, was).findings
        assert (finding.kind, finding.position) == ("emptied", place)
        assert f"Event {place} (message_sent of {A}" in finding.sentence


def test_an_erasure_that_was_erased_itself_is_tampering() -> None:
    """No erasure is ever erased: one that looks so, and names more than it did, is named and proves nothing."""
    lives = Lives()
    register(lives, A)
    trigger(lives, A)
    finish(lives, A)
    log = recorded(lives.commits)
    places = [event.position for event in log if event.topic in ("message_sent", "session")]
    was = erased(log, {places[0]})
    record = was[-1]
    forged = tombstone_of(log[places[1] - 1], record.position)
    assert forged is not None
    members = json.loads(record.data)
    members["tombstones"][str(places[1])] = sha256(forged).hexdigest()
    members["erased"] = {"by": record.position + 1, "sha256": sha256(record.data).hexdigest()}
    wrong = tampered(was, places[1], forged)
    wrong[-1] = record._replace(data=json.dumps(members, separators=(",", ":")).encode())
    assert is_tombstone(wrong[-1].data)
    findings = audited(wrong, was).findings
    assert {finding.position for finding in findings} >= {places[1], record.position}


def test_an_erasure_cut_off_is_reported() -> None:
    """What is on record as erased and isn't yet is counted, and is no tampering."""
    lives = Lives()
    register(lives, A)
    trigger(lives, A)
    finish(lives, A)
    log = recorded(lives.commits)
    result = audited([*log, erased(log, {3, 4})[-1]], log)
    assert (result.findings, result.erased) == ([], 0)
    assert result.unfinished > 0


def test_a_session_takes_its_task_with_it() -> None:
    """A queued task's words go with the session that it became, and other sessions keep theirs."""
    lives = Lives()
    register(lives, A)
    other = trigger(lives, A)
    lives.command(A, c.CreateTask(task_id=TaskId("task_q"), title="the secret", prompt="the secret"))
    finish(lives, A)
    lives.command(A, c.GrantSlot())
    session = lives.state(A).session
    assert session is not None
    with pytest.raises(NotOver, match="has not ended"):
        history_of(recorded(lives.commits)).of_session(session.id)
    finish(lives, A)
    log = recorded(lives.commits)
    history = history_of(log)
    after = erased(log, set(history.of_session(session.id)))
    assert not any(b"the secret" in event.data for event in after)
    assert not set(history.of_session(session.id)) & set(history.of_session(other))
    assert b"Add tests" in b"".join(event.data for event in after)


def test_only_a_deleted_codebase_is_erased_whole() -> None:
    """A codebase's own name and path stay as long as it is there."""
    lives = Lives()
    register(lives, A)
    trigger(lives, A)
    finish(lives, A)
    history = history_of(recorded(lives.commits))
    with pytest.raises(NotOver, match="delete it first"):
        history.everything()
    with pytest.raises(NotOver, match="until the codebase is deleted"):
        history.of_positions([1])
    lives.command(A, c.Delete())
    report(lives, A, f.AgentStopped())
    log = recorded(lives.commits)
    assert 1 in history_of(log).everything()


def test_what_ended_long_ago() -> None:
    """By age go the sessions that ended before a moment, and not those after it."""
    lives = Lives()
    register(lives, A)
    old = trigger(lives, A)
    finish(lives, A)
    moment = lives.at()
    new = trigger(lives, A)
    finish(lives, A)
    history = history_of(recorded(lives.commits))
    assert history.ended_before(moment) == history.of_session(old)
    assert history.ended_before("9999") == sorted([*history.of_session(old), *history.of_session(new)])
    assert history.ended_before("2025") == []


def test_helpers_go_with_their_session() -> None:
    """An imported session takes its helpers' sessions along; a helper's can go alone."""
    moment = Timestamp("2026-01-01T00:00:00.000Z")

    def imported(name: str, parent: str | None) -> NewEvent:
        return encode(
            SessionImported(
                session_id=SessionId(name),
                parent_id=SessionId(parent) if parent else None,
                agent_session_id=AgentSessionId(f"ses_{name}"),
                status="completed",
                title="the secret",
                prompt="the secret",
                agent="build",
                started_at=moment,
                ended_at=moment,
                timestamp=moment,
                digests={"msg_1": "ab"},
            )
        )

    lives = Lives()
    register(lives, A)
    lives.raw(A, imported("sess_1", None), imported("sess_2", "sess_1"), imported("sess_3", "sess_2"))
    history = history_of(recorded(lives.commits))
    assert history.of_session("sess_1") == [2, 3, 4]
    assert history.of_session("sess_2") == [3, 4]
    assert history.of_session("sess_3") == [4]


def test_a_deleted_codebase_goes_by_the_age_of_its_end() -> None:
    """By age a deleted codebase goes whole once all of it is older than the moment, and nothing of it before."""
    lives = Lives()
    register(lives, A)
    trigger(lives, A)
    middle = lives.at()
    finish(lives, A)
    lives.command(A, c.Delete())
    report(lives, A, f.AgentStopped())
    history = history_of(log := recorded(lives.commits))
    last = max(str(decode(each).timestamp) for each in log)
    assert history.ended_before(middle) == history.ended_before(last) == []
    assert history.ended_before(lives.at()) == history.everything() != []
