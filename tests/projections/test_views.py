"""What the views answer about a working day of two codebases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.projections.histories import STREAMS, History, finish, message, register, trigger, workday

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.ids import AgentPermissionId, CodebaseId, PermissionId, SessionId, TaskId, Timestamp
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.views.session_queries import Span
from opencode_ledger.projections.views.views import Views

A, B, UNKNOWN = STREAMS


@pytest.fixture
async def views(tmp_path: Path) -> AsyncIterator[Views]:
    projections = await Projections.open(tmp_path / "views.db", await workday().store())
    yield projections.views
    await projections.close()


async def views_of(history: History, tmp_path: Path) -> Projections:
    return await Projections.open(tmp_path / "views.db", await history.store())


async def test_codebases_as_registered(views: Views) -> None:
    """Registered codebases are listed in order, with all that was said about them and their last activity."""
    first, second = await views.codebases.all()
    assert (first.id, second.id) == (A, B)
    assert (first.path, first.description, first.worker_id) == ("/src/cb_a", "The app", "worker-1")
    assert first.agent_config == {"default_model": "p/m"}
    assert first.created_at < first.last_activity
    assert await views.codebases.get(A) == first
    assert await views.codebases.get(UNKNOWN) is None


async def test_who_did_it(tmp_path: Path) -> None:
    """Who registered a codebase, started a session and a task, and answered, as the log says it; None where it doesn't."""
    history = History()
    for stream, by in ((A, "ann"), (B, None)):
        event = e.CodebaseRegistered(codebase_id=stream, name=stream, path=f"/{stream}", timestamp=history.at(), by=by)
        history.record(stream, event)
        ids = e.Common(session_id=SessionId(f"sess_{stream}"), task_id=TaskId(f"task_{stream}"), timestamp=history.at())
        asked = PermissionId(f"perm_{stream}")
        history.record(
            stream,
            e.SessionStarted(prompt="Go", agent="build", by=by, **ids),
            e.TaskCreated(title="Go", prompt="Go", agent_type="build", by=by, **ids),
            e.PermissionAsked(
                permission_id=asked, agent_permission_id=AgentPermissionId("per_1"), tool="bash", args={}, **ids
            ),
            e.PermissionReplied(permission_id=asked, reply="once", decided_by="user", by=by, **ids),
        )
    projections = await views_of(history, tmp_path)
    views = projections.views
    for stream, by in ((A, "ann"), (B, None)):
        codebase, task = await views.codebases.get(stream), await views.tasks.get(TaskId(f"task_{stream}"))
        session = await views.sessions.get(stream, SessionId(f"sess_{stream}"))
        ((_, _, answered),) = (await views.permissions.answered(codebase=stream)).rows
        assert codebase and task and session and answered.settlement
        assert [codebase.registered_by, task.by, session.by, answered.settlement.by] == [by] * 4
    assert (await views.permissions.answered(only=frozenset({A}))).total == 1
    assert (await views.permissions.answered()).total == 2
    await projections.close()


async def test_agent_of_an_interrupted_session(views: Views) -> None:
    """An interrupted agent shows its session, its task's title, when it began and with which model."""
    agent, session = await views.agents.get(A), (await views.sessions.page(A)).rows[0]
    assert agent is not None
    assert (agent.status, agent.phase) == ("interrupted", Phase.INTERRUPTED)
    assert (agent.session_id, agent.task_id) == (session.id, session.task_id)
    assert (agent.current_task, agent.model) == ("Add tests", "p/m")
    assert agent.started_at == session.started_at


async def test_idle_agent_has_no_session(views: Views) -> None:
    """An idle agent shows no session, and an unknown codebase no agent."""
    agent = await views.agents.get(B)
    assert agent is not None
    assert (agent.status, agent.session_id, agent.current_task, agent.model) == ("idle", None, None, None)
    assert await views.agents.get(UNKNOWN) is None


