"""Several things that one step of the real opencode asks at once, answered close together: the record is what happened.

opencode settles by one answer what else the session asks. Whatever the replies, their order and the time between them:
an answer is accepted only if the agent took it, the log says what was settled and by whom, and the disk agrees.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from scripts.demo_session.client import Frame
from scripts.scripted_model import Call, Say, when
from tests.support.waiting import LIMIT

from .service import Answer, Codebase, Service, frame_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS: Final = "Use another file."
LEAVE: Final[Mapping[str, Mapping[str, object]]] = {
    "once": {"reply": "once"},
    "always": {"reply": "always"},
    "reject": {"reply": "reject"},
    "words": {"reply": "reject", "message": WORDS},
}
QUESTION: Final[Mapping[str, Mapping[str, object]]] = {
    "once": {"reply": "once", "answers": [["blue"]]},
    "reject": {"reply": "reject"},
    "words": {"reply": "reject", "message": WORDS},
}
DELAYS: Final = (0.0, 0.005, 0.02, 0.1)
NUMBERS: Final = count(1)


@dataclass(frozen=True)
class Case:
    """What is asked (`leave` for one kind of command, `other` for another, `question`), and what is answered in which order."""

    asks: tuple[str, ...]
    replies: tuple[str, ...]
    order: tuple[int, ...]
    delay: float

    def body(self, number: int) -> Mapping[str, object]:
        """The answer to one of them."""
        return (QUESTION if self.asks[number] == "question" else LEAVE)[self.replies[number]]


@dataclass
class Outcome:
    """What became of it: the answers to the answers, the events, and the directory."""

    directory: Path
    name: str
    asked: list[str]
    answers: dict[int, Answer] = field(default_factory=dict[int, Answer])
    frames: list[Frame] = field(default_factory=list[Frame])

    def settled(self, number: int) -> dict[str, Any]:
        """The one event that settles it."""
        (one,) = [
            dict(frame.data)
            for frame in self.frames
            if frame_of("permission", action="replied", permission_id=self.asked[number])(frame)
        ]
        return one

    def ran(self, number: int) -> bool:
        """Whether the command was carried out."""
        return (self.directory / f"{self.name}-{number}").exists()


def calls_of(case: Case, name: str, directory: Path) -> tuple[Call, ...]:
    """The calls of one step that ask this; a name of its own for each case, for an `always` lasts."""
    calls: list[Call] = []
    for number, kind in enumerate(case.asks):
        if kind == "question":
            options = [{"label": label, "description": label} for label in ("red", "blue")]
            calls.append(Call("question", questions=[{"question": f"{number}?", "header": "Q", "options": options}]))
            continue
        script = directory / (f"ask{name}" if kind == "leave" else f"ask{name}x{number}")
        script.write_text('#!/bin/sh\ntouch "$1"\n')
        script.chmod(0o755)
        command = f"./{script.name} {name}-{number}"
        calls.append(Call("bash", command=command, description=command))
    return tuple(calls)


async def play(codebase: Codebase, case: Case) -> Outcome:
    """Have it asked, answer it, and wait for the end."""
    name = f"n{next(NUMBERS)}"
    calls = calls_of(case, name, codebase.directory)
    codebase.service.model.rules = [when(f"Case {name}", [calls, Say("Done.")])]
    session = await codebase.trigger(f"Case {name}.")
    outcome = Outcome(codebase.directory, name, [""] * len(calls))
    answering: list[asyncio.Task[None]] = []

    async def answer(number: int, delay: float) -> None:
        await asyncio.sleep(delay)
        address = f"{codebase.path}/permissions/{outcome.asked[number]}"
        outcome.answers[number] = await codebase.service.ask("POST", address, case.body(number))

    async with asyncio.timeout(LIMIT):
        async for frame in codebase.events(query=f"?session_id={session}"):
            outcome.frames.append(frame)
            if frame_of("permission", action="asked")(frame):
                outcome.asked[number_of(frame.data)] = frame.text("permission_id")
                if all(outcome.asked):
                    turns = enumerate(case.order)
                    answering = [asyncio.create_task(answer(number, case.delay * turn)) for turn, number in turns]
        await asyncio.gather(*answering)
    return outcome


def number_of(asked: Mapping[str, Any]) -> int:
    """Which of a case's calls this is."""
    if asked["kind"] == "question":
        return int(asked["args"]["questions"][0]["question"].rstrip("?"))
    return int(str(asked["args"]["command"]).rpartition("-")[2])


def check(case: Case, outcome: Outcome) -> None:
    """The answers, the log and the disk say the same."""
    for number, kind in enumerate(case.asks):
        settled, answer, body = outcome.settled(number), outcome.answers[number], case.body(number)
        shown = (case, number, answer, settled)
        if answer.status == 200:
            assert (settled["decided_by"], settled["reply"]) == ("user", body["reply"]), shown
            assert (settled.get("message"), settled.get("answers")) == (body.get("message"), body.get("answers")), shown
        else:
            assert (answer.status, answer.text("code")) == (409, "permission_already_answered"), shown
            assert settled["decided_by"] == "agent", shown
            assert settled.get("message") is None, shown
            assert settled["reply"] in answer.text("detail") or "on its way" in answer.text("detail"), shown
        if kind != "question":
            assert outcome.ran(number) == (settled["reply"] != "reject"), shown


CASES: Final = [
    Case(("leave", "leave"), replies, order, delay)
    for replies, order, delay in product(product(LEAVE, repeat=2), ((0, 1), (1, 0)), DELAYS)
]
OTHERS: Final = [
    *(Case(("leave", "other"), replies, (0, 1), 0.005) for replies in product(LEAVE, repeat=2)),
    *(Case(("question", "question"), replies, (0, 1), 0.005) for replies in product(QUESTION, repeat=2)),
    *(Case(("leave", "question"), replies, (0, 1), 0.005) for replies in product(LEAVE, QUESTION)),
    *(Case(("leave", "question"), replies, (1, 0), 0.005) for replies in product(LEAVE, QUESTION)),
    *(
        Case(asks, ("always", "reject", "once"), order, delay)
        for asks in (("leave", "leave", "leave"), ("leave", "leave", "other"))
        for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0))
        for delay in (0.0, 0.02)
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def codebase(running: Service) -> Codebase:
    """One agent for all of them."""
    return await running.register()


async def test_pairs_of_answers(codebase: Codebase) -> None:
    """An `always` and a refusal within 5 ms, a refusal and a yes, and some of all others in turn."""
    first = [Case(("leave", "leave"), replies, (0, 1), 0.005) for replies in (("always", "reject"), ("reject", "once"))]
    for case in [*first, *CASES[::11], *OTHERS[::11]]:
        check(case, await play(codebase, case))


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_every_pair_of_answers(codebase: Codebase) -> None:
    """Every pair of replies, order and delay, and with questions and a third one."""
    for case in [*CASES, *OTHERS]:
        check(case, await play(codebase, case))
