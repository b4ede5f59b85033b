"""The customer's document, route by route: its requests, and its answers field by field."""

import re
from datetime import datetime
from typing import Any

import pytest
from tests.support.service import Running

NO_QUEUE = {"pending": 0, "code": None, "message": None, "next_try_at": None}
MODEL = "anthropic/claude-sonnet-4-20250514"

REGISTRATION = {
    "name": "my-project",
    "description": "Main application codebase",
    "agent_config": {"default_model": MODEL, "auto_approve": False},
    "worker_id": "worker-1",
}


class Id:
    """Equal to an identity of ours with this prefix."""

    def __init__(self, prefix: str) -> None:
        self.form = re.compile(rf"{prefix}_[0-9A-Za-z-]{{8,}}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.form.fullmatch(other) is not None

    def __repr__(self) -> str:
        return self.form.pattern

    __hash__ = None  # type: ignore[assignment]


class Moment:
    """Equal to a time in RFC 3339, in UTC."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.endswith("Z") and datetime.fromisoformat(other).utcoffset() is not None

    def __repr__(self) -> str:
        return "<a time in UTC>"

    __hash__ = None  # type: ignore[assignment]


IDLE: dict[str, Any] = {
    "state": "idle",
    "since": Moment(),
    "reason": None,
    "says": None,
    "queued": 0,
    "waiting": 0,
    "session": None,
    "tokens": {"input": 0, "output": 0},
    "cost": 0.0,
    "cost_today": 0.0,
}
"""The overview of a codebase in which nothing happened yet."""


async def registered(api: Running, **changes: object) -> Any:
    path = str(api.directory("my-project"))
    return await api.post("/codebases", {**REGISTRATION, "path": path, **changes})


async def test_status(api: Running) -> None:
    """The status says that opencode is there, which one it is, and how many codebases are registered."""
    await registered(api)
    assert await api.get("/status") == {
        "available": True,
        "message": "OpenCode integration ready",
        "opencode_binary": "/opt/opencode",
        "registered_codebases": 1,
        "auto_start": True,
    }


async def test_status_without_opencode(api: Running) -> None:
    """Without opencode the status is still 200, and its message says what to do."""
    api.agents.problem, api.agents.executable = "opencode was not found; install it.", None
    assert await api.get("/status") == {
        "available": False,
        "message": "opencode was not found; install it.",
        "opencode_binary": "",
        "registered_codebases": 0,
        "auto_start": True,
    }


async def test_models(api: Running) -> None:
    """Models come with id, name and provider."""
    assert await api.get("/models") == [{"id": "test/model", "name": "Test Model", "provider": "Test"}]


async def test_models_without_opencode(api: Running) -> None:
    """Without opencode there are no models to list: 503."""
    api.agents.problem = "opencode was not found."
    answer = await api.ask("GET", "/models")
    assert (answer.status, answer.body) == (503, {"detail": "opencode was not found.", "code": "agent_unavailable"})


async def test_register(api: Running) -> None:
    """Registering answers with the codebase."""
    assert await registered(api) == {
        "success": True,
        "codebase": {
            "id": Id("cb"),
            "name": "my-project",
            "path": str(api.directory("my-project")),
            "description": "Main application codebase",
            "created_at": Moment(),
        },
    }


async def test_register_with_the_least(api: Running) -> None:
    """Name and path are enough to register."""
    path = str(api.directory("my-app"))
    answer = await api.post("/codebases", {"name": "my-app", "path": path})
    assert await api.get(f"/codebases/{answer['codebase']['id']}") == {
        "id": answer["codebase"]["id"],
        "name": "my-app",
        "path": path,
        "description": "",
        "worker_id": None,
        "registered_by": "local",
        "agent_config": {},
        "created_at": Moment(),
        "last_activity": Moment(),
        "overview": IDLE,
    }


async def test_nulls_are_absences(api: Running) -> None:
    """An optional field that is null counts as absent."""
    path = str(api.directory("my-app"))
    nothing = {"description": None, "agent_config": None, "worker_id": None}
    answer = await api.post("/codebases", {"name": "my-app", "path": path, **nothing})
    assert (await api.get(f"/codebases/{answer['codebase']['id']}"))["agent_config"] == {}


async def test_list(api: Running) -> None:
    """The list is a bare array, in the order of registration."""
    assert await api.get("/codebases") == []
    first = (await registered(api))["codebase"]
    second = await api.register("other")
    listed = await api.get("/codebases")
    assert listed[0] == {**first, "worker_id": "worker-1", "registered_by": "local", "overview": IDLE}
    assert [codebase["id"] for codebase in listed] == [first["id"], second]


async def test_get(api: Running) -> None:
    """One codebase comes with its agent's configuration as it was sent, and its last activity."""
    codebase = (await registered(api))["codebase"]
    assert await api.get(f"/codebases/{codebase['id']}") == {
        **codebase,
        "worker_id": "worker-1",
        "registered_by": "local",
        "agent_config": {"default_model": MODEL, "auto_approve": False},
        "last_activity": Moment(),
        "overview": IDLE,
    }


async def test_delete(api: Running) -> None:
    """A deleted codebase is gone from every address, and its directory can be registered again."""
    codebase = await api.register()
    answer = await api.ask("DELETE", f"/codebases/{codebase}")
    assert (answer.status, answer.body) == (200, {"success": True, "message": f"Codebase {codebase} deleted"})
    assert await api.get("/codebases") == []
    for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/status"), ("GET", "/events"), ("POST", "/stop")]:
        gone = await api.ask(method, f"/codebases/{codebase}{path}")
        assert (gone.status, gone.body) == (404, {"detail": "Codebase not found", "code": "codebase_not_found"})
    assert await api.register() != codebase


async def test_trigger(api: Running) -> None:
    """The document's trigger starts a session on the given agent and model, with its files."""
    codebase = await api.register()
    source = api.directory("my-project") / "src/auth"
    source.mkdir(parents=True)
    (source / "login.py").touch()
    answer = await api.post(
        f"/codebases/{codebase}/trigger",
        {
            "prompt": "Add comprehensive unit tests for the authentication module",
            "agent": "plan",
            "model": MODEL,
            "files": ["src/auth/login.py"],
            "metadata": {"priority": "high", "ticket": "JIRA-123"},
        },
    )
    assert answer == {
        "success": True,
        "session_id": Id("sess"),
        "task_id": Id("task"),
        "status": "running",
        "message": "Agent started on codebase my-project",
    }
    prompt = (await api.agent_at_work(codebase)).given[0]
    assert prompt.text == "Add comprehensive unit tests for the authentication module"
    assert (prompt.agent, prompt.model, prompt.files) == ("plan", MODEL, ("src/auth/login.py",))


async def test_trigger_with_the_least(api: Running) -> None:
    """A prompt is enough: the agent is `build`, the model the codebase's own."""
    codebase = await api.register(agent_config={"default_model": MODEL})
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Refactor the database module"})
    prompt = (await api.agent_at_work(codebase)).given[0]
    assert (prompt.agent, prompt.model, prompt.files) == ("build", MODEL, ())


async def test_agent_status(api: Running) -> None:
    """A running agent's status names its session, its task, when it started and its model."""
    codebase = await api.register()
    idle = {"session_id": None, "current_task": None, "started_at": None, "model": None, "queue": NO_QUEUE}
    assert await api.status(codebase) == {"codebase_id": codebase, "status": "idle", **idle}
    session = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Adding unit tests", "model": MODEL}))[
        "session_id"
    ]
    assert await api.status(codebase) == {
        "codebase_id": codebase,
        "status": "running",
        "session_id": session,
        "current_task": "Adding unit tests",
        "started_at": Moment(),
        "model": MODEL,
        "queue": NO_QUEUE,
    }


