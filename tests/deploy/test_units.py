"""The systemd units: valid for systemd's own tool, and hardened."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "deploy/systemd"
SERVICE = UNITS / "opencode-ledger.service"
MOST_EXPOSED = 3.0
"""systemd rates a service from 0 (nothing is exposed) to 10. Below 4 it says OK."""


def analyzed(folder: Path, *arguments: str) -> str:
    """What systemd-analyze says of the units, with a program that is here in the place of ours."""
    program = shutil.which("systemd-analyze") or pytest.skip("systemd isn't installed")
    for unit in UNITS.iterdir():
        text = unit.read_text(encoding="utf-8").replace("/opt/opencode-ledger/bin/opencode-ledger", "/bin/true")
        (folder / unit.name).write_text(text, encoding="utf-8")
    names = (
        [f"./{unit.name}" for unit in sorted(UNITS.iterdir())] if arguments[0] == "verify" else [f"./{SERVICE.name}"]
    )
    done = subprocess.run([program, *arguments, *names], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_units_are_valid(tmp_path: Path) -> None:
    """systemd has nothing to say of them."""
    assert analyzed(tmp_path, "verify") == ""


def test_the_service_is_hardened(tmp_path: Path) -> None:
    """systemd's own rating of what the service could do to the machine is low."""
    rated = re.search(r"exposure level for \S+: ([0-9.]+)", analyzed(tmp_path, "security", "--offline=true"))
    assert rated
    assert float(rated[1]) < MOST_EXPOSED


def test_the_erasure_ends_what_it_begins() -> None:
    """The service is started again however the erasure ended, and isn't if it did not run before."""
    text = (UNITS / "opencode-ledger-erase.service").read_text(encoding="utf-8")
    assert "ExecCondition=/bin/systemctl is-active --quiet opencode-ledger.service" in text
    assert "ExecStopPost=" in text
    assert "systemctl start opencode-ledger.service" in text
    assert "--older-than 90d --reason retention --yes" in text


def test_every_variable_is_an_option() -> None:
    """The variables of the unit are those of `serve`."""
    documented = (UNITS.parents[1] / "docs/operations.md").read_text(encoding="utf-8")
    for name in re.findall(r"^#?Environment=(LEDGER_\w+)=", SERVICE.read_text(encoding="utf-8"), re.MULTILINE):
        assert f"| `{name}` |" in documented
