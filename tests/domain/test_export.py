"""The lines of an export: what is written is read again to the byte, and anything else is refused in words."""

import base64

import orjson
import pytest

from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.outputs.exported import BadExport
from opencode_ledger.domain.proofs.export import (
    FORMAT,
    Manifest,
    event_line,
    manifest_line,
    proof_line,
    read_event,
    read_manifest,
    read_proof,
)

MANIFEST = Manifest(selection={"codebase_id": "cb_1"}, events=2, key="name+id+key", checkpoint="note\n")
EVENT = RecordedEvent(Position(7), CodebaseId("cb_1"), Sequence(3), "output", b'{"content": "a }\\n b",  "n":1.0}')


def test_the_lines_are_as_documented() -> None:
    """Each line is JSON with the documented members, an event's data last and byte for byte as in the log."""
    assert orjson.loads(manifest_line(MANIFEST)) == {
        "format": "opencode-ledger export v1",
        "selection": {"codebase_id": "cb_1"},
        "events": 2,
        "key": "name+id+key",
        "checkpoint": "note\n",
    }
    line = b'{"position":7,"codebase_id":"cb_1","sequence":3,"type":"output","data":' + EVENT.data + b"}\n"
    assert event_line(EVENT) == line
    assert proof_line([b"a" * 32, b""]) == b'{"proof":["' + base64.b64encode(b"a" * 32) + b'",""]}\n'


def test_what_is_written_is_read_again() -> None:
    """The manifest, an event and the proof come back as they were; large numbers and line feeds within data too."""
    large = RecordedEvent(Position(10**18), CodebaseId("cb_é"), Sequence(10), "permission", b"{\n}")
    assert read_manifest(manifest_line(MANIFEST)) == MANIFEST
    assert [read_event(event_line(event)) for event in (EVENT, large)] == [EVENT, large]
    assert read_proof(proof_line([b"a" * 32, b"b"])) == [b"a" * 32, b"b"]
    assert read_proof(proof_line([])) == []


@pytest.mark.parametrize(
    "line", [b"", b"{}\n", b"[]\n", b"no json\n", b'{"format":"another"}\n', manifest_line(MANIFEST)[:-1]]
)
def test_a_file_that_is_no_export(line: bytes) -> None:
    """A file that doesn't begin with a whole manifest is refused as another file, or as truncated."""
    with pytest.raises(BadExport, match=r"does not begin with the manifest of an opencode-ledger export v1"):
        read_manifest(line)


@pytest.mark.parametrize("member", ["selection", "events", "key", "checkpoint"])
def test_a_manifest_needs_all_its_members(member: str) -> None:
    """A manifest that lacks a member, or has it of another kind, is incomplete."""
    members = orjson.loads(manifest_line(MANIFEST))
    for wrong in ({**members, member: None}, {name: value for name, value in members.items() if name != member}):
        assert wrong["format"] == FORMAT
        with pytest.raises(BadExport, match=r"The manifest is incomplete\."):
            read_manifest(orjson.dumps(wrong) + b"\n")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b'"position":7', b'"position":0'),
        (b'"position":7', b'"position":-7'),
        (b'"sequence":3', b'"sequence":03'),
        (b'"sequence":3', b'"sequence":10000000000000000000'),
        (b'"cb_1"', b"1"),
        (b'"type"', b'"kind"'),
        (b"}\n", b"}"),
        (b"{", b" {"),
        (b'"type":"', b'"type":"\xd7'),
    ],
)
def test_a_line_that_is_no_event(right: bytes, wrong: bytes) -> None:
    """A line in any other form than the written one is no event."""
    with pytest.raises(BadExport, match=r"A line is not an event\."):
        read_event(event_line(EVENT).replace(right, wrong))


def test_a_proof_that_is_none() -> None:
    """The refusal says whether the proof is missing, malformed or damaged."""
    for line, sentence in (
        (b"{}\n", r"does not end with its proof"),
        (b'{"proof":{}}\n', r"does not end with its proof"),
        (b'{"proof":["?AAA"]}\n', r"The proof is malformed\."),
        (b'{"proof":["A"]}\n', r"The proof is malformed\."),
        (b'{"proof":[]}', r"damaged or truncated"),
        (b"[]\n", r"damaged or truncated"),
        (b"{\n", r"damaged or truncated"),
    ):
        with pytest.raises(BadExport, match=sentence):
            read_proof(line)
