"""Histories that somebody spoiled: each comes in as far as it can, or is passed over, and keeps none of the others out."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from tests.actors.town import Town

from opencode_ledger.actors.twins.scripted_history import Answer, ScriptedHistories
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase.imported import INCOMPLETE, UNNAMED, UNREADABLE
from opencode_ledger.domain.events import imported as o
from opencode_ledger.domain.events.wire import decode
from opencode_ledger.domain.ids import CodebaseId, Sequence, SessionId

A = CodebaseId("cb_a")
HERE = f"/code/{A}"
BAD = "ses_bad"

Spoil = Callable[[ScriptedHistories], object]


def info(**members: Any) -> Spoil:
    return lambda made: made.made[BAD].info.update(members)


def message(**members: Any) -> Spoil:
    return lambda made: made.made[BAD].messages[-1]["info"].update(members)


def part(**members: Any) -> Spoil:
    return lambda made: made.made[BAD].messages[-1]["parts"][0].update(members)


def more(*parts: Any) -> Spoil:
    return lambda made: made.made[BAD].messages[-1]["parts"].extend(parts)


def tool(**members: Any) -> Answer:
    return {"type": "tool", "id": "prt_t", "callID": "call_1", "tool": "bash", "messageID": "msg_x", **members}


def nested(levels: int) -> Any:
    value: Any = "deep"
    for _ in range(levels):
        value = {"in": [value]}
    return value


DONE: Answer = {"status": "completed", "input": {}, "output": "out"}

SPOILT: dict[str, Spoil] = {
    "a title cut in a character": info(title="half \ud83d"),
    "a title with control characters": info(title="\x00\x1b[31m\u202e\n"),
    "a title of 2 MB": info(title="t" * 2_000_000),
    "a title that is a number": info(title=5),
    "no title": info(title=None),
    "times that run backwards": info(time={"created": 2_000_000_000_000, "updated": 1_000_000_000_000}),
    "times beyond all dates": info(time={"created": -(10**30), "updated": 10**30}),
    "times that are words": info(time={"created": "now", "updated": [1]}),
    "no times": info(time=None),
    "times with fractions": info(time={"created": 1.5, "updated": 2.5}),
    "its own parent": info(parentID=BAD),
    "a parent in a circle": info(parentID="ses_good"),
    "a parent of no form": info(parentID="ses_/../x\n"),
    "a parent that is no text": info(parentID={"id": 1}),
    "a model that is a list": info(model=["x"]),
    "an agent that is an object": info(agent={"0": 255}),
    "an agent of 5,000 characters": info(agent="a" * 5000),
    "an answer of a wrong role": message(role="nobody"),
    "an answer without a role": message(role=None),
    "tokens beyond counting": message(tokens={"input": 10**300, "output": -(10**300), "cache": {"read": 1e308}}),
    "tokens that are words": message(tokens={"input": "many", "cache": "none"}),
    "a price beyond counting": message(cost=1e308),
    "a negative price": message(cost=-5),
    "an error of an odd shape": message(error={"name": ["x"], "data": 5}),
    "an error that is a text": message(error="x"),
    "a finish that is an object": message(finish={}),
    "a parent message that is a list": message(parentID=["x"]),
    "a time of completion that is nothing": message(time={"created": None, "completed": None}),
    "a text that is a number": part(text=5),
    "a text cut in a character": part(text="half \ud83d"),
    "a text of 3 MB": part(text="x" * 3_000_000),
    "a text with NUL": part(text="a\x00b"),
    "parts that are none": more(None, 5, "x", [], {}, {"type": None}, {"type": ["text"]}),
    "a thousand and more calls": more(*(tool(id=f"prt_{n}", callID=f"call_{n}", state=DONE) for n in range(1500))),
    "calls of one name": more(*(tool(id=f"prt_{n}", state=DONE) for n in range(5))),
    "a call of an odd name": more(tool(callID="\x1b[2J\n", state=DONE)),
    "a call without a state": more(tool(state=None)),
    "a call in an unknown state": more(tool(state={"status": "dreaming"})),
    "a call with numbers beyond 64 bits": more(tool(state={**DONE, "input": {"n": 2**200, "m": -(2**70)}})),
    "a call nested 450 deep": more(tool(state={**DONE, "input": nested(225)})),
    "a call with an input that is a list": more(tool(state={**DONE, "input": [1, 2]})),
    "a call with names of 600 kB": more(tool(state={**DONE, "input": {"k" * 600_000: 1}})),
    "a call with an output of 3 MB": more(tool(state={**DONE, "output": "o" * 3_000_000})),
    "a call with an output that is an object": more(tool(state={**DONE, "output": {}})),
    "a call with halves of characters": more(tool(state={**DONE, "input": {"\ud83d": "\ude00"}, "output": "\udfff"})),
    "a message of another session": message(sessionID="ses_good"),
    "a message of an odd name": message(id="msg_/../x"),
    "a message that is listed twice": lambda made: made.made[BAD].messages.append(made.made[BAD].messages[-1]),
    "messages in no order": lambda made: made.made[BAD].messages.reverse(),
    "an answer to nothing": lambda made: made.made[BAD].messages.pop(0),
}
LEFT_OUT = {
    "a message of another session",
    "a message of an odd name",
    "a message that is listed twice",
    "a thousand and more calls",
}


async def all_events(town: Town) -> list[e.Event]:
    """The codebase's history, page after page: a page ends by its bytes."""
    found, after = list[e.Event](), Sequence(0)
    while page := await town.log.read_stream(A, after, 1000):
        found += map(decode, page)
        after = page[-1].sequence
    return found


