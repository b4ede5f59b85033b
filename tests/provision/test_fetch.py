"""`opencode-ledger setup`: the pinned opencode for a service that was installed by pip, pipx or uv."""

import os
from pathlib import Path

import pytest

from opencode_ledger.actors.opencode import NPM_VERSION
from opencode_ledger.http.setup import place
from opencode_ledger.http.setup.fetch import fetch_tools
from opencode_ledger.http.setup.opencode import VERSION
from opencode_ledger.http.setup.programs import SetupFailed

NPM = """#!/bin/sh
echo "$@" >> {calls}
case "$1" in --version) echo 10.0.0; exit;; esac
for last; do :; done
for name in {names}; do
    mkdir -p "$last/node_modules/$name/bin"
    printf '#!/bin/sh\\necho {version}\\n' > "$last/node_modules/$name/bin/opencode"
    chmod +x "$last/node_modules/$name/bin/opencode"
done
exit {status}
"""
NAMES = "opencode-linux-x64 opencode-linux-x64-baseline opencode-linux-arm64 opencode-darwin-arm64"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with the basics alone: no opencode, no npm, no uv."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "mkdir", "chmod"):
        found = next(Path(place, name) for place in ("/bin", "/usr/bin") if Path(place, name).exists())
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put_npm(folder: Path, *, version: str = VERSION, status: int = 0) -> Path:
    calls = folder.parent / "calls"
    npm = folder / "npm"
    npm.write_text(NPM.format(calls=calls, names=NAMES, version=version, status=status))
    npm.chmod(0o755)
    return calls


def test_what_is_fetched_is_what_the_service_is_made_for() -> None:
    """One version, in the adapter and in the set-up."""
    assert VERSION == NPM_VERSION


def test_it_is_fetched_once(tmp_path: Path, programs: Path) -> None:
    """The first call downloads the pinned version, says so, and the second one finds it in place."""
    calls, said = put_npm(programs), list[str]()
    binary = fetch_tools(tmp_path / "tools", said.append)
    assert binary == tmp_path / "tools/bin/opencode"
    assert os.access(binary, os.X_OK)
    assert said == [f"fetching opencode {VERSION} (60 MB) ..."]
    before = calls.read_text()
    assert f"@{VERSION}" in before
    assert fetch_tools(tmp_path / "tools", said.append) == binary
    assert (calls.read_text(), len(said)) == (before, 1)


@pytest.mark.parametrize(("version", "status"), [("9.9.9", 0), (VERSION, 1)], ids=["another version", "npm fails"])
def test_what_does_not_run_here_is_not_kept(tmp_path: Path, programs: Path, version: str, status: int) -> None:
    """A wrong version or a failed download puts nothing in place, and says what to do."""
    put_npm(programs, version=version, status=status)
    with pytest.raises(SetupFailed) as failed:
        fetch_tools(tmp_path / "tools", lambda _line: None)
    assert failed.value.advice
    assert not (tmp_path / "tools/bin/opencode").exists()
    assert not list((tmp_path / "tools").glob("fetching-*"))


def absent(_name: str) -> None:
    """There is no such module."""


def test_without_npm_and_pip_it_says_what_to_install(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an environment of uv there is neither; nothing is guessed."""
    monkeypatch.setattr("importlib.util.find_spec", absent)
    with pytest.raises(SetupFailed, match="npm was not found") as failed:
        fetch_tools(tmp_path / "tools", lambda _line: None)
    assert "apt-get install npm" in failed.value.advice


def test_a_script_that_starts_opencode_is_not_copied(tmp_path: Path, programs: Path) -> None:
    """It would start something else after the next upgrade, so the executable itself is fetched."""
    put_npm(programs)
    (programs / "opencode").write_text(f"#!/bin/sh\necho {VERSION}\n")
    (programs / "opencode").chmod(0o755)
    said = list[str]()
    fetch_tools(tmp_path / "tools", said.append)
    assert said == [f"fetching opencode {VERSION} (60 MB) ..."]


def test_where_the_tools_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone has its own; an installed package uses the person's data, never a relative path."""
    root = Path(__file__).resolve().parents[2]
    assert place.tools_dir() == root / ".tools"
    monkeypatch.setattr(place, "CLONE", place.clone_of(tmp_path / "opencode_ledger/http/setup/place.py"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for given, expected in (
        ("", tmp_path / ".local/share"),
        ("some", tmp_path / ".local/share"),
        ("/xdg", Path("/xdg")),
    ):
        monkeypatch.setenv("XDG_DATA_HOME", given)
        assert place.tools_dir() == expected / "opencode-ledger/tools"
