"""Whatever others do, and whenever it is read: the log ends up with each message once, and its latest state shown."""

from collections.abc import AsyncIterator, Iterator
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.given import AT, REGISTER

from opencode_ledger.actors.twins.scripted_history import Answer, ScriptedHistories, ScriptedHistory
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase.commands import ImportSession
from opencode_ledger.domain.codebase.decide import decide
from opencode_ledger.domain.codebase.decision import fold
from opencode_ledger.domain.codebase.imported import session_of
from opencode_ledger.domain.codebase.imports import worth_reading
from opencode_ledger.domain.codebase.state import INITIAL
from opencode_ledger.domain.events import imported as o
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.events.wire import changes_state, decode, encode
from opencode_ledger.domain.ids import AgentSessionId, CodebaseId, Position, Sequence
from opencode_ledger.domain.opencode.history import SessionReading, session_from
from opencode_ledger.projections.story.transcript import Transcript

HERE, ELSEWHERE = "/code/shop", "/code/other"


class World:
    """Others at work, and a log that is brought up to date with what they did."""

    def __init__(self) -> None:
        self.outside = ScriptedHistories()
        self.events: list[e.Event] = list(decide(INITIAL, REGISTER, AT).events)
        self.state = fold(INITIAL, self.events)

    def sync(self, page: int, most: int | None = None) -> int:
        """Read and record, up to `most` commands as if the server had then ended; how many events it took."""
        before = len(self.events)
        for command in islice(self._commands(page), most):
            decision = decide(self.state, command, AT)
            self.events += decision.events
            self.state = fold(self.state, decision.events)
        return len(self.events) - before

    def _commands(self, page: int) -> Iterator[ImportSession]:
        for made in list(self.outside.made.values()):
            session = session_from(made.info)
            if session and session.directory == HERE and worth_reading(self.state, session):
                reading, messages = SessionReading(session), made.messages
                for start in range(0, len(messages), page):
                    yield reading.page(messages[start : start + page], last=start + page >= len(messages))

    def restart(self) -> None:
        """Fold the state from the log, as an actor that wakes does."""
        written = [encode(event) for event in self.events]
        recorded = (
            RecordedEvent(Position(n), CodebaseId("cb_1"), Sequence(n), event.topic, event.data)
            for n, event in enumerate(written, 1)
        )
        self.state = fold(INITIAL, (decode(event) for event in recorded if changes_state(event)))

    def described(self, name: str) -> tuple[str, ...] | None:
        """What the log says last of a session."""
        imported = [e for e in self.events if isinstance(e, o.SessionImported) and e.agent_session_id == name]
        return (imported[-1].title, imported[-1].prompt, imported[-1].status) if imported else None

    def as_listed(self, name: str) -> tuple[str, ...] | None:
        """What there is to be said of a session."""
        made = self.outside.made[name]
        session = session_from(made.info)
        assert session is not None
        whole = SessionReading(session).page(made.messages, last=True)
        status = "running" if whole.open else whole.status  # it is all of one day
        return (session.title, whole.prompt, status) if made.messages else None

    def shown(self, name: str) -> list[tuple[str, str, list[object]]]:
        """The messages of a session as readers get them."""
        transcript = Transcript()
        ours = session_of(AgentSessionId(name))
        transcript.take(event for event in self.events if event.session_id == ours)
        return [(m.id, m.content, [(c.call_id, c.status, c.output) for c in m.tools]) for m in transcript.messages]


def content_of(messages: list[Answer]) -> list[tuple[str, str, list[object]]]:
    """The messages of a session as they stand outside, in the words of `World.shown`."""
    return [(message["info"]["id"], *_parts(message["parts"])) for message in messages]


def _parts(parts: list[Answer]) -> tuple[str, list[object]]:
    text = "".join(part["text"] for part in parts if part["type"] == "text")
    ended = {"completed": "completed", "running": None}
    calls = [part for part in parts if part["type"] == "tool"]
    return text, [(c["callID"], ended[c["state"]["status"]], c["state"].get("output")) for c in calls]


