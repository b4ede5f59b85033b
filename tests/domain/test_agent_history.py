"""How a session is read from what opencode keeps of it: what counts as said, how it ended, and when it is at rest."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.domain.codebase.commands import ImportSession
from opencode_ledger.domain.codebase.imported import ExternalOutput, ExternalSession
from opencode_ledger.domain.opencode.history import MOST_OF_A_MESSAGE, SessionReading, session_from
from opencode_ledger.domain.opencode.tool_calls import OUTPUT_LIMIT
from opencode_ledger.domain.whole_output import AgentOutput

Json = dict[str, Any]
LISTED: Json = {
    "id": "ses_1",
    "directory": "/code/shop",
    "title": "Tests",
    "agent": "plan",
    "model": {"providerID": "a", "id": "b"},
    "parentID": "ses_0",
    "time": {"created": 1_765_380_600_000, "updated": 1_765_380_600_250},
}


def listed(**more: Any) -> ExternalSession:
    session = session_from({**LISTED, **more})
    assert session is not None
    return session


def read(*messages: object) -> ImportSession:
    """All messages of a session, read as its one page."""
    return SessionReading(listed()).page(messages, last=True)


def asked(text: str = "Go", **part: Any) -> Json:
    time = {"created": 1_765_380_600_100}
    return {"info": {"id": "msg_1", "role": "user", "time": time}, "parts": [{"type": "text", "text": text, **part}]}


def answered(*parts: Json, name: str = "msg_2", finished: bool = True, **info: Any) -> Json:
    time = {"created": 1_765_380_600_200, **({"completed": 1_765_380_600_300} if finished else {})}
    plain = {"id": name, "role": "assistant", "parentID": "msg_1", "time": time, "finish": "stop"}
    return {"info": {**plain, **info}, "parts": list(parts)}


def said(text: str, kind: str = "text", *, ended: bool = True, **more: Any) -> Json:
    return {"type": kind, "text": text, "time": {"start": 1, **({"end": 2} if ended else {})}, **more}


def test_a_session_as_it_is_listed() -> None:
    """A session's names, times, agent, model and parent are taken as they are listed."""
    session = listed()
    assert (session.parent, session.directory, session.title) == ("ses_0", "/code/shop", "Tests")
    assert (session.agent, session.model) == ("plan", "a/b")
    assert (session.started_at, session.updated_at) == ("2025-12-10T15:30:00.000Z", "2025-12-10T15:30:00.250Z")


def test_the_revision_changes_with_the_description() -> None:
    """A new title or time of change is another revision; the same description is the same one."""
    assert listed().revision == listed().revision
    assert len({listed().revision, listed(title="x").revision, listed(time={"updated": 1}).revision}) == 3


def test_a_turn() -> None:
    """A question and its answer: texts, thoughts, tools with their results, tokens and cost."""
    state = {"status": "completed", "input": {"command": "ls"}, "output": "a.py", "title": "ls"}
    call = {"type": "tool", "id": "prt_9", "callID": "call_1", "messageID": "msg_2", "tool": "bash", "state": state}
    tokens = {"input": 5, "output": 1, "reasoning": 2, "cache": {"read": 3, "write": 4}}
    page = read(asked(), answered(said("Hm", "reasoning"), said("Do"), call, said("ne."), tokens=tokens, cost=0.25))
    question, answer = page.messages
    assert (question.role, question.content, question.created_at) == ("user", "Go", "2025-12-10T15:30:00.100Z")
    assert (answer.content, answer.reasoning, answer.cost) == ("Done.", "Hm", 0.25)
    assert answer.tools == (
        {"tool": "bash", "args": {"command": "ls"}, "call_id": "call_1", "status": "completed", "output": "a.py"},
    )
    assert answer.tokens == {"input": 5, "output": 1, "reasoning": 2, "cache_read": 3, "cache_write": 4}
    assert (page.prompt, page.status, page.complete) == ("Go", "completed", True)


def call(number: int, output: str, **metadata: Any) -> Json:
    state = {"status": "completed", "input": {}, "output": output, "metadata": metadata}
    name = f"call_{number}"
    return {"type": "tool", "id": f"prt_{number}", "callID": name, "messageID": "msg_2", "tool": "bash", "state": state}


