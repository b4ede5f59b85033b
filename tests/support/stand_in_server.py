"""`serve`, but with agents that do what a test needs: they talk without end, and stop as slowly as the arguments say.

Run as a process of its own: `stand_in_server.py DATA STOP_DELAY [FULL]`. While there is a file FULL, the disk is full.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.support.service import StandInAgents

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http.logs import log_to_stderr
from opencode_ledger.http.server import serve_until_signalled
from opencode_ledger.http.settings import Settings


async def talk(agent: ScriptedAgent, _prompt: Prompt) -> None:
    while True:
        await agent.say("and so on ")
        await agent.pause(0.01)


def statvfs(honest: Callable[[str], os.statvfs_result], full: Path, path: str) -> os.statvfs_result:
    """What there is on a disk, or that it is full."""
    known = honest(path)
    return os.statvfs_result((*known[:3], 0, 0, *known[5:])) if full.exists() else known


def main() -> None:
    data, stop_delay = Path(sys.argv[1]), float(sys.argv[2])
    agents = StandInAgents(talk)
    agents.temper.stop_delay = stop_delay
    if len(sys.argv) > 3:
        os.statvfs = partial(statvfs, os.statvfs, Path(sys.argv[3]))
    log_to_stderr(Secrets())
    asyncio.run(serve_until_signalled(Settings(data=data, port=0), agents=agents))


if __name__ == "__main__":
    main()
