"""Secrets that a real agent prints, in whatever way, are nowhere afterwards: not in a file, a stream, a log or an answer."""

import base64
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from scripts.demo_session.client import Frame
from scripts.scripted_model import Call, Say, ScriptedModel, when

from ..opencode.live import opencode_binary
from .service import Codebase, Service, frame_of, said

pytestmark = pytest.mark.asyncio(loop_scope="module")

IN_ENVIRONMENT = "canary-of-the-environment-4711"
OF_THE_SERVICE = "canary-of-the-service-4714"
IN_CONFIG = 'canary "of the" configuration-4712'
IN_LOGINS = "canary-of-the-logins-4713"
UNKNOWN = "sk-ant-api03-cAnArY5gH7jK9mN1pQ2rS4tU6vW8xY0zA"
CANARIES = (IN_ENVIRONMENT, OF_THE_SERVICE, IN_CONFIG, IN_LOGINS, UNKNOWN)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory, model: ScriptedModel) -> AsyncIterator[Service]:
    """A running service whose agents are given secrets in their environment, their configuration and their logins; it has one of its own."""
    binary = opencode_binary()
    if binary is None:
        pytest.skip("opencode is not installed here")
    folder = tmp_path_factory.mktemp("guarded").resolve()
    logins = folder / "home/.local/share/opencode/auth.json"
    logins.parent.mkdir(parents=True)
    logins.write_text(json.dumps({"xai": {"type": "api", "key": IN_LOGINS}}))
    (folder / "system").mkdir()
    service = Service(folder, binary, model, {"other": {"apiKey": IN_CONFIG}})
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENAI_API_KEY", IN_ENVIRONMENT)
            patch.setenv("DEPLOY_TOKEN", OF_THE_SERVICE)
            patch.setenv("TMPDIR", str(folder / "system"))
            await service.start()
        yield service
    finally:
        left = await service.close()
    assert left == {}, "the service left processes behind"
    assert [*folder.glob("data/tmp/*"), *folder.glob("system/*")] == [], "there are temporary files left"


def agents_password(codebase: Codebase) -> str:
    """The password of the codebase's opencode, which its own process knows."""
    environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in codebase.agents]
    entries = [entry.decode() for environment in environments for entry in environment.split(b"\0")]
    return next(e.partition("=")[2] for e in entries if e.startswith("OPENCODE_SERVER_PASSWORD="))


def kept(service: Service) -> dict[str, bytes]:
    """All that the service has written down."""
    files = [path for path in service.data.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(service.folder)): path.read_bytes() for path in (*files, service.folder / "service.log")
    }


def assert_nowhere(secrets: tuple[str, ...], places: dict[str, bytes]) -> None:
    """No place holds a secret: not as it is, nor as JSON, nor in base64."""
    for secret in secrets:
        forms = {secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1]}
        forms.add(base64.b64encode(secret.encode()).decode().rstrip("=")[:-1])
        found = [place for place, content in places.items() if any(form.encode() in content for form in forms)]
        assert found == [], f"{secret} is in {found}"


async def test_what_an_agent_prints_is_masked(guarded: Service, model: ScriptedModel) -> None:
    """Printed by commands, said one character at a time, thought of, or asked for: the secrets are nowhere in the end."""
    home = guarded.folder / "home/.local/share/opencode/auth.json"
    commands = (
        "printenv",
        f"cat {guarded.folder / 'opencode.json'} {home}",
        "for p in $PPID $(awk '/^PPid/ {print $2}' /proc/$PPID/status); do tr '\\0' '\\n' < /proc/$p/environ; done",
        "printenv OPENAI_API_KEY | base64 -w0",
        f"echo {UNKNOWN} > {IN_LOGINS}.txt; cat {IN_LOGINS}.txt; exit 3",
    )
    text = f"I know {IN_ENVIRONMENT}, {IN_CONFIG}, {IN_LOGINS} and {UNKNOWN}."
    calls = [(Call("bash", command=command, description=f"Look at {IN_LOGINS}"),) for command in commands]
    model.rules = [when("Find out", [*calls, tuple(Say(character) for character in text)])]
    codebase = await guarded.register(auto_approve=True)
    await codebase.trigger(f"Find out {IN_ENVIRONMENT}")
    frames = await codebase.until(frame_of("complete"))
    secrets = (*CANARIES, agents_password(codebase))
    assert said(frames) == "I know [secret], [secret], [secret] and [secret]."
    assert frame_of("complete", summary="I know [secret], [secret], [secret] and [secret].")(frames[-1])
    assert_nowhere(secrets, {"stream": b"\n".join(frame.raw for frame in frames), **kept(guarded)})
    assert_the_tools_did_not_know(frames)
    assert any("DEPLOY_TOKEN=[secret]" in frame.text("output") for frame in frames if frame.event == "tool_result")


def assert_the_tools_did_not_know(frames: list[Frame]) -> None:
    """The first command, printing its environment, saw neither opencode's password nor its configuration."""
    printed = next(frame.text("output") for frame in frames if frame.event == "tool_result")
    assert "OPENAI_API_KEY=[secret]" in printed
    assert "OPENCODE_LEDGER_AGENT=" in printed
    assert "OPENCODE_SERVER_PASSWORD" not in printed
    assert "OPENCODE_CONFIG_CONTENT" not in printed


async def test_an_answer_does_not_repeat_a_secret(guarded: Service) -> None:
    """A refusal that names what was asked for masks it, and so does the service's own log."""
    codebase = await guarded.register()
    body = {"prompt": "say: hello", "model": f"stub/{IN_ENVIRONMENT}"}
    refused = await guarded.ask("POST", f"{codebase.path}/trigger", body)
    assert IN_ENVIRONMENT not in str(refused.content)
    assert_nowhere(CANARIES, kept(guarded))


async def test_the_data_is_its_owners_alone(guarded: Service) -> None:
    """No file of the data directory can be read by other users of the machine."""
    assert stat.S_IMODE(guarded.data.stat().st_mode) == 0o700
    ours = [path for path in guarded.data.rglob("*") if guarded.data / "tmp" not in path.parents]
    modes = {str(path.relative_to(guarded.data)): stat.S_IMODE(path.stat().st_mode) for path in ours}
    assert {"ledger.db", "ledger.db-wal", "views.db", "views.db-wal", "instance"} <= modes.keys()
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


async def test_temporary_files_are_gone_with_their_agent(guarded: Service) -> None:
    """Agents and their tools have a directory of their own for temporary files, which none outlives; the system's stays empty."""
    codebase = await guarded.register(auto_approve=True)
    await codebase.trigger("bash: mkdir -m 0 $TMPDIR/closed; echo mine > $TMPDIR/mine.txt\nsay: Done.")
    await codebase.until(frame_of("complete"))
    [mine] = guarded.data.glob("tmp/*/mine.txt")
    assert stat.S_IMODE(mine.parent.stat().st_mode) == 0o700
    await guarded.ask("DELETE", codebase.path)
    assert not mine.parent.exists()
    assert list((guarded.folder / "system").glob(".*")) == []
