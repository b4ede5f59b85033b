"""The document's workflow with the JavaScript client, in TypeScript."""

import json
import re
import shutil
from pathlib import Path
from typing import Final

import pytest
from tests.support.service import StandInAgents, running

from opencode_ledger.http.settings import Settings

from ..programs import HERE, output_of
from ..stand_in import EVENTS, METADATA, ROLES, refactor

pytestmark = pytest.mark.xdist_group("node")

CLIENT: Final = HERE.parents[1] / "client/javascript"
NAMED: Final = {name for name, _ in EVENTS}


async def built(node: str, folder: Path) -> Path:
    """The program of the workflow, compiled against the client's types and beside the client."""
    shutil.copytree(HERE / "javascript", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copytree(CLIENT, folder / "client")
    (folder / "package.json").write_text('{"type": "module"}')
    await output_of(node, HERE / "node_modules/typescript/bin/tsc", "--project", ".", cwd=folder)
    return folder / "workflow.js"


async def test_the_javascript_client_does_the_workflow(node: str, tmp_path: Path) -> None:
    """A program in TypeScript passes `tsc --strict` with the client's types, and does the workflow on the service."""
    program = await built(node, tmp_path / "client")
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home", agents=StandInAgents(refactor)) as service:
        url = f"http://127.0.0.1:{service.port}"
        seen = json.loads(await output_of(node, program, url, str(service.directory("my-app"))))
    assert seen["available"] is True
    events = [event for event in seen["events"] if event[0] in NAMED]
    assert [event for event in events if event in EVENTS] == EVENTS, events[-4:]
    assert (seen["sessions"], seen["task"]) == ([[True, "stopped"]], ["cancelled", METADATA])
    assert (seen["roles"], seen["part"]) == (ROLES, [len(ROLES), ROLES[1:3]])
    assert seen["codes"] == ["404 codebase_not_found", "409 no_active_session", "400 invalid_input"]
    assert (seen["changed"], seen["left"]) == ("Another", 0)
    assert seen["lines"] > len(seen["events"])


async def test_the_types_have_every_method_and_no_other(node: str) -> None:
    """What the declarations promise is there, and what the module has for its users is declared."""
    script = (
        f"const m = await import({str(CLIENT / 'ledger.js')!r}); const l = new m.Ledger({{url: 'http://x'}});"
        "const names = (o) => [...Object.getOwnPropertyNames(o), ...Object.getOwnPropertyNames(Object.getPrototypeOf(o))]"
        ".filter((name) => typeof o[name] === 'function' && name !== 'constructor');"
        "console.log(JSON.stringify({Ledger: names(l), Codebase: names(l.codebase('x'))}))"
    )
    had = json.loads(await output_of(node, "--input-type=module", "-e", script))
    own = {"Ledger": {"text"}, "Codebase": {"get", "post"}}  # what the methods are made of
    declared = (CLIENT / "ledger.d.ts").read_text()
    for name, methods in had.items():
        body = re.split(rf"^export class {name} ", declared, flags=re.MULTILINE)[1].partition("\n}\n")[0]
        assert set(methods) - own[name] == set(re.findall(r"^  (\w+)\(", body, re.MULTILINE)) - {"constructor"}
