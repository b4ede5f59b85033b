"""The document's workflow with the Python client, with and without an event loop."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.service import StandInAgents, running

from opencode_ledger.client import InConflict, Ledger, NotFound, sync
from opencode_ledger.client import models as m
from opencode_ledger.http.settings import Settings

from ..stand_in import EVENTS, METADATA, PROMPT, ROLES, refactor


def label(event: str, data: Any) -> str:
    """What is to be seen of an event of the story."""
    match event:
        case "session" if data["action"] == "started":
            return f"{data['agent']}: {data['prompt']}"
        case "session":
            return str(data["action"])
        case "status":
            return f"{data['status']}: {data['message']}"
        case "output":
            return f"{data['type']}: {data['content']}"
        case "permission":
            return str(data["tool"] if data["action"] == "asked" else data["reply"])
        case "tool_use":
            return str(data["tool"])
        case "file_change":
            return f"{data['action']} {data['path']}"
        case "complete":
            return str(data["summary"])
        case _:
            return ""


async def with_a_loop(url: str, directory: str) -> list[list[str]]:
    """The workflow; what was seen of the session."""
    seen: list[list[str]] = []
    async with Ledger(url) as ledger:
        assert (await ledger.status())["available"]
        codebase = await ledger.register(directory, "my-app", agent_config={"auto_approve": False})
        (model,) = await ledger.models()
        started = await codebase.trigger(PROMPT, model=model["id"], metadata=METADATA)
        async for event in codebase.events(session=started["session_id"]):
            seen.append([event.event, label(event.event, event.data)])
            if event.event == "permission" and event.data["action"] == "asked":
                await codebase.message("Also add type hints")
                (waiting,) = (await codebase.permissions())["permissions"]
                await codebase.answer(waiting["id"], "once")
            if event.event == "output" and "type hints" in event.data["content"]:
                await codebase.stop()
        messages = await codebase.messages(started["session_id"])
        assert [message["role"] for message in messages["messages"]] == ROLES
        task = await ledger.task(started["task_id"])
        assert (task["status"], task["metadata"]) == ("cancelled", METADATA)
        assert len((await codebase.export()).splitlines()) > len(seen)
        with pytest.raises(NotFound) as unknown:
            await ledger.codebase("cb_none").info()
        assert unknown.value.code == "codebase_not_found"
        with pytest.raises(InConflict) as idle:
            await codebase.interrupt()
        assert idle.value.code == "no_active_session"
        await codebase.delete()
    return seen


def without_a_loop(url: str, directory: str) -> list[list[str]]:
    """The same, with calls that block."""
    seen: list[list[str]] = []
    with sync.Ledger(url) as ledger:
        assert ledger.status()["available"]
        codebase = ledger.register(directory, "my-app", agent_config={"auto_approve": False})
        (model,) = ledger.models()
        started = codebase.trigger(PROMPT, model=model["id"], metadata=METADATA)
        for event in codebase.events(session=started["session_id"]):
            seen.append([event.event, label(event.event, event.data)])
            if event.event == "permission" and event.data["action"] == "asked":
                codebase.message("Also add type hints")
                (waiting,) = codebase.permissions()["permissions"]
                codebase.answer(waiting["id"], "once")
            if event.event == "output" and "type hints" in event.data["content"]:
                codebase.stop()
        messages = codebase.messages(started["session_id"])
        assert [message["role"] for message in messages["messages"]] == ROLES
        with pytest.raises(NotFound) as unknown:
            ledger.codebase("cb_none").info()
        assert unknown.value.code == "codebase_not_found"
        codebase.delete()
    return seen


def mistakes(event: m.AnyEvent, status: m.StatusEvent) -> list[object]:
    """Mistakes that type checkers find: where one isn't found, its comment is reported as unused."""
    unnarrowed = event.data["content"]  # type: ignore[typeddict-item]
    wrong = status.data["content"]  # type: ignore[typeddict-item]
    return [unnarrowed, wrong]


async def test_the_python_client_does_the_workflow(tmp_path: Path) -> None:
    """A program with an event loop, and then one without, see the whole session and leave nothing behind."""
    settings = Settings(data=tmp_path / "data")
    async with running(settings, tmp_path / "home", agents=StandInAgents(refactor)) as service:
        url, directory = f"http://127.0.0.1:{service.port}", str(service.directory("my-app"))
        for seen in (
            await with_a_loop(url, directory),
            await asyncio.to_thread(without_a_loop, url, directory),
        ):
            assert [event for event in seen if event in EVENTS] == EVENTS, seen
