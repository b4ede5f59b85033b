"""Syncs: what others did comes in by small batches, beside everything else that a codebase's actor has to do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, cast

import pytest
from tests.actors.town import Town, outcome, running

from opencode_ledger.actors import importer
from opencode_ledger.actors.twins.scripted_agent import echo
from opencode_ledger.actors.twins.scripted_history import ScriptedHistories, ScriptedHistory
from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.imported import ExternalSession
from opencode_ledger.domain.codebase.imports import worth_reading
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.codebase.state import State
from opencode_ledger.domain.errors import (
    AGENT_UNREACHABLE,
    ActorStopped,
    AgentError,
    AgentUnavailable,
    CodebaseNotFound,
    StoreError,
)
from opencode_ledger.domain.events import imported as o
from opencode_ledger.domain.ids import CodebaseId

A, B = CodebaseId("cb_a"), CodebaseId("cb_b")
HERE = f"/code/{A}"


def work(histories: ScriptedHistories, name: str, questions: int = 1, directory: str = HERE) -> None:
    """A session of a person in a codebase's directory."""
    histories.begin(name, directory)
    for number in range(questions):
        histories.prompt(name, f"question {number}")
        histories.answer(name, f"answer {number}")


class Gate:
    """Holds a history up before it reads a session, until a test opens it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, session: str) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        read = ScriptedHistory.read

        async def held(history: ScriptedHistory, wanted: ExternalSession) -> AsyncIterator[c.ImportSession]:
            if wanted.agent_session_id == session and not self.open.is_set():
                self.reached.set()
                await self.open.wait()
            async for command in read(history, wanted):
                yield command

        monkeypatch.setattr(ScriptedHistory, "read", held)


async def imported(town: Town) -> list[str]:
    """The messages in the log that others made."""
    return [event.message_id for event in await town.events(A) if isinstance(event, o.MessageImported)]


async def test_a_sync_counts_what_it_brings(town: Town) -> None:
    """The first sync counts each session of the directory, the second none; only a changed one counts again."""
    await town.register(A)
    work(town.histories, "ses_1", 4)
    work(town.histories, "ses_2")
    work(town.histories, "ses_else", directory="/code/else")
    town.histories.begin("ses_empty", HERE)
    assert await town.sync(A) == 2
    events = await town.events(A)
    assert await town.sync(A) == 0
    assert await town.events(A) == events
    town.histories.answer("ses_1", "one more thing")
    assert await town.sync(A) == 1
    assert len(await imported(town)) == 4 * 2 + 2 + 1
    await town.assert_truthful()


@pytest.mark.slow
async def test_a_thousand_sessions_come_in_small_batches(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1,000 sessions a page of messages is recorded at once, and commands are served between the pages."""
    await town.register(A)
    for number in range(1000):
        work(town.histories, f"ses_{number}", 1 if number else 10)
    commits: list[int] = []
    town.log.on_commit(lambda events: commits.append(len(events)))
    gate = Gate(monkeypatch, "ses_500")
    syncing = town.ask_sync(A)
    await gate.reached.wait()
    assert await town.do(A, town.trigger()) is Phase.RUNNING
    assert await town.do(A, c.Stop()) is Phase.IDLE
    assert not syncing.done()
    gate.open.set()
    assert await syncing == 1000
    imports = [event for event in await town.events(A) if isinstance(event, o.MessageImported)]
    assert len(imports) == 999 * 2 + 20
    assert max(commits) <= 1 + max(town.histories.page, 8)
    assert await town.sync(A) == 0


async def test_commands_are_served_in_turn_with_an_unheld_sync(town: Town) -> None:
    """A message to a running agent is recorded long before a sync that was already under way is done."""
    for number in range(300):
        work(town.histories, f"ses_{number}")
    await running(town, A)
    syncing = town.ask_sync(A)
    while not await imported(town):
        await asyncio.sleep(0)
    await town.supervisor.ask(A, town.message("more"))
    assert not syncing.done()
    assert await syncing == 300
    names = await town.names(A)
    assert names.index("message_imported") < len(names) - names[::-1].index("message_sent") < len(names) - 300


