"""Whatever somebody makes of a sound export, without the key that signed it: a verdict "sound" claims nothing untrue."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from typing import Any, Final

import pytest
import scripts.verify as alone
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.support.command_line import unwatched

from opencode_ledger.domain.erasure.tombstones import tombstone_of
from opencode_ledger.domain.errors import InvalidInput
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.outputs.exported import (
    BadExport,
    first_line,
    last_line,
    output_line,
    read_outputs,
    text_line,
)
from opencode_ledger.domain.outputs.record import kept_in
from opencode_ledger.domain.proofs.audit import Finding
from opencode_ledger.domain.proofs.batch_inclusion import spans_beside
from opencode_ledger.domain.proofs.export import Manifest, event_line, manifest_line, proof_line
from opencode_ledger.domain.proofs.growing_tree import GrowingTree
from opencode_ledger.domain.proofs.leaves import leaf_of
from opencode_ledger.domain.proofs.merkle import span_hash
from opencode_ledger.domain.proofs.selection import session_of
from opencode_ledger.domain.proofs.signed_notes import BadNote, Checkpoint, VerifierKey, sign_note
from opencode_ledger.domain.proofs.tiles import node_in
from opencode_ledger.http.offline.verify import Verdict
from opencode_ledger.http.offline.verify_export import exported_findings, verify_lines

ONE, OTHER = CodebaseId("cb_1"), CodebaseId("cb_2")
SALT, TEXT = b"s" * 16, "what a tool printed\n" * 3


def the_log() -> list[RecordedEvent]:
    """A log of two codebases, whose sessions come between each other's; one event names a whole output, one is erased."""
    found, last = list[RecordedEvent](), {ONE: 0, OTHER: 0}

    def add(stream: CodebaseId, topic: str, **members: object) -> None:
        last[stream] += 1
        place = Position(len(found) + 1), stream, Sequence(last[stream])
        found.append(RecordedEvent(*place, topic, json.dumps(members, separators=(",", ":")).encode()))

    for n in range(24):
        stream = ONE if n % 3 else OTHER
        session = {} if n % 7 == 0 else {"session_id": f"sess_{stream}_{n % 2}"}
        add(stream, "output", content=f"text {n}", **session)
        if n == 10:
            digest = sha256(SALT + TEXT.encode()).hexdigest()
            named = {"whole_id": f"out_{'a' * 32}", "whole_bytes": len(TEXT), "whole_sha256": digest}
            add(ONE, "tool_result", output="a part", session_id="sess_cb_1_0", **named)
    at = Position(5)
    blank = tombstone_of(found[at - 1], Position(len(found) + 1)) or b""
    found[at - 1] = found[at - 1]._replace(data=blank)
    tombstones = {str(at): sha256(blank).hexdigest()}
    add(
        found[at - 1].stream,
        "erasure",
        reason="r",
        erased_by="b",
        tombstones=tombstones,
        timestamp="2026-01-01T00:00:00.000Z",
    )
    return found


LOG: Final = the_log()
PRIVATE: Final = Ed25519PrivateKey.generate()
KEY: Final = VerifierKey("log", PRIVATE.public_key().public_bytes_raw())
TREE: Final = GrowingTree()
TREE.extend([leaf_of(event) for event in LOG])
ROOT, TILES = TREE.root(), TREE.take()
NOTE: Final = sign_note(Checkpoint("log", len(LOG), ROOT).text, KEY, PRIVATE.sign)


def proved(selection: dict[str, Any], events: list[RecordedEvent], count: int | None = None) -> list[bytes]:
    """An export of these events, with the proof that they are in the log: anybody can make it who has the tree's tiles."""
    places = sorted({event.position - 1 for event in events})
    beside = [span_hash(span, partial(node_in, TILES)) for span in spans_beside(places, len(LOG))]
    count = len(events) if count is None else count
    manifest = Manifest(selection=selection, events=count, key=str(KEY), checkpoint=NOTE)
    return [manifest_line(manifest), *map(event_line, events), proof_line(beside)]


def chosen(selection: dict[str, Any]) -> list[RecordedEvent]:
    """The events that a choice promises: what is true of it in this log."""
    if not selection:
        return LOG
    own = [event for event in LOG if event.stream == selection["codebase_id"]]
    within = [event for event in own if selection["from"] <= event.sequence <= selection["to"]]
    session = selection.get("session_id")
    return [event for event in within if session is None or session_of(event) == session]


def verdict_on(lines: list[bytes], key: VerifierKey | None = None) -> Verdict | None:
    """What is found; None where the file is refused. The program that stands alone says the same."""
    try:
        verdict = verify_lines(iter(lines), (), key, unwatched)
    except (BadExport, BadNote, InvalidInput):
        verdict = None
    assert judged_alone(lines, key) == (None if verdict is None else verdict.sound)
    return verdict


