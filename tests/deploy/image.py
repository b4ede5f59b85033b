"""Runs the steps of the Dockerfile without Docker: each stage in a bare Debian root, by chroot."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy/Dockerfile"
CHROOT = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin") or "chroot"
SETTINGS = (
    "etc/apt",
    "etc/pip.conf",
    "etc/npmrc",
    "etc/resolv.conf",
    "etc/hosts",
    "etc/ssl/certs",
    "root/.npmrc",
    "root/.config/pip",
)
"""Where this machine says from which registries packages come. A machine without them has its network alone."""
AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"
TRUSTING = dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "npm_config_cafile"), "/authorities.crt")
"""The root gets this machine's certificate authorities, and its package clients trust them."""


@dataclass
class Stage:
    """A stage of the Dockerfile: its base image, its steps in order, and what the last of each other instruction says."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    said: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of ENV."""
        return dict(pair.split("=", 1) for pair in shlex.split(self.said.get("ENV", "")))

    def words(self, instruction: str) -> list[str]:
        """The value of an instruction that is a JSON array."""
        return list(json.loads(self.said[instruction]))


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile."""
    lines = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))
    found: list[Stage] = []
    for line in filter(None, map(str.strip, lines.splitlines())):
        instruction, value = line.split(None, 1)
        if instruction == "FROM":
            base, *name = re.split(r"\s+AS\s+", value)
            found.append(Stage(base, "".join(name)))
        elif instruction in ("RUN", "COPY"):
            found[-1].steps.append((instruction, value))
        else:
            found[-1].said[instruction] = value
    return found


class BareRoot:
    """A Debian root in a folder, in which a stage's steps are run."""

    def __init__(self, folder: Path, stage: Stage) -> None:
        self.folder, self.stage = folder, stage

    @contextmanager
    def mounted(self) -> Generator[None]:
        """With the kernel's files in it for the length of a block, as in a container."""
        mounts = [("--types", "proc", "proc", "proc"), ("--bind", "/dev", "dev")]
        for *how, place in mounts:
            subprocess.run(["mount", *how, self.folder / place], check=True)
        try:
            yield
        finally:
            for *_, place in reversed(mounts):
                subprocess.run(["umount", "--lazy", self.folder / place], check=True)

    def make(self, cached: Path) -> None:
        """Lay a root of the base image's release."""
        release = self.stage.base.removeprefix("debian:").removesuffix("-slim")
        if not cached.exists():
            subprocess.run(["debootstrap", "--variant=minbase", release, cached], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cp", "--archive", cached, self.folder], check=True)
        for name in SETTINGS:
            ours, theirs = Path("/", name), self.folder / name
            if ours.is_dir():
                shutil.copytree(ours, theirs, dirs_exist_ok=True, symlinks=False, ignore_dangling_symlinks=True)
            elif ours.exists():
                theirs.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ours, theirs)
        shutil.copyfile(Path("/", AUTHORITIES), self.folder / "authorities.crt")

    def run(
        self, command: Sequence[str | Path], *, user: str = "0", environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the root."""
        ours = {name: value for name, value in os.environ.items() if name.lower().endswith("proxy")}
        path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
        return subprocess.run(
            [CHROOT, f"--userspec={user}:{user}", self.folder, *command],
            env={**ours, **path, "DEBIAN_FRONTEND": "noninteractive", **TRUSTING, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, others: Mapping[str, "BareRoot"]) -> None:
        """Carry out the steps, as `docker build` does. Variables come after them in our Dockerfile, so none is set yet."""
        for instruction, value in self.stage.steps:
            if instruction == "RUN":
                done = self.run(["/bin/sh", "-euc", value])
                assert done.returncode == 0, f"{value}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            else:
                self._copy(value.split(), others)

    def _copy(self, words: list[str], others: Mapping[str, "BareRoot"]) -> None:
        origin = ROOT
        if words[0].startswith("--from="):
            origin = others[words.pop(0).removeprefix("--from=")].folder
        *sources, target = words
        for source in sources:
            place = self.folder / target.lstrip("/")
            found = origin / source.lstrip("/")
            place = place / found.name if target.endswith("/") else place
            place.parent.mkdir(parents=True, exist_ok=True)
            if found.is_dir():
                shutil.copytree(found, place, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(found, place)
