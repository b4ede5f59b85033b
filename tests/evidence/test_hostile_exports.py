"""Exports of somebody who wants the auditor harm: each is refused in a sentence or found wrong, and touches nothing."""

from pathlib import Path

import pytest
from tests.evidence.conftest import Run, harmless
from tests.evidence.exports import HOSTILE
from tests.golden.release import LOGS, THIS_VERSION

SOUND = LOGS / THIS_VERSION / "export.jsonl"


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_or_found_wrong(name: str, decoy: Path, tmp_path: Path, run: Run) -> None:
    """No such file is sound, none is followed, and none takes long or much memory."""
    make, words = HOSTILE[name]
    path = tmp_path / "given" / "export.jsonl"
    path.parent.mkdir()
    make(path, SOUND.read_bytes().splitlines(keepends=True), decoy)
    report = run(["audit", "verify", str(path)], path.parent, decoy)
    harmless(report, path.parent, decoy)
    assert report["code"], report
    assert words in report["said"], report


def test_a_sound_one(decoy: Path, run: Run) -> None:
    """The one that they were made of is sound."""
    report = run(["audit", "verify", str(SOUND)], decoy)
    assert report["code"] == 0, report


@pytest.mark.parametrize(("given", "words"), [("/dev/zero", "is a device"), ("/dev/null", "is a device")])
def test_what_is_no_file(given: str, words: str, decoy: Path, run: Run) -> None:
    """A device is none, as an export, a checkpoint, or a key."""
    beside = (["--checkpoint", given], ["--outputs", given])
    for command in (["audit", "verify", given], *(["audit", "verify", str(SOUND), *more] for more in beside)):
        report = run(command, decoy)
        assert report["code"] == 2, report
        assert words in report["said"], report


def test_checkpoints_that_are_no_text(decoy: Path, tmp_path: Path, run: Run) -> None:
    """What is given beside an export is read as carefully: an endless one, one that is no text, and a key of any length."""
    for content, words in ((b"x" * 2**17, "longer than"), (b"\xff\xfe", "not text"), (b"", "not a signed note")):
        (tmp_path / "given").write_bytes(content)
        report = run(["audit", "verify", str(SOUND), "--checkpoint", str(tmp_path / "given")], decoy)
        harmless(report, tmp_path / "given", decoy)
        assert report["code"] == 2
        assert words in report["said"], report
    for key in ("x" * 5000, "a\0b", ""):
        report = run(["audit", "verify", str(SOUND), "--key", key], decoy)
        harmless(report, None, decoy)
        assert report["code"] == 2, report