def judged_alone(lines: list[bytes], key: VerifierKey | None) -> bool | None:
    """Whether `scripts/verify.py` finds these lines sound; None where it refuses them."""
    try:
        return not alone.verify(iter(lines), None if key is None else alone.Key.read(str(key))).wrong
    except alone.NotAnExport:
        return None


def said(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.summary, verdict.claim, str(verdict.key)


WHOLE: dict[str, Any] = {}
CODEBASE: dict[str, Any] = {"codebase_id": ONE, "from": 1, "to": 17}
RANGE: dict[str, Any] = {"codebase_id": ONE, "from": 3, "to": 9}
WANTED: dict[str, Any] = {**CODEBASE, "session_id": "sess_cb_1_1"}
SESSION: dict[str, Any] = {**WANTED, "from": chosen(WANTED)[0].sequence, "to": chosen(WANTED)[-1].sequence}
SOUND = (WHOLE, CODEBASE, RANGE, SESSION)


@pytest.mark.parametrize("selection", SOUND)
def test_what_is_claimed_and_what_is_shown(selection: dict[str, Any]) -> None:
    """Both are said, in the first line of the verdict too; and what can't be shown from the file alone."""
    events = chosen(selection)
    verdict = verdict_on(proved(selection, events), KEY)
    assert verdict is not None
    assert verdict.sound
    shown = {
        None: "the whole log: all there",
        17: "codebase cb_1, events 1 to 17: all there; whether the codebase has later ones is not shown",
        9: "codebase cb_1, events 3 to 9: all there; whether the codebase has later ones is not shown",
    }
    assert verdict.summary.startswith(f"proved to be in the log that was signed at {len(LOG)}; ")
    if "session_id" in selection:
        counted = f"session sess_cb_1_1 of codebase cb_1: {len(events)} in the log"
        assert f"{counted} between {events[0].sequence} and {events[-1].sequence} of the codebase's" in verdict.summary
        assert "completeness not shown" in verdict.summary
        assert verdict.claim.startswith("session sess_cb_1_1 of codebase cb_1, events ")
    else:
        assert shown[selection.get("to")] in verdict.summary


Spoil = Callable[[list[RecordedEvent]], list[RecordedEvent]]
PARTS: list[Spoil] = [
    lambda events: events[: len(events) // 2],
    lambda events: events[len(events) // 2 :],
    lambda events: events[:-1],
    lambda events: events[1:],
    lambda _events: [],
    lambda events: sorted([*events[:-1], chosen({**CODEBASE, "codebase_id": OTHER})[3], events[-1]]),
]


@pytest.mark.parametrize("selection", SOUND)
@pytest.mark.parametrize("spoil", PARTS)
def test_a_part_proved_again(selection: dict[str, Any], spoil: Spoil) -> None:
    """A part of an export, proved again under the same manifest, or with another count, is found."""
    events = spoil(chosen(selection))
    if events == chosen(selection):
        return
    for count in (len(events), len(chosen(selection))):
        verdict = verdict_on(proved(selection, events, count))
        assert verdict is None or not verdict.sound
        assert verdict is None or "not what the file claims" in verdict.summary


MANIFESTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (RANGE, {"session_id": "sess_cb_1_1"}),
    (RANGE, {"session_id": None}),
    (RANGE, {"session_id": ""}),
    (RANGE, {"note": "all is well"}),
    (RANGE, {"from": 1}),
    (RANGE, {"from": 4}),
    (RANGE, {"to": 17}),
    (RANGE, {"to": 8}),
    (RANGE, {"from": True}),
    (RANGE, {"from": 3.0}),
    (RANGE, {"from": "3"}),
    (RANGE, {"from": -3}),
    (RANGE, {"to": 2}),
    (RANGE, {"to": 10**19}),
    (RANGE, {"codebase_id": OTHER}),
    (RANGE, {"codebase_id": None}),
    (SESSION, {"session_id": "sess_cb_1_0"}),
    (SESSION, {"from": 2}),
    (SESSION, {"to": 18}),
    (WHOLE, {"codebase_id": ONE}),
    (WHOLE, {"codebase_id": ONE, "from": 1, "to": 18}),
    (WHOLE, {"from": 1, "to": 18}),
    (WHOLE, {"session_id": "sess_cb_1_1"}),
]


@pytest.mark.parametrize(("selection", "change"), MANIFESTS)
def test_another_manifest(selection: dict[str, Any], change: dict[str, Any]) -> None:
    """A manifest that says something else of the same events is found, and one with what nobody knows is refused."""
    verdict = verdict_on(proved({**selection, **change}, chosen(selection)))
    assert verdict is None or not verdict.sound


def test_members_that_are_missing() -> None:
    """A choice without an end promises less than it seems to: it is none."""
    for name in RANGE:
        fewer = {member: value for member, value in RANGE.items() if member != name}
        assert verdict_on(proved(fewer, chosen(RANGE))) is None


def test_other_keys_and_notes() -> None:
    """A key that isn't the log's, another spelling of it, and what was added to the signed note are refused."""
    sound = proved(RANGE, chosen(RANGE))
    mine = Ed25519PrivateKey.generate()
    other = VerifierKey("log", mine.public_key().public_bytes_raw())
    for old, new in (
        (str(KEY), str(other)),
        (str(KEY), f" {KEY}"),
        (str(KEY), f"{KEY}\\n"),
        (NOTE[-3:-1], NOTE[-3:-1] + "\\n— x AAAAAAAA"),
        (NOTE[-3:-1], NOTE[-3:-1] + "\\r"),
    ):
        lines = [sound[0].replace(old.encode(), new.encode()), *sound[1:]]
        assert lines != sound
        assert verdict_on(lines) is None, new
        assert verdict_on(lines, KEY) is None, new
    assert verdict_on(sound, other) is None


def test_words_in_an_erased_event() -> None:
    """An event that was made to look erased is found, or the verdict says that nothing proves what is left of it."""
    events = chosen(SESSION)
    for by in (1, events[1].position, events[3].position, len(LOG), len(LOG) + 1):
        blank = tombstone_of(events[1], Position(by)) or b""
        verdict = verdict_on(proved(SESSION, [events[0], events[1]._replace(data=blank), *events[2:]]))
        assert verdict is not None
        assert by == len(LOG) or not verdict.sound
        assert not verdict.sound or "1 erased by events outside this export" in verdict.summary


def ranges() -> st.SearchStrategy[dict[str, Any]]:
    """What somebody may write into a manifest as having been chosen."""
    sessions = st.sampled_from([None, "sess_cb_1_0", "sess_cb_1_1", "sess_cb_2_0", ""])

    def made(codebase: str, first: int, last: int, session: str | None) -> dict[str, Any]:
        return {"codebase_id": codebase, "from": first, "to": last} | (
            {} if session is None else {"session_id": session}
        )

    return st.builds(made, st.sampled_from([ONE, OTHER]), st.integers(0, 18), st.integers(0, 20), sessions)


def parts_of(selection: dict[str, Any]) -> st.SearchStrategy[list[RecordedEvent]]:
    """The events of a choice, some left out, twice, in another order, or with others of the log."""
    true = chosen(selection) or LOG[:3]
    some = st.lists(st.sampled_from(true), max_size=20)
    return st.one_of(
        st.just(true),
        st.sets(st.integers(0, len(true) - 1)).map(lambda out: [e for n, e in enumerate(true) if n not in out]),
        some,
        st.permutations(true),
        st.lists(st.sampled_from(LOG), max_size=3).map(lambda more: sorted([*true, *more])),
    )


@given(st.sampled_from(SOUND), st.data())
def test_any_part_under_any_manifest(was: dict[str, Any], data: st.DataObject) -> None:
    """Any subset, duplication, reordering and manifest, proved again: found, or the verdict claims something else.

    And what it claims is true of the log: a range is whole, and a session's events are all of that session.
    """
    selection = data.draw(st.sampled_from(SOUND) | ranges())
    events = data.draw(parts_of(selection))
    verdict = verdict_on(proved(selection, events, data.draw(st.none() | st.integers(-1, 30))))
    if verdict is None or not verdict.sound:
        return
    before = verdict_on(proved(was, chosen(was)))
    assert before is not None
    assert (selection, events) == (was, chosen(was)) or said(verdict) != said(before)
    true = chosen(selection)
    assert all(event in true for event in events)
    assert events == sorted(set(events))
    if "session_id" in selection:
        assert (events[0].sequence, events[-1].sequence) == (selection["from"], selection["to"])
        assert events == true or "completeness not shown" in verdict.summary
    else:
        assert events == true


@given(st.sampled_from(SOUND), st.data())
def test_any_byte(selection: dict[str, Any], data: st.DataObject) -> None:
    """One byte of a sound export changed, anywhere: found, refused, or the verdict claims something else.

    But for what is left of an event whose erasure isn't in the export: of that it says that it isn't proven.
    """
    sound = b"".join(proved(selection, chosen(selection)))
    at, by = data.draw(st.integers(0, len(sound) - 1)), data.draw(st.binary(min_size=0, max_size=2))
    changed = sound[:at] + by + sound[at + 1 :]
    verdict, before = verdict_on(changed.splitlines(keepends=True)), verdict_on(sound.splitlines(keepends=True))
    assert before is not None
    if changed == sound or verdict is None or not verdict.sound or said(verdict) != said(before):
        return
    pairs = zip(changed.splitlines(), sound.splitlines(), strict=True)
    assert all(b'"erased":{' in was for now, was in pairs if now != was)
    assert "1 erased by events outside this export: the rest of their content is not proved" in before.summary


def outputs_of(events: list[RecordedEvent]) -> list[bytes]:
    """The whole outputs that go along with an export of these events."""
    kept = kept_in(events)
    each = ([output_line(one, SALT), text_line(TEXT[:25].encode()), text_line(TEXT[25:].encode())] for one in kept)
    return [first_line(len(kept)), *(line for lines in each for line in lines), last_line(len(kept))]


def found_in(lines: list[bytes], events: list[RecordedEvent]) -> Iterator[Finding]:
    return exported_findings(read_outputs(lines), kept_in(events))


def wrong_alone(lines: list[bytes], events: list[RecordedEvent]) -> bool:
    """Whether `scripts/verify.py` finds these outputs wrong, or refuses them."""
    lines_of_export = proved(CODEBASE, events)
    try:
        return bool(alone.verify(iter(lines_of_export), None, outputs=lines).wrong)
    except alone.NotAnExport:
        return True


OTHER_OUTPUTS: list[Callable[[list[bytes]], list[bytes]]] = [
    lambda lines: lines[:1] + lines[4:],
    lambda _lines: [first_line(0), last_line(0)],
    lambda lines: [*lines[:2], *lines[3:]],
    lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
    lambda lines: [*lines[:3], lines[2], *lines[3:]],
    lambda lines: [*lines[:4], lines[1], *lines[2:]],
    lambda lines: [lines[0].replace(b"}", b',"note":"x"}'), *lines[1:]],
    lambda lines: [lines[0].replace(b":1}", b":true}"), *lines[1:]],
    lambda lines: [*lines[:-1], b'{"end":true}\n'],
    lambda lines: [*lines[:-1], b'{"end":1,"note":"x"}\n'],
    lambda lines: [lines[0], lines[1].replace(b'"bytes":60', b'"bytes":61'), *lines[2:]],
    lambda lines: [lines[0], lines[1].replace(b'"position":', b'"position":1'), *lines[2:]],
    lambda lines: [lines[0], lines[1].replace(b"}", b',"note":"x"}'), *lines[2:]],
    lambda lines: [lines[0], lines[1].replace(b'"salt":"73', b'"salt":"'), *lines[2:]],
    lambda lines: [lines[0], lines[1].replace(b"cb_1", b"cb_2"), *lines[2:]],
    lambda lines: [*lines[:2], lines[2].replace(b"}", b',"note":"x"}'), *lines[3:]],
    lambda lines: [*lines[:2], lines[2].replace(b'"text"', b'"text":"x","text"'), *lines[3:]],
    lambda lines: [*lines[:2], lines[2].replace(b"what", b"\\u0077hat"), *lines[3:]],
    lambda lines: [*lines[:2], text_line(b""), *lines[2:]],
    # The hash is over the salt and the text: what is taken from the one and put to the other makes the same.
    lambda lines: [lines[0], lines[1].replace(b'73"}', b'7377"}'), lines[2].replace(b"what", b"hat"), *lines[3:]],
]


@pytest.mark.parametrize("spoil", OTHER_OUTPUTS)
def test_other_outputs(spoil: Callable[[list[bytes]], list[bytes]]) -> None:
    """Whole outputs that go along with an export are held to the same: whatever was done to them is found or refused."""
    events = chosen(CODEBASE)
    sound = outputs_of(events)
    assert not list(found_in(sound, events))
    assert not wrong_alone(sound, events)
    changed = spoil(sound)
    assert changed != sound
    assert wrong_alone(changed, events)
    try:
        assert list(found_in(changed, events))
    except BadExport:
        return


def test_an_erased_event_has_no_output() -> None:
    """An output that goes along with an event that was made to look erased is found: nothing proves it any more."""
    events = chosen(CODEBASE)
    at = next(n for n, event in enumerate(events) if event.topic == "tool_result")
    blank = tombstone_of(events[at], Position(len(LOG))) or b""
    erased = [*events[:at], events[at]._replace(data=blank), *events[at + 1 :]]
    assert [finding.kind for finding in found_in(outputs_of(events), erased)] == ["added"]
    assert wrong_alone(outputs_of(events), erased)
