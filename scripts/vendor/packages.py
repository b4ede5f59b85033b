"""The list of the page's libraries: what is taken of each package, and the hash of every file."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from scripts.provision.progress import ROOT

PLACE: Final = ROOT / "http/pages/static/vendored"
LIST: Final = PLACE / "vendored.json"

_SOURCE_MAP: Final = re.compile(rb"\n?//# sourceMappingURL=\S+\s*$")


@dataclass(frozen=True)
class Package:
    """A package of npm. `files`: each file that is taken, with its SHA-256 as it lies in the tree.

    `folder`: where the files lie below `PLACE`. `below`: the beginning of their names that is dropped there.
    """

    name: str
    version: str
    licence: str
    folder: str
    below: str
    files: Mapping[str, str]

    @staticmethod
    def hash_of(content: bytes) -> str:
        """The SHA-256 of a file, in hexadecimal."""
        return hashlib.sha256(content).hexdigest()

    def with_hashes(self, hashes: Mapping[str, str]) -> "Package":
        """The same package with these hashes of its files."""
        return replace(self, files=hashes)

    def places(self) -> dict[Path, str]:
        """Where its files lie in the tree, each with its hash."""
        return {PLACE / self.folder / name.removeprefix(self.below): sha256 for name, sha256 in self.files.items()}


def taken(content: bytes) -> bytes:
    """A file as it is kept: without the last line that names a source map, which browsers would ask for in vain."""
    return _SOURCE_MAP.sub(b"", content).rstrip() + b"\n"


def known_packages() -> list[Package]:
    """The packages of the list."""
    return [Package(**package) for package in json.loads(LIST.read_text(encoding="utf-8"))]


def packages_as_json(packages: Iterable[Package]) -> str:
    """The list as it is written."""
    return json.dumps([asdict(package) for package in packages], indent=2) + "\n"
