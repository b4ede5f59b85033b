"""A client for TypeScript, generated from the API's description by openapi-typescript and run with openapi-fetch."""

import shutil
from pathlib import Path

import pytest

from opencode_ledger.http.description import description

from .programs import HERE, output_of
from .stand_in import seen_by

pytestmark = pytest.mark.xdist_group("node")


async def built(node: str, folder: Path) -> Path:
    """The program of the workflow, compiled against types that are made from the description."""
    shutil.copytree(HERE / "generated", folder)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "openapi.json").write_bytes(description())
    packages = HERE / "node_modules"
    await output_of(node, packages / "openapi-typescript/bin/cli.js", "openapi.json", "-o", "api.ts", cwd=folder)
    await output_of(node, packages / "typescript/bin/tsc", "--project", ".", cwd=folder)
    return folder / "made/workflow.js"


async def test_a_typescript_client_does_the_workflow(node: str, tmp_path: Path) -> None:
    """A client that is generated for TypeScript passes `tsc --strict` and does the document's workflow on the service."""
    program = await built(node, tmp_path / "client")
    seen = await seen_by(program, node, tmp_path)
    assert seen["models"] == ["test/model"]
    assert seen["codes"] == ["codebase_not_found", "unsupported_media_type"]
