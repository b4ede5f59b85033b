"""The service for a fuzzer: agents that finish, ask or go on as their prompts' length has it; streams that end at once.

Run as a process of its own: `served.py FOLDER`. It makes the token's file and some directories in the folder.
"""

import asyncio
import signal
import socket
import sys
from pathlib import Path
from typing import Final

from tests.support.service import StandInAgents

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http.access.token_file import read_tokens
from opencode_ledger.http.app import make_app
from opencode_ledger.http.bootstrap import running_service
from opencode_ledger.http.logs import log_to_stderr
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web.connections import accepting

TOKEN: Final = "a-token-for-the-fuzzer-0123456789"
DIRECTORIES: Final = 12
FILES: Final = ("README.md", "src/main.py")


async def act(agent: ScriptedAgent, prompt: Prompt) -> None:
    await agent.say("Here is what I think. ")
    match len(prompt.text) % 3:
        case 0:
            return
        case 1:
            await agent.ask("bash", {"command": "make test"})
        case _:
            pass
    await asyncio.Event().wait()


def prepare(folder: Path) -> Settings:
    """The folder's directories and files, and the settings that point to them."""
    for number in range(DIRECTORIES):
        for name in FILES:
            file = folder / "home" / f"project-{number}" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    token = folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    return Settings(data=folder / "data", port=0, allow_root=(folder / "home",), token_file=token, max_agents=6)


async def serve(settings: Settings) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    secrets = Secrets()
    tokens = await asyncio.to_thread(read_tokens, settings.token_file, secrets)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with (
            running_service(settings, agents=StandInAgents(act), secrets=secrets) as running,
            accepting(make_app(running, tokens), listening),
        ):
            # A stream without end would keep the fuzzer for ever.
            await running.service.streams.close()
            print(f"opencode-ledger listening on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
            await ended.wait()


if __name__ == "__main__":
    log_to_stderr(Secrets())
    asyncio.run(serve(prepare(Path(sys.argv[1]))))