async def test_completed_session(views: Views) -> None:
    """A session shows how it ended, what it cost and its messages, a helper's not counted."""
    page = await views.sessions.page(A)
    newer, session = page.rows
    assert page.total == 2
    assert (newer.status, newer.ended_at, newer.ended) == ("interrupted", None, False)
    assert (session.status, session.ended, session.agent) == ("completed", True, "build")
    assert session.ended_at is not None
    assert session.started_at is not None and session.ended_at > session.started_at
    assert (session.agent_session_id, session.model) == ("ses_1", "real/model")
    assert session.prompt == "Add tests\nfor login"
    assert session.messages_count == 3  # the prompt, what was said, and the message with the tool call
    assert (session.tokens, session.cost) == ({"input": 15, "output": 2}, 0.75)
    assert await views.sessions.get(A, session.id) == session
    assert await views.sessions.get(B, session.id) is None


async def test_span_of_a_session(views: Views) -> None:
    """A session's span goes from its start to its last event, and the next one begins after it."""
    newer, older = (await views.sessions.page(A)).rows
    span = await views.sessions.span(A, older.id)
    assert span == Span(session_id=older.id, first=older.first, last=older.last, ended=True)
    assert older.first == 2
    assert older.last < newer.first
    assert await views.sessions.span(B, older.id) is None
    assert await views.sessions.span(A, SessionId("sess_none")) is None


async def test_current_session(views: Views) -> None:
    """The current session of a codebase is the one running or interrupted, if there is one."""
    current = await views.sessions.current(A)
    newest = (await views.sessions.page(A, limit=1)).rows[0]
    assert current == await views.sessions.span(A, newest.id)
    assert await views.sessions.current(B) is None


async def test_tasks(views: Views) -> None:
    """Tasks are listed newest first, of one codebase or all, of one status or any, with the total of the choice."""
    everything = await views.tasks.page()
    failed, paused, completed = everything.rows
    assert everything.total == 3
    assert (failed.status, failed.error, failed.code, failed.codebase_id) == ("failed", "Rate limit", "RATE_LIMITED", B)
    assert (paused.status, paused.reason, paused.completed_at) == ("interrupted", "requested", None)
    assert (completed.status, completed.result) == ("completed", "Added 15 unit tests")
    assert (completed.title, completed.agent_type, completed.priority) == ("Add tests", "build", 0)
    assert (completed.metadata, completed.model) == ({"ticket": "JIRA-123"}, "p/m")
    assert completed.created_at == completed.started_at
    assert completed.completed_at is not None
    assert completed.session_id is not None
    assert (await views.tasks.page(A)).rows == (paused, completed)
    assert (await views.tasks.page(status="failed")).rows == (failed,)
    assert (await views.tasks.page(A, "failed")).total == 0
    assert await views.tasks.get(failed.id) == failed
    assert await views.tasks.get(TaskId("task_none")) is None


async def test_pages(views: Views) -> None:
    """A page beyond the end is empty and still has the total."""
    tasks = (await views.tasks.page()).rows
    assert (await views.tasks.page(limit=1, offset=1)).rows == tasks[1:2]
    beyond = await views.tasks.page(limit=5, offset=5)
    assert (beyond.rows, beyond.total) == ((), 3)
    assert (await views.sessions.page(UNKNOWN)).total == 0


async def test_counts(views: Views) -> None:
    """The counts have the numbers of codebases, of agents by phase, and of sessions and tasks by status."""
    counts = await views.counts()
    assert counts.codebases == 2
    assert counts.agents == {"idle": 1, "interrupted": 1}
    assert counts.sessions == {"completed": 1, "interrupted": 1, "failed": 1}
    assert counts.tasks == {"completed": 1, "interrupted": 1, "failed": 1}


async def test_deleted_codebase_is_hidden(tmp_path: Path) -> None:
    """A deleted codebase is gone from every answer, with its sessions and tasks, and its path is free again."""
    history = History()
    register(history, A)
    session = trigger(history, A)
    finish(history, A)
    history.command(A, c.Delete())
    if history.state(A).phase is Phase.DELETING:
        history.command(A, c.Report((f.AgentStopped(),)))
    projections = await views_of(history, tmp_path)
    views = projections.views
    assert await views.codebases.all() == []
    assert await views.codebases.get(A) is None
    assert await views.agents.get(A) is None
    assert await views.sessions.get(A, session) is None
    assert await views.sessions.span(A, session) is None
    assert (await views.sessions.page(A)).total == (await views.tasks.page()).total == 0
    assert await views.agents.unsettled() == []
    counts = await views.counts()
    assert (counts.codebases, counts.agents, counts.sessions, counts.tasks) == (0, {}, {}, {})
    await projections.close()


