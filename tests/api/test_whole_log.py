"""The evidence of a whole log, and of one event, without a server."""

import base64
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from scripts import verify as alone
from tests.golden.release import THIS_VERSION, events_of, write_data
from tests.support.command_line import run_here
from tests.support.process import Ended

from opencode_ledger.domain.proofs.leaves import entry
from opencode_ledger.domain.proofs.merkle import leaf_hash, verify_inclusion
from opencode_ledger.domain.proofs.signed_notes import VerifierKey, checkpoint_in, open_note
from opencode_ledger.projections.tree.signing import verify

Audit = Callable[..., Ended]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with everything that a log can have."""
    return write_data(THIS_VERSION, tmp_path / "data")


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Audit:
    """Runs an audit command here."""
    return partial(run_here, monkeypatch, capsys, "audit")


LOG: Final = events_of(THIS_VERSION)


def test_all_of_it(data: Path, audit: Audit, tmp_path: Path) -> None:
    """Every event of every codebase is in the export, in order; both verifiers say that nothing is left out."""
    out = tmp_path / "all.jsonl"
    ended = audit("export", "--with-outputs", "--out", str(out), "--data", str(data))
    assert ended.code == 0, ended
    manifest, *lines, proof = out.read_bytes().splitlines(keepends=True)
    assert (json.loads(manifest)["selection"], json.loads(manifest)["events"]) == ({}, len(LOG))
    assert [json.loads(line)["position"] for line in lines] == list(range(1, len(LOG) + 1))
    assert {json.loads(line)["codebase_id"] for line in lines} == {event.stream for event in LOG}
    assert json.loads(proof) == {"proof": []}
    verdict = audit("verify", str(out))
    assert verdict.code == 0
    assert "the whole log: all there" in verdict.output
    assert "whole outputs in all.jsonl.outputs.jsonl" in verdict.output
    with out.open("rb") as file:
        found = alone.verify(alone.lines_of(file), None)
    assert (found.wrong, "the whole log" in found.said) == ([], True)


@pytest.mark.parametrize("left_out", [1, 2, len(LOG) // 2, len(LOG)])
def test_one_left_out(left_out: int, data: Path, audit: Audit, tmp_path: Path) -> None:
    """Without one of its events it is not the whole log."""
    out = tmp_path / "all.jsonl"
    audit("export", "--out", str(out), "--data", str(data))
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join([*lines[:left_out], *lines[left_out + 1 :]]))
    verdict = audit("verify", str(out))
    assert (verdict.code, "missing" in verdict.output) == (1, True), verdict


@pytest.mark.parametrize("choice", [("--session", "sess_1"), ("--from", "1"), ("--to", "3")])
def test_a_part_of_no_codebase(choice: tuple[str, str], data: Path, audit: Audit, tmp_path: Path) -> None:
    """What chooses among a codebase's events needs the codebase."""
    out = tmp_path / "all.jsonl"
    ended = audit("export", *choice, "--out", str(out), "--data", str(data))
    assert (ended.code, "name the codebase too" in ended.errors, out.exists()) == (2, True, False)


@pytest.mark.parametrize("position", [1, 2, 36, len(LOG) - 1, len(LOG)])
def test_the_proof_of_an_event(position: int, data: Path, audit: Audit, tmp_path: Path) -> None:
    """A proof has what the format asks for, and is valid for that event alone."""
    out = tmp_path / "one.tlog-proof"
    assert audit("proof", "--position", str(position), "--out", str(out), "--data", str(data)).code == 0
    head, _, note = out.read_text(encoding="utf-8").partition("\n\n")
    header, extra, index, *hashes = head.split("\n")
    assert (header, index) == ("c2sp.org/tlog-proof@v1", f"index {position - 1}")
    assert base64.b64decode(extra.removeprefix("extra ")) == entry(LOG[position - 1])
    audit("export", "service", "--out", str(tmp_path / "x"), "--data", str(data))
    key = VerifierKey.parse(json.loads((tmp_path / "x").read_bytes().splitlines()[0])["key"])
    assert open_note(note, key, verify)
    signed = checkpoint_in(note)
    path = [base64.b64decode(one) for one in hashes]
    for event in LOG[max(0, position - 3) : position + 2]:
        leaf = leaf_hash(entry(event))
        assert verify_inclusion(leaf, position - 1, signed.size, path, signed.root) == (event.position == position)


@pytest.mark.parametrize("position", ["0", "-1", str(len(LOG) + 1), "x"])
def test_the_proof_of_nothing(position: str, data: Path, audit: Audit, tmp_path: Path) -> None:
    """An event that the log doesn't have has no proof, and no file is made."""
    out = tmp_path / "one.tlog-proof"
    ended = audit("proof", "--position", position, "--out", str(out), "--data", str(data))
    assert (ended.code, "position" in ended.errors.lower(), out.exists()) == (2, True, False), ended
