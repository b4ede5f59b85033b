"""A client for Python, generated from the API's description by openapi-python-client."""

import json
import sys
from collections.abc import AsyncGenerator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from httpx_sse import aconnect_sse
from tests.support.service import StandInAgents, running

from opencode_ledger.http.description import description
from opencode_ledger.http.settings import Settings

from .programs import HERE, output_of
from .stand_in import EVENTS, METADATA, PROMPT, ROLES, refactor

GENERATOR = Path(sys.executable).with_name("openapi-python-client")
NAME = "ledger_client"


class Generated:
    """The generated package: `call` for its operations, `model` for its types."""

    def __init__(self, url: str) -> None:
        self.client: Any = import_module(f"{NAME}.client").Client(base_url=url, raise_on_unexpected_status=True)

    async def call(self, tag: str, operation: str, *ids: str, **given: Any) -> Any:
        """What an operation answers, as the client's own types have it."""
        return await import_module(f"{NAME}.api.{tag}.{operation}").asyncio(*ids, client=self.client, **given)

    def model(self, kind: str, members: dict[str, Any]) -> Any:
        """A value of one of the client's types, of its JSON."""
        return getattr(import_module(f"{NAME}.models"), kind).from_dict(members)


@pytest.fixture
async def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the package is generated, without a warning; it can be imported from there."""
    (tmp_path / "openapi.json").write_bytes(description())
    config = HERE / "generated/openapi-python-client.yaml"
    await output_of(
        GENERATOR,
        *("generate", "--path", "openapi.json", "--config", config, "--meta", "none", "--fail-on-warning"),
        *("--output-path", f"generated/{NAME}"),
        cwd=tmp_path,
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path / "generated"), *sys.path])
    return tmp_path / "generated" / NAME


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What was imported of it is not for other tests."""
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


async def events_of(api: Generated, codebase: str, session: str) -> AsyncGenerator[Any]:
    """A session's events as the client's own types, each found by the event's name."""
    url = f"/v1/opencode/codebases/{codebase}/events"
    async with aconnect_sse(api.client.get_async_httpx_client(), "GET", url, params={"session_id": session}) as source:
        async for frame in source.aiter_sse():
            kind = "".join(word.capitalize() for word in frame.event.split("_"))
            members = {"id": frame.id, "event": frame.event, "data": json.loads(frame.data)}
            yield api.model(f"{kind}Event", members)


def label(event: Any) -> str:
    """What one event says, as the program in TypeScript has it."""
    data = event.data
    match event.event:
        case "status":
            return f"{data.status}: {data.message}"
        case "output":
            return f"{data.type_}: {data.content}"
        case "tool_use":
            return str(data.tool)
        case "file_change":
            return f"{data.action} {data.path}"
        case "session":
            return f"{data.agent}: {data.prompt}" if data.action == "started" else str(data.action)
        case "permission":
            return str(data.tool if data.action == "asked" else data.reply)
        case "complete":
            return str(data.summary)
        case _:
            return str(event.id)


async def worked(api: Generated, codebase: str, started: Any) -> list[list[str]]:
    """Watch the session: send a follow-up and answer while the agent waits, and stop it when it has gone on."""
    seen: list[list[str]] = []
    async for event in events_of(api, codebase, started.session_id):
        seen.append([event.event, label(event)])
        if event.event == "permission" and event.data.action == "asked":
            message = api.model("SendMessage", {"message": "Also add type hints"})
            assert (await api.call("agent", "send_message", codebase, body=message)).success
            (waiting,) = (await api.call("permissions", "list_permissions", codebase)).permissions
            reply = api.model("ReplyPermission", {"reply": "once"})
            assert (await api.call("permissions", "reply_permission", codebase, waiting.id, body=reply)).success
        if event.event == "output" and "type hints" in event.data.content:
            assert (await api.call("agent", "stop_agent", codebase, body=api.model("NoBody", {}))).success
    return seen


@pytest.mark.usefixtures("package")
async def test_a_python_client_does_the_workflow(tmp_path: Path) -> None:
    """A client that is generated for Python, without a warning, does the document's workflow on the service."""
    settings = Settings(data=tmp_path / "data")
    async with running(settings, tmp_path / "home", agents=StandInAgents(refactor)) as service:
        api = Generated(f"http://127.0.0.1:{service.port}")
        async with api.client:
            await play(api, str(service.directory("my-app")))


async def play(api: Generated, directory: str) -> None:
    assert (await api.call("system", "service_status")).available
    registered = api.model(
        "RegisterCodebase", {"name": "my-app", "path": directory, "agent_config": {"auto_approve": False}}
    )
    codebase = (await api.call("codebases", "register_codebase", body=registered)).codebase.id
    models = [model.id for model in await api.call("system", "list_models")]
    wish = api.model("TriggerAgent", {"prompt": PROMPT, "agent": "build", "model": models[0], "metadata": METADATA})
    started = await api.call("agent", "trigger_agent", codebase, body=wish)
    seen = await worked(api, codebase, started)
    assert [event for event in seen if event in EVENTS] == EVENTS, seen

    (session,) = (await api.call("sessions", "list_sessions", codebase)).sessions
    assert (session.id, str(session.status)) == (started.session_id, "stopped")
    messages = await api.call("sessions", "session_messages", codebase, session_id=session.id)
    assert [str(message.role) for message in messages.messages] == ROLES
    assert ({message.model for message in messages.messages}, messages.total) == ({"test/model"}, len(ROLES))
    task = await api.call("tasks", "get_task", started.task_id)
    assert (str(task.status), task.metadata.to_dict()) == ("cancelled", METADATA)
    evidence = (await api.call("audit", "log_export", codebase)).payload.read()
    assert len(evidence.splitlines()) > len(seen)
    assert (await api.call("codebases", "get_codebase", "cb_none")).code == "codebase_not_found"


async def test_every_operation_is_generated(package: Path) -> None:
    """Each operation of the description is a function of the package, in a module by its tag."""
    described = json.loads(description())
    wanted = {
        f"{operation['tags'][0].lower()}/{operation['operationId']}.py"
        for methods in described["paths"].values()
        for operation in methods.values()
    }
    made = {str(file.relative_to(package / "api")) for file in package.glob("api/*/*.py")}
    assert {file for file in made if not file.endswith("__init__.py")} == wanted
