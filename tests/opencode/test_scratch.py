"""The directory of an agent's temporary files is private, and goes with all that is in it and nothing else."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs
from tests.support.service import running

from opencode_ledger.actors.opencode import clear_scratch
from opencode_ledger.actors.opencode.host import scratch
from opencode_ledger.actors.opencode.host.scratch import Scratch
from opencode_ledger.http.settings import Settings


async def test_one_for_each(tmp_path: Path) -> None:
    """Each has a directory that nobody else can read, and removing one leaves the other."""
    one, other = [await Scratch.make(tmp_path / "tmp") for _ in range(2)]
    places = [Path(scratch.variables["TMPDIR"]) for scratch in (one, other)]
    assert [place.stat().st_mode & 0o777 for place in (*places, tmp_path / "tmp")] == [0o700] * 3
    await one.remove()
    assert list((tmp_path / "tmp").iterdir()) == [places[1]]


def test_what_is_closed_goes_and_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    """Also directories closed to their owner are removed; of a link only the link is."""
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o500)
    place = tmp_path / "tmp"
    inner = place / "a/b"
    inner.mkdir(parents=True)
    (inner / "file").write_text("x")
    (place / "link").symlink_to(outside)
    (tmp_path / "another").symlink_to(outside)
    for closed in (inner, place / "a", place):
        closed.chmod(0)
    clear_scratch(place)
    clear_scratch(tmp_path / "another")
    clear_scratch(tmp_path / "not there")
    assert not place.exists()
    assert outside.stat().st_mode & 0o777 == 0o500


async def test_where_none_can_be_made(tmp_path: Path) -> None:
    """On a place that is no directory agents start all the same, with the system's own, and the log says so."""
    (tmp_path / "file").write_text("")
    assert await made_nowhere(tmp_path / "file/tmp")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="flags of Linux")
async def test_where_nothing_can_be_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system from which no library can be loaded it is the system's own too: opencode needs one."""

    def closed(_: Path) -> SimpleNamespace:
        return SimpleNamespace(f_flag=scratch.NO_EXECUTION)

    monkeypatch.setattr(os, "statvfs", closed)
    assert await made_nowhere(tmp_path / "tmp")


async def made_nowhere(place: Path) -> bool:
    """Whether no directory was made there, and the log says so."""
    with capture_logs() as logged:
        made = await Scratch.make(place)
    await made.remove()
    return (made.variables, len(logged)) == ({}, 1)


async def test_what_a_killed_server_left_is_cleared_at_the_start(tmp_path: Path) -> None:
    """The temporary files of agents whose server was killed are gone when the next one is ready."""
    left = tmp_path / "data/tmp/left"
    left.mkdir(parents=True)
    (left / "file").write_text("x")
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home"):
        assert not left.exists()
