"""The words of the domain's tests: given events, when a command, then events."""

from dataclasses import dataclass, field

import pytest

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.decide import decide
from opencode_ledger.domain.codebase.decision import Decision, fold
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.codebase.state import INITIAL, State
from opencode_ledger.domain.errors import LedgerError
from opencode_ledger.domain.ids import (
    AgentPermissionId,
    AgentSessionId,
    CodebaseId,
    MessageId,
    PermissionId,
    SessionId,
    TaskId,
    Timestamp,
)

CODEBASE = CodebaseId("cb_1")
SESSION, TASK = SessionId("sess_1"), TaskId("task_1")
FIRST, SECOND, THIRD = MessageId("msg_1"), MessageId("msg_2"), MessageId("msg_3")
AGENT_SESSION = AgentSessionId("ses_agent")
PERMISSION, AGENT_PERMISSION = PermissionId("perm_1"), AgentPermissionId("per_1")
AT = Timestamp("2025-12-10T15:30:00.000Z")
IDS = e.Common(session_id=SESSION, task_id=TASK, timestamp=AT)

REGISTER = c.Register(codebase_id=CODEBASE, name="shop", path="/code/shop")
TRIGGER = c.Trigger(session_id=SESSION, task_id=TASK, message_id=FIRST, prompt="Add tests\nplease", files=("a.py",))
AGAIN = c.Trigger(
    session_id=SessionId("sess_2"), task_id=TaskId("task_2"), message_id=MessageId("msg_9"), prompt="Another"
)
MESSAGE = c.SendMessage(message_id=SECOND, content="use pytest")
LATER = c.SendMessage(message_id=THIRD, content="go on")

OPENED = f.SessionOpened(session_id=SESSION, agent_session_id=AGENT_SESSION, model="test/model")
TAKEN = f.PromptTaken(session_id=SESSION, message_id=FIRST)
TEXT = f.TextStreamed(session_id=SESSION, kind="text", content="Hello", message_id="msg_a", part_id="prt_1")
TOOL_STARTED = f.ToolStarted(session_id=SESSION, call_id="call_1", tool="bash", args={"command": "ls"})
TOOL_ENDED = f.ToolEnded(session_id=SESSION, call_id="call_1", tool="bash", status="completed", output="a.py")
ASKED = f.PermissionRequested(
    session_id=SESSION, agent_permission_id=AGENT_PERMISSION, tool="bash", args={"command": "rm a.py"}
)
SETTLED = f.PermissionSettled(session_id=SESSION, agent_permission_id=AGENT_PERMISSION, reply="once", ours=True)
ENDED = f.RunEnded(session_id=SESSION, answers=FIRST, summary="Tests added.")


def report(*facts: f.Fact) -> c.Report:
    """What the agent reports at once."""
    return c.Report(facts)


@dataclass
class Story:
    """A codebase that lives through commands; `events` is all that was recorded, `last` the last decision."""

    state: State = INITIAL
    events: list[e.Event] = field(default_factory=list[e.Event])
    last: Decision = field(default_factory=Decision)

    def when(self, command: c.Command, *, has_slot: bool = True) -> "Story":
        """The story after one more command."""
        decision = decide(self.state, command, AT, has_slot=has_slot)
        return Story(fold(self.state, decision.events), [*self.events, *decision.events], decision)

    def then(self, *events: e.Event) -> "Story":
        """The last command was recorded as exactly these events."""
        assert list(self.last.events) == list(events)
        return self

    def says(self, *names: str) -> "Story":
        """The last command was recorded as events of these names (`topic` or `topic.action`)."""
        assert names_of(*self.last.events) == list(names)
        return self

    def refuses(self, command: c.Command, error: type[LedgerError]) -> None:
        """The command is refused by exactly this error."""
        with pytest.raises(LedgerError) as refusal:
            decide(self.state, command, AT)
        assert type(refusal.value) is error

    @property
    def phase(self) -> Phase:
        """Where the codebase stands."""
        return self.state.phase


def names_of(*events: e.Event) -> list[str]:
    """What the events are called: their topics, with the action where there is one."""
    return [f"{event.topic}.{event.action}" if event.action else event.topic for event in events]


def given(*commands: c.Command, has_slot: bool = True) -> Story:
    """A registered codebase that has lived through these commands."""
    story = Story().when(REGISTER)
    for command in commands:
        story = story.when(command, has_slot=has_slot)
    return story


def standing_at(phase: Phase) -> Story:
    """A codebase in this phase, with a session wherever the phase has one."""
    match phase:
        case Phase.VOID:
            return Story()
        case Phase.IDLE:
            return given()
        case Phase.WAITING:
            return given(TRIGGER, has_slot=False)
        case Phase.RUNNING:
            return given(TRIGGER, report(OPENED, TAKEN))
        case Phase.INTERRUPTING:
            return given(TRIGGER, report(OPENED, TAKEN), c.Interrupt())
        case Phase.INTERRUPTED:
            return given(TRIGGER, report(OPENED, TAKEN), c.Interrupt(), report(f.AgentAborted()))
        case Phase.STOPPING:
            return given(TRIGGER, report(OPENED, TAKEN), c.Stop())
        case Phase.DELETING:
            return given(TRIGGER, report(OPENED, TAKEN), c.Delete())
        case Phase.DELETED:
            return given(TRIGGER, report(OPENED, TAKEN), c.Delete(), report(f.AgentStopped()))
