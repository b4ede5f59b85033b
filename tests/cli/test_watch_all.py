"""`watch` of all codebases by a token that may read some of them: the real command against the real service, twin agents."""

import asyncio
import json
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.process import environment
from tests.support.service import LIMIT, running

from opencode_ledger.http.settings import Settings

OPERATOR, READER = "the-token-of-the-operator", "the-token-of-the-reader"


@asynccontextmanager
async def watching(port: int, folder: Path, *more: str) -> AsyncGenerator[Process]:
    """The command, until Ctrl-C."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "opencode_ledger", "watch", *more),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=environment(
            {"LEDGER_URL": f"http://127.0.0.1:{port}", "LEDGER_TOKEN": READER, "XDG_CONFIG_HOME": str(folder)}
        ),
    )
    try:
        yield process
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(LIMIT):
            assert await process.wait() == 130
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line_of(process: Process) -> str:
    """The next line, without its time."""
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT):
        line = (await process.stdout.readline()).decode().rstrip()
    return re.sub(r"^\d\d:\d\d:\d\d ", "", line)


def tokens(file: Path, limit: str) -> None:
    file.write_text(f"operator = all: {OPERATOR}\nreader = read, {limit}: {READER}\n")
    file.chmod(0o600)


async def test_a_limited_token_sees_what_its_codebases_do(tmp_path: Path) -> None:
    """One stream: states, words and requests, each once. A stream that ends is taken up again where it was."""
    file = tmp_path / "tokens"
    tokens(file, "@shop")
    settings = Settings(data=tmp_path / "data", token_file=file)
    async with running(settings, tmp_path / "home", token=OPERATOR) as api:
        shop, mill = await api.register("shop"), await api.register("mill")
        async with watching(api.port, tmp_path) as process:
            assert process.stderr is not None
            assert b"Only states are shown" in await process.stderr.readline()
            assert await line_of(process) == "shop ·        idle"
            for codebase in (mill, shop):
                await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Do it"})
            assert await line_of(process) == "shop ●        running: Do it"
            agent = await api.agent_at_work(shop)
            await agent.say("Look at\nthe \x1b[2Jcart.")
            await agent.ask("bash", {"command": "ls"})
            assert await line_of(process) == "shop agent    the <U+001B>[2Jcart."
            assert await line_of(process) == "shop ! asks   bash: ls"
            tokens(file, "@shop, @mill")
            assert await line_of(process) == "mill ●        running: Do it"
            await api.post(f"/codebases/{mill}/stop")
            assert await line_of(process) == "mill ·        stopped"
            await api.ask("DELETE", f"/codebases/{mill}")
            assert await line_of(process) == "mill          unregistered"
        async with watching(api.port, tmp_path, "--json", "-q") as process:
            event = json.loads(await line_of(process))
            assert (event["event"], event["data"]["codebase"]["name"]) == ("overview", "shop")
            assert event["data"]["overview"]["state"] == "needs_you"
