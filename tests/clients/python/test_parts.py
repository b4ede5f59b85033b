"""The parts of the Python client: addresses, tokens, cursors, errors by code, and what waits when it is closed."""

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from opencode_ledger.client import (
    BadCursor,
    BadSetting,
    CursorFile,
    InConflict,
    InvalidRequest,
    Ledger,
    LedgerApiError,
    LedgerClosed,
    NotAllowed,
    NotAvailable,
    NotFound,
    NotSignedIn,
    TooManyRequests,
    sync,
)
from opencode_ledger.client.errors import api_error

from ..rules.scripted import Reply, Stream, scripted
from ..rules.test_streams import BEAT, ONE, TWO, frame

STREAM = "/v1/opencode/codebases/x/events"


@pytest.mark.parametrize(
    "url",
    ["", "  ", "localhost:8000", "ftp://host", "http://", "http:///path", "http://host:0", "http://host:x",
     "http://host:99999", "http://me:secret@host", "http://host?x=1", "http://host#x", "http://ho st", "http://höst"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    """A wrong address is an error with a sentence, not a request to somewhere."""
    if not url:
        assert Ledger(url).url == "http://127.0.0.1:8000"
        return
    with pytest.raises(BadSetting):
        Ledger(url)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "tökén", "nul\0"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    """It could add a header of its own, and is in no message."""
    with pytest.raises(BadSetting) as refused:
        Ledger(token=token)
    assert token not in str(refused.value)


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_change_the_path_is_refused(name: str) -> None:
    """A name is one segment of the path, whatever is in it."""
    with pytest.raises(ValueError, match="name"):
        Ledger().codebase(name)


async def test_the_environment_names_service_and_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments the variables count, and an argument wins. A path prefix of the address is kept."""
    async with scripted(Reply(), Reply(), Reply()) as server:
        monkeypatch.setenv("LEDGER_URL", f"{server.url}/some/prefix/")
        monkeypatch.setenv("LEDGER_TOKEN", " from-the-environment\n")
        async with Ledger() as ledger, Ledger(token="given") as other:
            await ledger.status()
            await other.status()
        with sync.Ledger(server.url) as blocking:
            await asyncio.to_thread(blocking.status)
    first, second, third = server.asked
    assert (first.path, third.path) == ("/some/prefix/v1/opencode/status", "/v1/opencode/status")
    tokens = [asked.headers["authorization"] for asked in (first, second, third)]
    assert tokens == ["Bearer from-the-environment", "Bearer given", "Bearer from-the-environment"]
    assert "from-the-environment" not in repr(vars(ledger))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, InvalidRequest), (413, InvalidRequest), (401, NotSignedIn), (403, NotAllowed), (404, NotFound),
     (409, InConflict), (429, TooManyRequests), (503, NotAvailable), (502, NotAvailable), (500, LedgerApiError)],
)  # fmt: skip
def test_an_error_is_known_by_class_and_code(status: int, kind: type[LedgerApiError]) -> None:
    """Code for programs, a sentence for people, and the class for a whole group."""
    error = api_error(status, b'{"code": "some_code", "detail": "A sentence."}', {"retry-after": "7"})
    assert type(error) is kind
    assert (error.status, error.code, error.detail, error.retry_after) == (status, "some_code", "A sentence.", 7.0)
    assert str(error) == "A sentence. (some_code)"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code": 1, "detail": "x"}', b'{"code": "x"}', b"\xff"])
def test_an_answer_of_another_program_is_an_error_too(body: bytes) -> None:
    """A proxy's page has no code of ours; the error says so."""
    error = api_error(502, body, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"})
    assert (error.code, error.retry_after) == ("not_of_the_service", None)


def test_a_cursor_is_kept_and_found(tmp_path: Path) -> None:
    """A file that isn't there is no cursor; then it has the last one, and nothing else is left beside it."""
    cursor = CursorFile(tmp_path / "cursor")
    assert cursor.load(STREAM) is None
    cursor.save(STREAM, 7)
    cursor.save(STREAM, 8)
    assert CursorFile(str(tmp_path / "cursor")).load(STREAM) == 8
    assert [file.name for file in tmp_path.iterdir()] == ["cursor"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "7", "[]", "{}", '{"after": "7"}', '{"after": -1}', '{"after": true}', '{"after": 1.5}',
     '{"after": 9223372036854775808}', '{"after": 7}', '{"after": 7, "stream": "/v1/opencode/events"}'],
)  # fmt: skip
def test_a_file_that_is_no_cursor_of_this_stream_is_refused(tmp_path: Path, content: str) -> None:
    """It is never guessed where a reader was, and a cursor of another stream would skip events of this one."""
    (tmp_path / "cursor").write_text(content)
    with pytest.raises(BadCursor):
        CursorFile(tmp_path / "cursor").load(STREAM)


async def test_a_cursor_is_moved_when_the_caller_has_taken_the_event(tmp_path: Path) -> None:
    """A reader that fails over an event gets it again; one that ends its block has done with it."""
    file = tmp_path / "cursor"

    def kept() -> Any:
        return json.loads(file.read_text())["after"] if file.exists() else None

    async with scripted(Stream((ONE, TWO, frame(3))), Stream((TWO, frame(3)))) as server, Ledger(server.url) as ledger:
        with pytest.raises(ZeroDivisionError):
            async with ledger.codebase("x").events(CursorFile(file)) as events:
                async for event in events:
                    assert kept() == (None if event.id == 1 else event.id - 1)
                    assert event.id != 2 or 1 / 0
        assert kept() == 1
        async with ledger.codebase("x").events(CursorFile(file)) as events:
            async for event in events:
                assert (event.id, kept()) == (2, 1)
                break
        assert kept() == 2
    assert [asked.headers.get("last-event-id") for asked in server.asked] == [None, "1"]


async def test_a_wait_that_is_given_up_loses_nothing() -> None:
    """The next event may be waited for with a time limit, again and again."""
    async with (
        scripted(Stream((*(BEAT,) * 4, ONE, *(BEAT,) * 4, TWO), tick=0.02)) as server,
        Ledger(server.url) as ledger,
    ):
        seen: list[int] = []
        limits = 0
        events = ledger.codebase("x").events(0)
        while len(seen) < 2:
            try:
                async with asyncio.timeout(0.01):
                    seen.append((await anext(events)).id)
            except TimeoutError:
                limits += 1
        await events.aclose()
        assert (seen, len(server.asked)) == ([1, 2], 1)
        assert limits > 2


async def test_closing_ends_what_waits_in_other_threads() -> None:
    """A thread that waits for an event, or before it tries again, is not left behind."""
    async with scripted(Stream((ONE,), "silent"), Stream((), "silent")) as server:
        ledger = sync.Ledger(server.url).__enter__()
        arrived, ends = threading.Event(), list[type[BaseException]]()

        def read() -> None:
            try:
                for _ in ledger.codebase("x").events(0):
                    arrived.set()
            except LedgerClosed as end:
                ends.append(type(end))

        thread = asyncio.create_task(asyncio.to_thread(read))
        await asyncio.to_thread(arrived.wait, 20)
        await asyncio.to_thread(ledger.close)
        async with asyncio.timeout(20):
            await thread
        assert ends == [LedgerClosed]
        with pytest.raises(LedgerClosed):
            ledger.status()


def test_importing_the_client_is_light() -> None:
    """It takes no module of the server, and no loop, aiohttp or pydantic before there is need of them."""
    code = "import sys, opencode_ledger.client.sync; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"aiohttp", "asyncio", "pydantic", "orjson", "rich", "cyclopts", "dataclasses"}
    ours = {name for name in loaded if name.startswith("opencode_ledger.")}
    assert all(name.startswith("opencode_ledger.client") for name in ours)
    assert "opencode_ledger.client.described" not in ours