async def test_follow_up_interrupt_and_stop(api: Running) -> None:
    """The three commands to a running agent answer with the document's words, and reach the agent."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Start"})
    agent = await api.agent_at_work(codebase)
    message = {"message": "Also add integration tests for the OAuth flow", "agent": "build"}
    expected = {"success": True, "message": "Message sent to agent"}
    assert await api.post(f"/codebases/{codebase}/message", message) == expected
    expected = {"success": True, "message": "Interrupt signal sent"}
    assert await api.post(f"/codebases/{codebase}/interrupt") == expected
    assert (await api.status(codebase))["status"] == "interrupted"
    assert await api.post(f"/codebases/{codebase}/message", {"message": "Go on"})
    assert (await api.status(codebase))["status"] == "running"
    assert await api.post(f"/codebases/{codebase}/stop") == {"success": True, "message": "Agent stopped"}
    assert (await api.status(codebase))["status"] == "idle"
    assert not agent.alive


async def test_permission(api: Running) -> None:
    """An agent that asks for leave gets the reply that was posted."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Start"})
    agent = await api.agent_at_work(codebase)
    asked = await agent.ask("bash", {"command": "ls"})
    permission = f"perm_{asked.removeprefix('per_')}"
    answer = await api.post(f"/codebases/{codebase}/permissions/{permission}", {"reply": "once"})
    assert answer == {"success": True, "message": "Permission answered"}
    again = await api.ask("POST", f"/codebases/{codebase}/permissions/{permission}", {"reply": "once"})
    assert (again.status, again.body["code"]) == (409, "permission_already_answered")
    assert agent.answers[0][:2] == (asked, "once")


async def test_health(api: Running) -> None:
    """The process says that it lives, and whether it is ready to run agents."""
    assert await api.get("/healthz") == {"status": "ok"}
    assert await api.get("/readyz") == {"status": "ok", "position": 0, "opencode": "ok", "log": "ok", "views": "ok"}
    api.agents.problem = "opencode was not found."
    degraded = await api.ask("GET", "/readyz")
    assert (degraded.status, degraded.body["opencode"]) == (503, "opencode was not found.")


@pytest.mark.parametrize("command", ["trigger", "message"])
async def test_without_opencode_nothing_starts(api: Running, command: str) -> None:
    """Without opencode a trigger or message is refused with 503 and what to do, and nothing is recorded."""
    codebase = await api.register()
    api.agents.problem = "opencode was not found; install it."
    head = api.service.store.head
    answer = await api.ask(
        "POST", f"/codebases/{codebase}/{command}", {"prompt" if command == "trigger" else "message": "Hello"}
    )
    assert answer.status == 503
    assert answer.body == {"detail": "opencode was not found; install it.", "code": "agent_unavailable"}
    assert api.service.store.head == head


async def test_answers_are_not_to_be_kept_or_guessed_at(api: Running) -> None:
    """No cache keeps an answer, no browser takes it for anything but JSON, no foreign page may read it."""
    answer = await api.ask("GET", "/status")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