Move = tuple[str, int, int]
KINDS = (
    *("begin", "elsewhere", "child", "title", "touch", "restart", "sync", "cut"),
    *("prompt", "answer", "prompt", "answer", "begin_answer", "finish", "say", "empty", "call", "end_call"),
)
MOVES = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 5), st.integers(1, 4)), max_size=40)


def move(world: World, kind: str, pick: int, page: int, number: int) -> None:
    """One thing that happens."""
    outside = world.outside
    names = list(outside.made)
    match kind:
        case "begin" | "elsewhere" | "child":
            parent = names[pick % len(names)] if names and kind == "child" else None
            outside.begin(f"ses_{number}", ELSEWHERE if kind == "elsewhere" else HERE, parent=parent)
        case "restart":
            world.restart()
        case "sync" | "cut":
            world.sync(page, pick if kind == "cut" else None)
        case _ if names:
            _talk(outside, kind, names[pick % len(names)], page, number)
        case _:
            return


def _talk(outside: ScriptedHistories, kind: str, session: str, pick: int, number: int) -> None:
    messages = outside.made[session].messages
    answers = [m["info"]["id"] for m in messages if m["info"]["role"] == "assistant"]
    match kind:
        case "title":
            outside.made[session].info["title"] = f"title {number}"
            outside.touch(session)
        case "touch":
            outside.touch(session)
        case "prompt":
            outside.prompt(session, f"prompt {number}")
        case "answer" | "begin_answer" if messages:
            outside.answer(session, f"answer {number}", finished=kind == "answer")
        case "finish" if answers:
            outside.finish(session, answers[-1])
        case "say" | "empty" if messages:
            outside.say(session, messages[-pick % len(messages)]["info"]["id"], f"new {number}" * (kind == "say"))
        case "call" | "end_call" if answers:
            state = {"status": "completed", "output": f"out {number}"} if kind == "end_call" else {"status": "running"}
            name = answers[-pick % len(answers)]
            outside.call(session, name, f"call_{pick}_{name}", "bash", input={}, **state)
        case _:
            pass


@given(MOVES, st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_any_history_comes_in_once(moves: list[Move], page: int) -> None:
    """After any changes, syncs, syncs cut short and restarts, a sync shows the latest of each message; a second adds 0."""
    world = World()
    for number, (kind, pick, size) in enumerate(moves):
        move(world, kind, pick, size, number)
    world.restart()
    world.sync(page)
    here = {name: made.messages for name, made in world.outside.made.items() if made.info["directory"] == HERE}
    for name, messages in here.items():
        said = [message for message in content_of(messages) if message[1] or message[2] or message in world.shown(name)]
        assert world.shown(name) == said
    assert {event.session_id for event in world.events if event.session_id} == {
        session_of(AgentSessionId(name)) for name, messages in here.items() if messages
    }
    for name in here:
        assert world.described(name) == world.as_listed(name)
    assert world.sync(page) == 0
    world.restart()
    assert world.sync(page + 1) == 0
    _assert_each_state_once(world.events)


def _assert_each_state_once(events: list[e.Event]) -> None:
    last: dict[str, o.MessageImported] = {}
    for event in events:
        if isinstance(event, o.MessageImported):
            assert last.get(event.message_id) != event, "a state that is on record is not recorded again"
            last[event.message_id] = event


@pytest.mark.parametrize("page", [1, 2, 100])
async def test_the_twin_reads_as_the_world_does(page: int) -> None:
    """The twin's history gives the pages in order, the last one marked, and only sessions of its directory."""
    outside = ScriptedHistories(page)
    outside.begin("ses_here", HERE)
    outside.begin("ses_there", ELSEWHERE)
    for number in range(3):
        outside.prompt("ses_here", f"{number}")
    history = ScriptedHistory(outside, HERE)
    (session,) = await history.sessions()
    commands: AsyncIterator[ImportSession] = history.read(session)
    pages = [command async for command in commands]
    assert [message.content for command in pages for message in command.messages] == ["0", "1", "2"]
    assert [command.last for command in pages] == [False] * (len(pages) - 1) + [True]
