"""No secret gets past an actor into the log, and what is masked still works."""

from dataclasses import replace

import pytest

from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import InvalidInput, PermissionNotFound
from opencode_ledger.domain.ids import AgentPermissionId, PermissionId, Position, Sequence, TaskId
from opencode_ledger.domain.secrets.shapes import MARK

from .town import A, Town, outcome

KEY = "the-secret-of-the-house"
SHAPED = "sk-ant-api03-aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA"


async def recorded(town: Town) -> bytes:
    """All that the log holds."""
    return b"\n".join(event.data for event in await town.log.read_all(Position(0), 1000))


async def test_whatever_is_said_and_done_no_secret_is_recorded(town: Town) -> None:
    """Prompts, messages, tasks, replies, tools, text, questions, files and failures: the log has none of their secrets."""
    town.secrets.learn("test", [KEY])
    say = f"{KEY} and {SHAPED}"
    await town.supervisor.register(c.Register(codebase_id=A, name=say, path="/code/a", description=say))
    trigger = town.trigger(say)
    await town.do(A, trigger)
    session = trigger.session_id
    asked = AgentPermissionId("per_1")
    await town.do(A, town.message(say))
    await town.do(A, c.CreateTask(task_id=TaskId("task_q"), title=say, prompt=say, metadata={say: [say]}))
    await town.do(
        A,
        c.Report(
            (
                f.TextStreamed(session_id=session, kind="text", content=say, message_id="m", part_id="p"),
                f.ToolStarted(
                    session_id=session, call_id="call_1", tool="bash", args={"command": say, say: [{"a": say}]}
                ),
                f.ToolEnded(
                    session_id=session, call_id="call_1", tool="bash", status="completed", output=say, title=say
                ),
                f.FileChanged(session_id=session, action="create", path=f"src/{say}.txt"),
                f.PermissionRequested(
                    session_id=session, agent_permission_id=asked, tool="bash", args={"x": say}, patterns=(f"{say} *",)
                ),
                f.RetryScheduled(session_id=session, attempt=1, reason=say, delay=1.0),
            )
        ),
    )
    late = town.ask(A, c.ReplyPermission(permission_id=PermissionId("perm_1"), reply="reject", message=say))
    await settle()
    await town.do(A, c.Report((f.AgentDied(reason=say),)))
    with pytest.raises(PermissionNotFound):
        await late
    log = await recorded(town)
    assert log.count(MARK.encode()) > 20
    assert KEY.encode() not in log
    assert SHAPED.encode() not in log
    assert town.phase(A) is Phase.INTERRUPTED


async def test_the_agent_is_given_what_the_log_shows(town: Town) -> None:
    """A prompt reaches the agent as it was recorded, without its secrets."""
    town.secrets.learn("test", [KEY])
    await town.register(A)
    await town.do(A, town.trigger(f"Use {KEY} and {SHAPED}, please"))
    await town.do(A, town.message(f"Or {KEY}"))
    given = town.agents.of(A).given
    assert [prompt.text for prompt in given] == [f"Use {MARK} and {MARK}, please", f"Or {MARK}"]


async def test_a_title_does_not_hold_half_a_secret(town: Town) -> None:
    """What is cut to make a title is masked before it is cut."""
    town.secrets.learn("test", [KEY])
    await town.register(A)
    await town.do(A, town.trigger("x" * 70 + " " + KEY))
    assert KEY[:6].encode() not in await recorded(town)
    assert KEY[:6] not in town.agents.of(A).given[0].title


async def test_a_directory_named_like_a_secret_is_refused(town: Town) -> None:
    """A path can't be masked, for nothing would be found there: it is refused, and nothing is recorded."""
    town.secrets.learn("test", [KEY])
    register = c.Register(codebase_id=A, name="a", path=f"/code/{KEY}")
    assert isinstance(await outcome(town.supervisor.register(register)), InvalidInput)
    assert await town.log.stream_head(A) == Sequence(0)


async def test_a_file_named_like_a_secret_is_refused(town: Town) -> None:
    """Neither a trigger nor a task takes a file whose name would be masked, and nothing is recorded of it."""
    await town.register(A)
    town.secrets.learn("test", [KEY])
    head = await town.log.stream_head(A)
    trigger = replace(town.trigger("go"), files=("src/a.py", f"src/{KEY}.txt"))
    task = c.CreateTask(task_id=TaskId("task_q"), title="x", prompt="x", files=(f"{SHAPED}.txt",))
    for command in (trigger, task):
        refused = await outcome(town.do(A, command))
        assert isinstance(refused, InvalidInput)
        assert "files" in refused.message
    assert await town.log.stream_head(A) == head


async def test_what_is_learned_later_is_masked_from_then_on(town: Town) -> None:
    """A secret that becomes known while an actor is at work is masked in the next event."""
    await town.register(A)
    await town.do(A, town.trigger("go"))
    town.secrets.learn("test", [KEY])
    await town.do(A, town.message(KEY))
    assert KEY.encode() not in await recorded(town)
