"""The verifier that is one file and imports nothing of ours: it runs alone, and its own parts agree with what others wrote."""

import io
import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

import orjson
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from scripts import verify
from scripts.make_audit_vectors import PAGE, Example, text
from tests.golden.release import THIS_VERSION, events_of, write_data
from tests.support.command_line import run_here, unwatched

from opencode_ledger.domain.erasure.tombstones import AMOUNTS
from opencode_ledger.domain.errors import InvalidInput
from opencode_ledger.domain.events.members import FREE, NESTED, ON_THE_WIRE
from opencode_ledger.domain.outputs.exported import BadExport
from opencode_ledger.domain.proofs.leaves import entry, leaf_of
from opencode_ledger.domain.proofs.signed_notes import BadNote, VerifierKey
from opencode_ledger.http.offline.verify_export import verify_lines

DESCRIBED: Final = PAGE.with_name("audit-format.md")
PROGRAM: Final = Path(verify.__file__)


def by_others(public: bytes, signature: bytes, text: bytes) -> bool:
    """What the cryptography package says of a signature."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.data())
def test_signatures(seed: bytes, text: bytes, data: st.DataObject) -> None:
    """A signature is valid for the key and the text that it was made with, and for no other."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(text)
    assert verify.is_signature(public, signature, text)
    at, bit = data.draw(st.integers(0, 63)), 1 << data.draw(st.integers(0, 7))
    changed = bytes(byte ^ bit if n == at else byte for n, byte in enumerate(signature))
    other = bytes(byte ^ bit if n == at % 32 else byte for n, byte in enumerate(public))
    for three in ((public, changed, text), (other, signature, text), (public, signature, text + b"x")):
        assert not verify.is_signature(*three)
        assert not by_others(*three)


@pytest.mark.parametrize("length", [0, 32, 63, 65])
def test_signatures_of_another_length(length: int) -> None:
    """What has not 64 bytes is no signature."""
    private = Ed25519PrivateKey.generate()
    assert not verify.is_signature(private.public_key().public_bytes_raw(), private.sign(b"x")[:1] * length, b"x")


def test_a_signature_has_one_form() -> None:
    """The same signature with the order added to its number is refused."""
    private = Ed25519PrivateKey.generate()
    signature = private.sign(b"x")
    larger = (int.from_bytes(signature[32:], "little") + verify.ORDER).to_bytes(32, "little")
    three = private.public_key().public_bytes_raw(), signature[:32] + larger, b"x"
    assert (verify.is_signature(*three), by_others(*three)) == (False, False)


def test_the_members_that_stay() -> None:
    """The program's list of what an erasure leaves is the service's."""
    assert verify.LEFT == ON_THE_WIRE
    assert set(verify.AMOUNTS) == AMOUNTS
    assert frozenset(verify.NESTED) == NESTED
    assert frozenset(verify.FREE) == FREE


def run(*words: str, cwd: Path) -> tuple[int, str]:
    """Run the program in an empty folder, with Python's own modules only."""
    command = [sys.executable, "-I", "-S", str(cwd / "verify.py"), *words]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_it_runs_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exports of every stream of the golden log are sound, with the key and a kept checkpoint; others are not."""
    data, room = write_data(THIS_VERSION, tmp_path / "data"), tmp_path / "room"
    room.mkdir()
    out = room / "nothing"
    shutil.copy(PROGRAM, room / "verify.py")
    for name in sorted({event.stream for event in events_of(THIS_VERSION)}):
        out = room / f"{name}.jsonl"
        assert run_here(monkeypatch, capsys, "audit", "export", name, "--out", str(out), "--data", str(data)).code == 0
        key = json.loads(out.read_bytes().splitlines()[0])["key"]
        (room / "ledger.key").write_text(f"{key}\n")
        code, said = run(str(out), "--key", "ledger.key", cwd=room)
        assert (code, said.splitlines()[0]) == (0, "sound"), said
        assert "The key was taken from the file itself" in run(str(out), cwd=room)[1]
        out.write_bytes(out.read_bytes().replace(b'"timestamp":"2', b'"timestamp":"3', 1))
        code, said = run(str(out), "--key", key, cwd=room)
        assert (code, said.splitlines()[0]) == (1, "NOT SOUND"), said
    assert run(str(out), "--key", "other+00000000+AAAA", cwd=room)[0] == 2
    assert run(str(PROGRAM), cwd=room)[0] == 2
    assert run("nowhere.jsonl", cwd=room)[0] == 2


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    """The exports for others, with their verdicts."""
    return cast("dict[str, Any]", json.loads(PAGE.read_bytes()))


def test_the_vectors_are_up_to_date() -> None:
    """They are made from this code; otherwise run `python -m scripts.make_audit_vectors`."""
    assert PAGE.read_text(encoding="utf-8") == text()


def test_the_vectors(vectors: dict[str, Any], subtests: pytest.Subtests) -> None:
    """The command and the program that stands alone give each export the verdict that is written beside it."""
    key, known = VerifierKey.parse(vectors["key"]), verify.Key.read(vectors["key"])
    assert len(vectors["cases"]) >= 40
    assert {str(case["verdict"]) for case in vectors["cases"]} == {"sound", "not sound", "refused"}
    for case in vectors["cases"]:
        with subtests.test(case["name"]):
            lines = io.BytesIO(case["export"].encode()).readlines()
            try:
                ours = "sound" if verify_lines(iter(lines), (), key, unwatched).sound else "not sound"
            except (BadExport, BadNote, InvalidInput):
                ours = "refused"
            try:
                theirs = "not sound" if verify.verify(iter(lines), known).wrong else "sound"
            except verify.NotAnExport:
                theirs = "refused"
            assert (ours, theirs) == (case["verdict"], case["verdict"])


def test_the_page_s_example(vectors: dict[str, Any]) -> None:
    """What the page shows is the vectors' own log: entry, leaf, root, note, key, and what is left of an erased event."""
    page, here = DESCRIBED.read_text(encoding="utf-8"), Example()
    first = here.log[0]
    shown = (entry(first).decode(), sha256(first.data).hexdigest(), leaf_of(first).hex(), here.root.hex(), here.note)
    left = '"erased":' + here.log[3].data.decode().partition('"erased":')[2].removesuffix("}")
    for text_shown in (*shown, str(here.key), left):
        assert text_shown in page
    assert f"{len(vectors['cases'])} exports" in page


@given(st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1e-4, 1e-4))
def test_numbers_are_written_alike(number: float) -> None:
    """A number with a fraction is written as the service writes it, so that one that somebody rewrote is found."""
    assert verify.compact({"cost": number}) == orjson.dumps({"cost": number})
