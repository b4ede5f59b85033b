"""A person who works with opencode in a codebase's directory, beside the service: with the home that its agents have."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import cast

from opencode_ledger.actors.opencode.host.home import prepare_home
from opencode_ledger.actors.opencode.program.environment import private_home

from .processes import LIMIT
from .service import Service

SWITCHES = dict.fromkeys(("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH"), "1")


async def run(service: Service, directory: Path, *lines: str, session: str | None = None) -> str:
    """`opencode run` with a prompt of these lines, to its end; its session."""
    home = service.folder / "home"
    await asyncio.to_thread(prepare_home, home)
    chosen = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    config = {"OPENCODE_CONFIG": str(service.folder / "opencode.json")}
    more = [] if session is None else ["--session", session]
    process = await asyncio.create_subprocess_exec(
        *(str(service.binary), "run", "--format", "json", *more),
        cwd=directory,
        env={**chosen, **private_home(home), **SWITCHES, **config},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(LIMIT):
        out, errors = await process.communicate("\n".join(lines).encode())
    event = cast("dict[str, str]", json.loads(out.splitlines()[0] if out else "{}"))
    assert "sessionID" in event, errors[-2000:]
    return event["sessionID"]
