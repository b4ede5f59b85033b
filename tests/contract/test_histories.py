"""What every `Histories` promises: shown for the twin in memory and for the real opencode."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from tests.opencode.live import make_repository, opencode_binary

from opencode_ledger.actors.opencode import OpencodeSettings, sweep_all
from opencode_ledger.actors.opencode.others import history as adapter
from opencode_ledger.actors.opencode.others import session_list
from opencode_ledger.actors.opencode.processes.survivors import family
from opencode_ledger.actors.opencode.server import OpencodeServer
from opencode_ledger.actors.twins.scripted_history import ScriptedHistories
from opencode_ledger.domain.codebase.imported import ExternalSession
from opencode_ledger.domain.errors import AgentUnavailable
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.domain.ports import Histories, History
from opencode_ledger.domain.untrusted_json import fields, text

CODEBASE = CodebaseId("cb_test")
PAGE = 2


class Person(Protocol):
    """Somebody who works beside the service. `here` and `elsewhere` are directories."""

    here: str
    elsewhere: str

    @property
    def histories(self) -> Histories: ...

    async def begin(self, directory: str, title: str) -> str: ...
    async def say(self, session: str, words: str) -> None: ...
    async def delete(self, session: str) -> None: ...
    async def left_open(self) -> int: ...
    def without_opencode(self) -> Histories: ...


class Scripted:
    """A person in memory."""

    def __init__(self) -> None:
        self.histories = ScriptedHistories(PAGE)
        self.here, self.elsewhere = "/code/here", "/code/here/below"

    async def begin(self, directory: str, title: str) -> str:
        name = f"ses_{len(self.histories.made)}"
        self.histories.begin(name, directory, title=title)
        return name

    async def say(self, session: str, words: str) -> None:
        self.histories.prompt(session, words)

    async def delete(self, session: str) -> None:
        del self.histories.made[session]

    async def left_open(self) -> int:
        return self.histories.open

    def without_opencode(self) -> Histories:
        histories = ScriptedHistories()
        histories.problem = "opencode is not there."
        return histories


class Real:
    """A person with an opencode of their own, on the same home."""

    def __init__(self, settings: OpencodeSettings, server: OpencodeServer, here: Path, elsewhere: Path) -> None:
        self.histories: Histories = adapter.OpencodeHistories(settings)
        self.here, self.elsewhere = str(here), str(elsewhere)
        self._settings, self._server = settings, server

    async def begin(self, directory: str, title: str) -> str:
        return text(fields(await self._post(f"/session?directory={directory}", {"title": title})).get("id"))

    async def say(self, session: str, words: str) -> None:
        said = {"noReply": True, "parts": [{"type": "text", "text": words}]}
        await self._post(f"/session/{session}/message", said)

    async def delete(self, session: str) -> None:
        await self._server.client.delete_session(session)

    async def left_open(self) -> int:
        return len(await family(self._settings.instance, f"{CODEBASE}/history"))

    def without_opencode(self) -> Histories:
        return adapter.OpencodeHistories(replace(self._settings, binary=Path("/nowhere/opencode")))

    async def _post(self, path: str, body: Mapping[str, object]) -> object:
        return await self._server.client._ask("POST", path, body)  # pyright: ignore[reportPrivateUsage]


@pytest.fixture(params=["twin", "opencode"])
async def person(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Person]:
    """Somebody at work, in memory and with the real opencode; pages are small."""
    if request.param == "twin":
        yield Scripted()
        return
    binary = opencode_binary()
    if binary is None:
        pytest.skip("opencode is not installed here")
    monkeypatch.setattr(adapter, "MESSAGES", PAGE)
    monkeypatch.setattr(session_list, "SESSIONS", PAGE)
    here = await asyncio.to_thread(make_repository, tmp_path / "here")
    (here / "below").mkdir()
    settings = OpencodeSettings(instance=secrets.token_hex(8), binary=binary, home=tmp_path / "home")
    server = await OpencodeServer.start(settings, "person", str(here), trusted=False)
    try:
        yield Real(settings, server, here, here / "below")
    finally:
        await server.close(2.0)
        await sweep_all(settings.instance)


async def words(history: History, session: ExternalSession) -> list[str]:
    """What was said in a session, page after page; only the last page is called so."""
    pages = [command async for command in history.read(session)]
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True] * bool(pages)
    assert all(len(page.messages) <= PAGE for page in pages)
    assert {page.prompt for page in pages} <= {"word 0", ""}
    return [message.content for page in pages for message in page.messages]


async def test_the_sessions_of_one_directory(person: Person) -> None:
    """The sessions of exactly this directory are listed, however many there are, those first that began first."""
    made = [await person.begin(person.elsewhere if number == 3 else person.here, f"{number}") for number in range(7)]
    async with person.histories(CODEBASE, person.here) as history:
        listed = await history.sessions()
    assert [session.title for session in listed] == ["0", "1", "2", "4", "5", "6"]
    assert [session.agent_session_id for session in listed] == made[:3] + made[4:]
    assert [session.started_at for session in listed] == sorted(session.started_at for session in listed)


async def test_messages_come_in_order_and_by_pages(person: Person) -> None:
    """All messages come once and in their order, a page at a time, and a session without any has one empty page at most."""
    counts = [0, 1, 2, 3, 6, 7]
    for count in counts:
        session = await person.begin(person.here, f"{count}")
        for number in range(count):
            await person.say(session, f"word {number}")
    async with person.histories(CODEBASE, person.here) as history:
        listed = await history.sessions()
        assert [one.title for one in listed] == [f"{count}" for count in counts]
        for one, count in zip(listed, counts, strict=True):
            assert await words(history, one) == [f"word {number}" for number in range(count)]
    assert await person.left_open() == 0


async def test_a_change_is_seen(person: Person) -> None:
    """The description of a session changes with what is said in it, and only then."""
    session = await person.begin(person.here, "talk")
    await person.say(session, "word 0")
    async with person.histories(CODEBASE, person.here) as history:
        (before,), (again,) = await history.sessions(), await history.sessions()
        assert before == again
        await person.say(session, "word 1")
        (after,) = await history.sessions()
        assert after.revision != before.revision


async def test_a_session_that_goes_meanwhile(person: Person) -> None:
    """A session that is deleted after it was listed has no messages, and that is no error."""
    session = await person.begin(person.here, "talk")
    await person.say(session, "word 0")
    async with person.histories(CODEBASE, person.here) as history:
        (listed,) = await history.sessions()
        await person.delete(session)
        assert await words(history, listed) == []
        assert await history.sessions() == []


async def test_no_opencode(person: Person) -> None:
    """Where opencode isn't there it says so, and nothing is left."""
    with pytest.raises(AgentUnavailable):
        async with person.without_opencode()(CODEBASE, person.here):
            pass
    assert await person.left_open() == 0