def test_more_of_an_output_than_a_message_has() -> None:
    """Where the whole of an output is: in the agent's file, or here where it is cut only for the record; else nowhere."""
    shown = "...output truncated...\n\nFull output saved to: /t/tool_1\n\n9\n10\n"
    long, cut = "x" * (OUTPUT_LIMIT + 1), call(3, "y")
    filler = [call(10 + number, "z" * OUTPUT_LIMIT) for number in range(MOST_OF_A_MESSAGE // OUTPUT_LIMIT)]
    paged = call(4, "a page", truncated=True)  # of which opencode keeps no whole
    (_, answer) = read(
        asked(), answered(call(1, shown, truncated=True, outputPath="/t/tool_1"), call(2, long), paged, *filler, cut)
    ).messages
    assert [(output.call_id, output.tool, output.whole) for output in answer.outputs][:2] == [
        ("call_1", "bash", AgentOutput(path="/t/tool_1", ends="9\n10\n")),
        ("call_2", "bash", AgentOutput(text=long)),
    ]
    assert answer.outputs[-1] == ExternalOutput(tool="bash", call_id="call_3", whole=AgentOutput(text="y"))
    assert "call_4" not in {output.call_id for output in answer.outputs}


def test_where_an_output_is_kept_changes_no_message() -> None:
    """A message stands for the same whether there is more of its outputs or not: what is on record isn't recorded again."""
    plain, more = call(1, "x"), call(1, "x", truncated=True, outputPath="/t/tool_1")
    assert read(asked(), answered(plain)).messages[1].digest == read(asked(), answered(more)).messages[1].digest


def test_what_was_taken_back_is_not_said() -> None:
    """Of a finished answer only text with an end counts: the rest was taken back when the model was asked again."""
    assert read(asked(), answered(said("half", ended=False), said("whole"))).messages[1].content == "whole"
    assert read(asked(), answered(said("half", ended=False), finished=False)).messages[1].content == "half"


def test_what_the_program_says_to_itself() -> None:
    """Files put into a question, a nudge to go on and a summary of its own are nobody's words."""
    nudge = {"info": {"id": "msg_3", "role": "user"}, "parts": [{"type": "text", "text": "Go on", "synthetic": True}]}
    question = asked()
    question["parts"].append({"type": "text", "text": "the file's content", "synthetic": True})
    page = read(
        question,
        answered(said("A summary"), summary=True),
        nudge,
        answered(said("More"), parentID="msg_3", name="msg_4"),
    )
    assert [(message.content, message.turn) for message in page.messages] == [("Go", "msg_1"), ("More", "msg_1")]


def test_how_a_session_ended() -> None:
    """With an error a session is failed; with an abort, or an answer without an end, it is stopped."""
    error = {"name": "APIError", "data": {"message": "Too many requests", "statusCode": 429}}
    failed = read(asked(), answered(error=error, finish=None))
    assert (failed.status, failed.messages[1].error, failed.complete) == ("failed", "Too many requests", True)
    aborted = {"name": "MessageAbortedError", "data": {"message": "Aborted"}}
    assert read(asked(), answered(said("I"), error=aborted)).status == "stopped"
    assert read(asked(), answered(said("I"), finished=False)).status == "stopped"


def test_when_a_session_is_at_rest() -> None:
    """A session whose last answer has ended is at rest; while a question or a step is open it is to be read again."""
    assert read(asked(), answered(said("Done"))).complete
    assert not read(asked()).complete
    assert not read(asked(), answered(said("I"), finished=False)).complete
    assert not read(asked(), answered(said("Look"), finish="tool-calls")).complete
    assert not SessionReading(listed()).page([asked(), answered(said("Done"))], last=False).complete


def test_pages_are_one_session() -> None:
    """What the first page said is known on the last: the prompt, whose turn it is, and that something is open."""
    reading = SessionReading(listed())
    reading.page([asked(), answered(said("I"), finished=False)], last=False)
    page = reading.page([answered(said("Done"), name="msg_3")], last=True)
    assert (page.prompt, page.messages[0].turn, page.complete) == ("Go", "msg_1", False)


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "info", "parts", "role", "time", "created", "text", "type", "state", "status", "error"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(_anything, st.lists(_anything, max_size=4))
def test_no_shape_is_an_error(session: object, messages: list[object]) -> None:
    """Whatever opencode might answer, reading it raises nothing."""
    session_from(session)
    read(*messages, asked(), answered({"type": "tool", "state": session}))
