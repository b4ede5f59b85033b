"""The opencode binary that the service is made for: the machine's own if it will do, else npm's.

Only the platform's package is fetched: it holds the one executable, which needs neither node nor npm to run.
"""

import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .npm import Npm, Say
from .programs import SetupFailed

VERSION: Final = "1.18.33"
LINE: Final = "1.18."

_OWN_BINARY = f"Install opencode {LINE}x yourself and name it in the variable LEDGER_OPENCODE_BINARY."


def binary_in(tools: Path) -> Path:
    """Where opencode is among these tools."""
    return tools / "bin/opencode"


def install_opencode(tools: Path, find_npm: Callable[[], Npm], say: Say) -> None:
    """Have opencode among these tools: a copy of the machine's own if it will do, else npm's. Raises `SetupFailed`."""
    binary = binary_in(tools)
    if version_of(binary) == VERSION:
        return
    binary.parent.mkdir(parents=True, exist_ok=True)
    if found := _on_path():
        say(f"taking the opencode that is installed, {found}")
        _put_in_place(found, binary)
        return
    say(f"fetching opencode {VERSION} (60 MB) ...")
    names = packages_for(platform.system(), platform.machine(), musl=_has_musl(), avx2=_has_avx2())
    for name in names:
        if _fetched(find_npm(), name, binary):
            return
    raise SetupFailed(f"opencode was fetched ({', '.join(names)}), but does not run here", _OWN_BINARY)


def packages_for(system: str, machine: str, *, musl: bool, avx2: bool) -> list[str]:
    """The npm packages that hold this platform's binary, the likeliest first. Raises `SetupFailed`."""
    kernel = {"Linux": "linux", "Darwin": "darwin"}.get(system)
    processor = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(machine.lower())
    if kernel is None or processor is None:
        raise SetupFailed(f"there is no opencode for {system} on {machine}", _OWN_BINARY)
    c_library = "-musl" if musl else ""
    plain = f"opencode-{kernel}-{processor}{c_library}"
    if processor == "arm64":
        return [plain]
    baseline = f"opencode-{kernel}-{processor}-baseline{c_library}"
    return [plain, baseline] if avx2 else [baseline]


def version_of(binary: Path) -> str:
    """What the executable says its version is; nothing if it can't be asked."""
    with tempfile.TemporaryDirectory(prefix="opencode-") as home:  # it would lay out directories in the person's
        try:
            answer = subprocess.run(
                [binary, "--version"],
                env={"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "OPENCODE_DISABLE_AUTOUPDATE": "1"},
                capture_output=True,
                timeout=60,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
    found = re.search(rb"\d+\.\d+\.\d+\S*", answer.stdout)
    return found[0].decode() if found else ""


def _on_path() -> Path | None:
    """The machine's opencode, if it is an executable of the right line; a script that starts one won't do."""
    if not (found := shutil.which("opencode")):
        return None
    binary = Path(found).resolve()
    with binary.open("rb") as file:
        if file.read(2) == b"#!":
            return None
    return binary if version_of(binary).startswith(LINE) else None


def _fetched(npm: Npm, name: str, binary: Path) -> bool:
    """Whether this package's binary runs here, and is now in place."""
    with tempfile.TemporaryDirectory(dir=binary.parents[1], prefix="fetching-") as directory:
        npm.install(f"fetching opencode ({name})", Path(directory), f"{name}@{VERSION}")
        fetched = Path(directory, "node_modules", name, "bin/opencode")
        if version_of(fetched) != VERSION:
            return False
        fetched.replace(binary)
    return True


def _put_in_place(found: Path, binary: Path) -> None:
    """A copy, so that an upgrade of the machine's opencode does not change ours."""
    new = binary.with_suffix(".new")
    shutil.copy2(found, new)
    new.replace(binary)


def _has_musl() -> bool:
    lib = Path("/lib")
    return any(lib.glob("ld-musl-*")) and not any((*lib.glob("ld-linux*"), *Path("/lib64").glob("ld-linux*")))


def _has_avx2() -> bool:
    """Whether the processor has what the plain x64 builds need; assumed where it can't be read."""
    try:
        return re.search(r"\bavx2\b", Path("/proc/cpuinfo").read_text()) is not None
    except OSError:
        return True
