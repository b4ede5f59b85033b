"""Brings the page's libraries from npm into the tree: `.venv/bin/python -m scripts.vendor`.

`http/pages/static/vendored/vendored.json` names each package with its version, its licence and its files. To take a newer
version, change it there and run this: it writes the files and their hashes.
"""

import sys
import tempfile
from pathlib import Path

from scripts.provision.node import npm_of
from scripts.provision.progress import ROOT

from opencode_ledger.http.setup.programs import Runner

from .packages import LIST, PLACE, Package, known_packages, packages_as_json, taken


def main() -> int:
    """Fetch every package and write what the page needs of it."""
    with tempfile.TemporaryDirectory(prefix="opencode-ledger-") as folder:
        place = Path(folder)
        packages = known_packages()
        with (place / "lock").open("wb") as lock:
            npm = npm_of(Runner(lock, place, place / "npm.log"))
            npm.install("fetching the page's libraries", place, *(f"{one.name}@{one.version}" for one in packages))
        written = [_write(package, place / "node_modules" / package.name) for package in packages]
    LIST.write_text(packages_as_json(written), encoding="utf-8")
    return 0


def _write(package: Package, source: Path) -> Package:
    hashes = dict[str, str]()
    for name in package.files:
        content = taken((source / name).read_bytes())
        target = PLACE / package.folder / name.removeprefix(package.below)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        hashes[name] = package.hash_of(content)
    print(f"{package.name} {package.version}: {len(hashes)} files in {PLACE.relative_to(ROOT)}/{package.folder}")
    return package.with_hashes(hashes)


if __name__ == "__main__":
    sys.exit(main())