@pytest.mark.slow
async def test_sessions_without_news_hold_nobody_up(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1,000 sessions of which nothing is new no more than a hundred are looked at before it is others' turn."""
    await town.register(A)
    for number in range(1000):
        work(town.histories, f"ses_{number}")
    assert await town.sync(A) == 1000
    looked, most = 0, 0

    def counted(state: State, session: ExternalSession) -> bool:
        nonlocal looked
        looked += 1
        return worth_reading(state, session)

    monkeypatch.setattr(importer, "worth_reading", counted)
    syncing, before = town.ask_sync(A), 0
    while not syncing.done():
        await asyncio.sleep(0)
        most, before = max(most, looked - before), looked
    assert (await syncing, looked, most) == (0, 1000, importer.AT_ONCE)


async def test_every_caller_gets_what_was_there_then(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers who come during a sync are served by one further sync, which brings what was made meanwhile."""
    await town.register(A)
    work(town.histories, "ses_1")
    gate = Gate(monkeypatch, "ses_1")
    first = town.ask_sync(A)
    await gate.reached.wait()
    work(town.histories, "ses_2")
    others = [town.ask_sync(A) for _ in range(5)]
    await settle()
    gate.open.set()
    assert [await first, *[await other for other in others]] == [1, *[1] * 5]
    assert town.histories.opened == 2
    assert town.histories.open == 0


async def test_a_sync_goes_on_without_its_caller(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that hangs up takes nothing back: the sync brings all."""
    await town.register(A)
    work(town.histories, "ses_1")
    gate = Gate(monkeypatch, "ses_1")
    syncing = town.ask_sync(A)
    await gate.reached.wait()
    syncing.cancel()
    with suppress(asyncio.CancelledError):
        await syncing
    gate.open.set()
    await settle()
    assert len(await imported(town)) == 2
    assert town.histories.open == 0


async def test_no_room_is_needed(town: Town) -> None:
    """A sync needs no room among the running agents, and starts none."""
    town.slots.limit = 1
    await running(town, B)
    await town.register(A)
    work(town.histories, "ses_1")
    assert await town.sync(A) == 1
    assert [agent.codebase for agent in town.agents.alive] == [B]


async def test_a_sync_of_a_codebase_that_is_deleted_meanwhile(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deletion is not held up by a sync; the sync ends with a refusal, and nothing is recorded after the end."""
    await town.register(A)
    work(town.histories, "ses_1")
    gate = Gate(monkeypatch, "ses_1")
    syncing = town.ask_sync(A)
    await gate.reached.wait()
    assert await town.do(A, c.Delete()) is Phase.DELETED
    gate.open.set()
    assert isinstance(await outcome(syncing), CodebaseNotFound)
    assert town.histories.open == 0
    assert await imported(town) == []
    assert isinstance(await outcome(town.sync(A)), CodebaseNotFound)


async def test_the_end_of_the_server_ends_a_sync(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the server waits for no sync: its callers are refused, and nothing of it is left open."""
    await town.register(A)
    work(town.histories, "ses_1")
    gate = Gate(monkeypatch, "ses_1")
    syncing = town.ask_sync(A)
    await gate.reached.wait()
    await town.supervisor.close()
    assert isinstance(await outcome(syncing), ActorStopped)
    assert town.histories.open == 0


async def test_a_crash_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crash in the middle of a sync the next one brings the rest, and nothing twice."""
    town = Town()
    await town.register(A)
    work(town.histories, "ses_1", 5)
    work(town.histories, "ses_2")
    gate = Gate(monkeypatch, "ses_2")
    town.ask_sync(A)
    await gate.reached.wait()
    again = await town.crash()
    await again.start([A])
    gate.open.set()
    assert await again.sync(A) == 1
    assert sorted(await imported(again)) == sorted(set(await imported(again)))
    assert len(await imported(again)) == 12
    assert await again.sync(A) == 0
    await again.supervisor.close()


async def test_a_failing_log(town: Town) -> None:
    """A sync that can't be recorded fails as such, and one after it brings all."""
    await town.register(A)
    work(town.histories, "ses_1", 5)
    town.store.broken = StoreError("disk full")
    assert isinstance(await outcome(town.sync(A)), StoreError)
    assert await town.sync(A) == 1
    assert len(await imported(town)) == 10


async def test_a_session_that_cannot_be_read(town: Town) -> None:
    """One session that can't be read keeps no other away, and the caller learns of it."""
    await town.register(A)
    for number in range(3):
        work(town.histories, f"ses_{number}")
    town.histories.broken.add("ses_1")
    refusal = await outcome(town.sync(A))
    assert isinstance(refusal, AgentUnavailable)
    assert refusal.message == "1 of opencode's sessions could not be read; 2 were synced."
    town.histories.broken.clear()
    assert await town.sync(A) == 1


async def test_no_opencode(town: Town) -> None:
    """Where opencode can't be started the sync says why, and another may do better."""
    await town.register(A)
    work(town.histories, "ses_1")
    town.histories.problem = "opencode is not there."
    refusal = await outcome(town.sync(A))
    assert isinstance(refusal, AgentUnavailable)
    assert refusal.message == "opencode is not there."
    town.histories.problem = None
    assert await town.sync(A) == 1


async def test_a_list_of_sessions_that_cannot_be_read(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where opencode doesn't list its sessions, the refusal has the code that a sync is described with."""

    async def unlisted(_history: ScriptedHistory) -> list[ExternalSession]:
        raise AgentError("opencode did not answer (/session).", code=AGENT_UNREACHABLE)

    await town.register(A)
    monkeypatch.setattr(ScriptedHistory, "sessions", unlisted)
    refusal = await outcome(town.sync(A))
    assert isinstance(refusal, AgentUnavailable)
    assert (refusal.message, refusal.code) == ("opencode did not answer (/session).", "agent_unavailable")


async def test_sessions_of_our_own_agent_are_not_imported() -> None:
    """A session that our agent made is not imported, however it ended."""
    town = Town(play=echo)
    await town.register(A)
    trigger = town.trigger()
    await town.do(A, trigger)
    work(town.histories, f"ses_{trigger.session_id}")
    assert await town.sync(A) == 0
    assert await imported(town) == []
    await town.supervisor.close()


async def test_long_messages_are_masked_beside_the_loop(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is long of a sync is masked and encoded in another thread, a page at a time; what is short, where it stands."""
    await town.register(A)
    work(town.histories, "ses_short", 3)
    town.histories.begin("ses_long", HERE)
    for _ in range(4):
        town.histories.prompt("ses_long", "x" * 20_000)
        town.histories.answer("ses_long", "y" * 20_000)
    pieces: list[int] = []
    honest = asyncio.to_thread

    async def counted(work: Callable[..., Any], *given: Any, **more: Any) -> Any:
        if given and isinstance(given[0], tuple | list):
            pieces.append(len(cast("tuple[object, ...]", given[0])))
        return await honest(work, *given, **more)

    monkeypatch.setattr(asyncio, "to_thread", counted)
    assert await town.sync(A) == 2
    assert len(pieces) == 3
    assert sum(pieces) == 3 + 8  # each page's session event, and all messages
