"""What the real agent's tools print beyond what its model is given: on record whole, up to the limit, and without secrets."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from scripts.demo_session.client import Frame

from opencode_ledger.actors.store.outputs.outputs_file import opened_outputs
from opencode_ledger.domain.secrets.shapes import MARK
from opencode_ledger.http.offline.verify import verify_data

from .person import Person
from .service import Codebase, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT_MIB = 1
MIB = 2**20
UNKNOWN = "sk-ant-api03-cAnArY5gH7jK9mN1pQ2rS4tU6vW8xY0zA"
NUMBERS = "".join(f"{number}\n" for number in range(1, 150_001))

READ = "sleep 0.5"
"""On a busy machine opencode loses what a command printed right before its end, from its file and its answer alike."""

FILES = '"$HOME"/.local/share/opencode/tool-output'
"""Where opencode writes whole outputs, for a shell."""


def _when_written(mark: str, command: str) -> str:
    """A script that prints a mark and 30,000 lines, and runs a command on opencode's own file once that has them all."""
    mine = f"F=$(grep -lx {mark} {FILES}/tool_* 2>/dev/null)"
    written = f'{mine} && [ "$(tail -n 1 "$F")" = 30000 ]'
    return f"echo {mark}; seq 1 30000; (until {written}; do sleep 0.05; done; {command}) & wait"


SCRIPTS = {
    # Over the border of the chunks, of 65,536 bytes, and with a line of its own for opencode to cut its output by.
    "secret.sh": f"head -c 65520 /dev/zero | tr '\\0' x; echo; echo {UNKNOWN}; seq 1 30000; {READ}",
    "odd.sh": "seq 1 30000; head -c 100000 /dev/urandom; exit 3",
    # opencode's own file is taken away, cut off, or another's, before opencode has said where it is.
    "gone.sh": _when_written("gone", 'rm -f "$F"'),
    "link.sh": _when_written("link", 'ln -sf /etc/passwd "$F"'),
    "half.sh": _when_written("half", 'truncate -s 1000 "$F"'),
    # Ends only once opencode has all of it: what it has not read by then, a busy machine loses.
    "large.sh": f"yes 0123456789abcdef | head -c 6000000; until find {FILES} -size +5999000c | grep -q .; do {READ}; done",
}


async def results(codebase: Codebase, *lines: str) -> list[Frame]:
    """What the tools of a session ended with."""
    frames = await codebase.session(await codebase.trigger(*lines))
    return [frame for frame in frames if frame.event == "tool_result"]


async def whole(codebase: Codebase, result: Frame, **headers: str) -> bytes:
    """The whole output of a result, as the API gives it."""
    address = f"{codebase.service.url}/v1/opencode{codebase.path}/outputs/{result.text('whole_id')}"
    async with aiohttp.ClientSession() as http, http.get(address, headers=headers) as answer:
        assert answer.status in (200, 206), await answer.text()
        return await answer.read()


async def test_all_that_a_tool_prints(service: Service, person: Person) -> None:
    """`seq 1 150000`, a secret over a border, 6 MB, bytes that are no text, and files that are gone, cut or another's."""
    service.more_options = {"--tool-output-limit": LIMIT_MIB}
    await service.start()
    codebase = await service.register()
    for name, script in SCRIPTS.items():
        (codebase.directory / name).write_text(script + "\n")
    lines = (f"bash: seq 1 150000; {READ}", "bash: seq 1 20", *(f"bash: sh {name}" for name in SCRIPTS))
    numbers, short, secret, odd, gone, link, half, large = await results(codebase, *lines)

    assert "output truncated" in numbers.text("output")
    assert (await whole(codebase, numbers)).decode() == NUMBERS
    assert numbers.data["whole_bytes"] == len(NUMBERS)
    assert "whole_missing" not in numbers.data
    assert await whole(codebase, numbers, Range="bytes=-7") == b"150000\n"
    assert not [member for member in short.data if member.startswith("whole")]

    assert "whole_missing" not in secret.data, secret.data
    text = (await whole(codebase, secret)).decode()
    assert text == "x" * 65520 + f"\n{MARK}\n" + "".join(f"{number}\n" for number in range(1, 30_001))

    row = "0123456789abcdef\n"
    everything = (row * (6_000_000 // len(row) + 1))[:6_000_000]
    assert large.data.get("whole_missing") == "too_large", large.data
    assert large.data["whole_kept"] == LIMIT_MIB * MIB
    assert abs(int(str(large.data["whole_bytes"])) - 6_000_000) < 2  # opencode has its own way with a last line
    assert await whole(codebase, large) == everything[: LIMIT_MIB * MIB].encode()

    assert (await whole(codebase, odd)).decode().startswith("1\n2\n")
    assert "whole_missing" not in odd.data
    assert gone.data["whole_missing"] == "gone"
    assert link.data["whole_missing"] == "refused"
    assert half.data["whole_missing"] == "changed"
    assert len(await whole(codebase, half)) == 1000

    imported = await imported_outputs(codebase, person)
    await service.terminate()
    await asyncio.to_thread(audited, service, large, everything)
    await asyncio.to_thread(erased, service, imported)


async def imported_outputs(codebase: Codebase, person: Person) -> str:
    """What a person's commands printed at a terminal comes in whole by a sync; where opencode's file is gone, it is said.

    Returns the id of the imported session.
    """
    service = codebase.service
    folder = service.folder / "home/.local/share/opencode/tool-output"
    before = set(folder.iterdir())
    session = await person.run(codebase.directory, "bash: seq 1 30000", "bash: sh secret.sh", "bash: seq 1 20")
    await asyncio.to_thread(min(set(folder.iterdir()) - before).unlink)
    await codebase.post("sessions/sync")
    imported = session.replace("ses_", "sess_")
    messages = await service.ask("GET", f"{codebase.path}/messages?session_id={imported}")
    said = cast("Mapping[str, list[Any]]", messages.content)["messages"]
    gone, secret, short = [call for message in said for call in message.get("tools", ())]
    assert gone["whole_output"] == {"kept": 0, "missing": "gone"}
    assert "whole_output" not in short
    async with aiohttp.ClientSession() as http, http.get(service.url + secret["whole_output"]["address"]) as answer:
        text = await answer.text()
    assert text == "x" * 65520 + f"\n{MARK}\n" + "".join(f"{number}\n" for number in range(1, 30_001))
    return imported


def erased(service: Service, session: str) -> None:
    """An imported session is erased with the whole outputs of its calls, and the log is sound."""
    asked = ("--session", session, "--reason", "asked for", "--yes", "--data", str(service.data))
    command = (sys.executable, "-m", "opencode_ledger", "erase", *asked)
    subprocess.run(command, check=True, capture_output=True)
    verdict = verify_data(service.data, (), None, lambda _done, _of: None)
    assert verdict.sound, verdict.result.findings
    assert "5 whole outputs checked" in verdict.summary


def audited(service: Service, large: Frame, everything: str) -> None:
    """All is sound, the secret is nowhere, and the hash of what was too large is that of the whole."""
    verdict = verify_data(service.data, (), None, lambda _done, _of: None)
    assert verdict.sound, verdict.result.findings
    assert "6 whole outputs checked" in verdict.summary
    assert all(UNKNOWN.encode() not in path.read_bytes() for path in _files(service.data))
    with opened_outputs(service.data / "outputs.db") as file:
        (salt,) = [found.salt for found in file.outputs.values() if found.output_id == large.text("whole_id")]
    size = int(str(large.data["whole_bytes"]))
    assert large.data["whole_sha256"] == sha256(salt + everything[:size].encode()).hexdigest()


def _files(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]
