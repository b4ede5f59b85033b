"""The document's workflow with the JavaScript client, in TypeScript."""

import json
import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from ..programs import HERE, output_of
from ..stand_in import seen_by

pytestmark = pytest.mark.xdist_group("node")

CLIENT: Final = HERE.parents[1] / "client/javascript"


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
    seen = await seen_by(program, node, tmp_path)
    assert seen["codes"] == ["404 codebase_not_found", "409 no_active_session", "400 invalid_input"]
    assert (seen["changed"], seen["left"]) == ("Another", 0)


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
