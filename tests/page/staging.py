"""The page's files in a folder, as the service serves them: modules find each other there, and so do tools."""

from pathlib import Path
from typing import Final

from opencode_ledger.http.pages.dashboard import page_parts

HERE: Final = Path(__file__).parent
CLIENT: Final = HERE.parents[1] / "client/javascript"
TYPES: Final = HERE / "types"
"""Declarations of the vendored libraries: as much of each as the page uses."""


def stage(folder: Path) -> Path:
    """Write every module of the page into `folder`, with the declarations of its client and of its libraries."""
    declared = {f"client/{file.name}": file for file in CLIENT.glob("*.d.ts")}
    declared |= {f"vendored/{file.relative_to(TYPES)}": file for file in TYPES.rglob("*.d.*")}
    content = {name: file.read_bytes() for name, file in declared.items()}
    for name, text in {**page_parts(), **content, "package.json": b'{"type": "module"}'}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    return folder