async def test_unsettled_agents(tmp_path: Path) -> None:
    """Agents that wait, run, are being stopped or deleted are those a new server must settle; idle and interrupted are not."""
    history = History()
    for stream in STREAMS:
        register(history, stream)
    trigger(history, A, has_slot=False)
    trigger(history, B)
    history.command(B, c.Stop())
    deleting = CodebaseId("cb_d")
    register(history, deleting)
    trigger(history, deleting)
    history.command(deleting, c.Delete())
    projections = await views_of(history, tmp_path)
    assert await projections.views.agents.unsettled() == [A, B, deleting]
    await projections.close()


async def test_waiting_session(tmp_path: Path) -> None:
    """A session that waits for a slot is pending, and so are its task and the agent; it starts when it is admitted."""
    history = History()
    register(history, A)
    session = trigger(history, A, has_slot=False)
    projections = await views_of(history, tmp_path)
    agent, task = await projections.views.agents.get(A), (await projections.views.tasks.page()).rows[0]
    assert agent is not None
    assert (agent.status, agent.phase, agent.session_id) == ("pending", Phase.WAITING, session)
    waiting = (await projections.views.sessions.page(A)).rows[0]
    assert (waiting.status, waiting.started_at, agent.started_at, waiting.ended) == ("pending", None, None, False)
    assert (task.status, task.session_id, task.started_at) == ("pending", session, None)
    await projections.close()
    history.command(A, c.GrantSlot())
    admitted = await Projections.open(tmp_path / "admitted.db", await history.store())
    agent, task = await admitted.views.agents.get(A), (await admitted.views.tasks.page()).rows[0]
    assert agent is not None
    assert agent.phase is Phase.RUNNING
    session_now = (await admitted.views.sessions.page(A)).rows[0]
    assert (task.status, session_now.status, agent.status) == ("running", "running", "running")
    assert task.started_at is not None
    assert task.started_at == session_now.started_at == agent.started_at
    await admitted.close()


async def test_resumed_session(tmp_path: Path) -> None:
    """A message wakes an interrupted session: it runs again and counts one message more."""
    history = workday()
    history.command(A, c.SendMessage(message_id=message(history), content="Go on"))
    projections = await views_of(history, tmp_path)
    session = (await projections.views.sessions.page(A)).rows[0]
    assert (session.status, session.messages_count) == ("running", 2)
    await projections.close()


async def test_replaced_session(tmp_path: Path) -> None:
    """A trigger on an interrupted session stops that one, cancels its task and starts another."""
    history = workday()
    trigger(history, A)
    projections = await views_of(history, tmp_path)
    newest, replaced, _oldest = (await projections.views.sessions.page(A)).rows
    assert (newest.status, replaced.status) == ("running", "stopped")
    tasks = (await projections.views.tasks.page(A)).rows
    assert [task.status for task in tasks] == ["running", "cancelled", "completed"]
    await projections.close()


async def test_same_ids_in_two_codebases(tmp_path: Path) -> None:
    """A session's id is only good within its codebase, so that a foreign event can't end it."""
    history = History()
    register(history, A)
    register(history, B)
    session = trigger(history, A)
    foreign = workday()
    stopped = next(event for _stream, events in foreign.commits for event in events if b'"completed"' in event.data)
    history.raw(B, type(stopped)(stopped.topic, stopped.data.replace(b"sess_000005", session.encode())))
    projections = await views_of(history, tmp_path)
    found = await projections.views.sessions.get(A, session)
    assert found is not None
    assert found.status == "running"
    await projections.close()


async def test_events_that_name_no_session(tmp_path: Path) -> None:
    """Foreign events that leave out the session or task they are about change no session and no task."""
    history = History()
    register(history, A)
    at = Timestamp("2026-01-01T00:00:00.000Z")
    history.record(
        A,
        e.SessionStarted(prompt="p", agent="build", timestamp=at),
        e.TaskCreated(title="t", prompt="p", agent_type="build", timestamp=at),
        e.Usage(tokens={"input": 1}, cost=1.0, timestamp=at),
    )
    history.record(A, e.ToolUse(tool="bash", args={}, call_id="c", message_id="m", subagent=None, timestamp=at))
    projections = await views_of(history, tmp_path)
    assert (await projections.views.sessions.page(A)).total == (await projections.views.tasks.page()).total == 0
    await projections.close()