async def test_one_bad_history_keeps_no_other_out(town: Town) -> None:
    """Whatever is wrong with a session, it is recorded as far as it can be, the others come in whole, and a second sync adds 0."""
    await town.register(A)
    for name, spoil in SPOILT.items():
        histories = town.histories
        histories.made.clear()
        number = list(SPOILT).index(name)
        for session in (f"ses_before{number}", BAD, f"ses_later{number}"):
            histories.begin(session, HERE)
            histories.prompt(session, "Go")
            histories.answer(session, "Done")
        spoil(histories)
        again = f"{BAD}{number}"
        histories.made[again] = histories.made.pop(BAD)
        histories.made[again].info["id"] = again
        for made in histories.made[again].messages:
            if made["info"]["sessionID"] == BAD:
                made["info"]["sessionID"] = again
        synced = await town.supervisor.sync(A)
        assert (synced.brought, synced.passed_over) == (3, {INCOMPLETE: 1} if name in LEFT_OUT else {}), name
        assert await town.sync(A) == 0, name
    events = await all_events(town)
    said = [event for event in events if isinstance(event, o.SessionImported)]
    assert all((event.ended_at or event.started_at) >= event.started_at for event in said)
    assert all((event.status == "running") == (event.ended_at is None) for event in said)
    whole = Counter(event.session_id for event in events if isinstance(event, o.MessageImported))
    others = {f"sess_{which}{number}" for number in range(len(SPOILT)) for which in ("before", "later")}
    assert {session: whole[SessionId(session)] for session in others} == dict.fromkeys(others, 2)
    assert {event.agent_session_id for event in said if event.left_out} == {
        f"{BAD}{list(SPOILT).index(name)}" for name in LEFT_OUT
    }


@pytest.mark.parametrize("name", ["ses_\n", "ses_/../x", "ses_" + "x" * 9999, "ses_0645a3c1b2d4e5aBqQqbLI59", "ses"])
async def test_names_of_no_form(town: Town, name: str) -> None:
    """A session under a name of no form is passed over at each sync, which counts it; nothing of it is on record."""
    await town.register(A)
    for session in ("ses_1", name, "ses_2"):
        town.histories.begin(session, HERE)
        town.histories.prompt(session, "Go")
    synced = await town.supervisor.sync(A)
    assert (synced.brought, synced.passed_over) == (2, {UNNAMED: 1})
    assert (await town.supervisor.sync(A)).passed_over == {UNNAMED: 1}
    assert synced.in_words == "skipped, or only partly imported: 1 session under names that opencode doesn't give"


async def test_what_can_not_be_read(town: Town) -> None:
    """A session that opencode can't read is passed over; the sync is no failure, for no other one would do better."""
    await town.register(A)
    for session in ("ses_1", "ses_2", "ses_3"):
        town.histories.begin(session, HERE)
        town.histories.prompt(session, "Go")
    town.histories.unreadable = {"ses_2"}
    synced = await town.supervisor.sync(A)
    assert (synced.brought, synced.passed_over) == (2, {UNREADABLE: 1})
