"""A client for TypeScript, generated from the API's description by openapi-typescript and run with openapi-fetch."""

import json
import shutil
from pathlib import Path

import pytest
from tests.support.service import StandInAgents, running

from opencode_ledger.http.description import description
from opencode_ledger.http.settings import Settings

from .programs import HERE, output_of
from .stand_in import EVENTS, METADATA, ROLES, refactor

pytestmark = pytest.mark.xdist_group("node")

NAMED = {name for name, _ in EVENTS}


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
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home", agents=StandInAgents(refactor)) as service:
        url = f"http://127.0.0.1:{service.port}"
        seen = json.loads(await output_of(node, program, url, str(service.directory("my-app"))))
    assert seen["available"] is True
    events = [event for event in seen["events"] if event[0] in NAMED]
    assert [event for event in events if event in EVENTS] == EVENTS, events[-4:]
    assert (seen["sessions"], seen["task"]) == ([[True, "stopped"]], ["cancelled", METADATA])
    assert (seen["roles"], seen["models"]) == (ROLES, ["test/model"])
    assert seen["part"] == [len(ROLES), ROLES[1:3]]
    assert seen["codes"] == ["codebase_not_found", "unsupported_media_type"]
    assert seen["lines"] > len(seen["events"])
