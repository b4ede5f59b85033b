"""Logins of the page: a cookie that no script can read, and that is not enough for a command."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from tests.support.proxies import published
from tests.support.service import API, LIMIT, Answer, Running, running
from tests.support.wire import exchange

from opencode_ledger.actors.clock import SystemClock
from opencode_ledger.http.access.tokens import Tokens
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web.logins.kept import LIFETIME, MOST, Logins

TOKEN = "the-token-of-a-person"


@pytest.fixture
async def api(settings: Settings, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings, tmp_path / "home", token=Tokens.of(TOKEN)) as service:
        yield service


async def signed_in(api: Running, origin: str | None = None, token: str = TOKEN) -> tuple[Morsel[str], dict[str, str]]:
    """The cookie of a new login, and the headers that the page sends with a command."""
    own = origin or f"http://127.0.0.1:{api.port}"
    answer = await api.ask("POST", "/login", {"token": token}, headers={"Origin": own})
    assert answer.status == 200, answer
    assert token not in str(answer)
    [cookie] = SimpleCookie(answer.headers["Set-Cookie"]).values()
    held = {"Cookie": f"{cookie.key}={cookie.value}", "Origin": own, "X-Ledger-Page": answer.body["page_key"]}
    api.client.cookie_jar.clear()  # the tests send it themselves
    return cookie, held


def only(headers: dict[str, str], *names: str) -> dict[str, str]:
    return {name: headers[name] for name in names}


async def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.body["code"], set(answer.body)) == (status, code, {"detail", "code"}), answer


async def test_the_cookie(api: Running) -> None:
    """Scripts can't read it, other sites can't cause it to be sent, and it isn't the token."""
    cookie, _ = await signed_in(api)
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Strict", "/", "")
    assert int(cookie["max-age"]) == LIFETIME.total_seconds()
    assert cookie["domain"] == ""
    assert TOKEN not in cookie.value
    kept = api.service.settings.data / "logins.json"
    text = await asyncio.to_thread(kept.read_text)
    assert TOKEN not in text
    assert cookie.value not in text
    assert kept.stat().st_mode & 0o777 == 0o600


async def test_the_cookie_reads_and_the_page_commands(api: Running) -> None:
    """The cookie alone is good for reading; a command needs the page's own Origin and its key too."""
    _, page = await signed_in(api)
    assert await api.get("/codebases", headers=only(page, "Cookie")) == []
    body = {"name": "shop", "path": str(api.directory("shop"))}
    other = (await signed_in(api))[1]["X-Ledger-Page"]
    for sent in (
        only(page, "Cookie"),
        only(page, "Cookie", "Origin"),
        only(page, "Cookie", "X-Ledger-Page"),
        {**page, "X-Ledger-Page": ""},
        {**page, "X-Ledger-Page": "ä"},
        {**page, "X-Ledger-Page": other},
    ):
        await refused(await api.ask("POST", "/codebases", body, headers=dict(sent)), 403, "not_from_the_page")
    for origin in ("https://example.com", "null", f"http://localhost:{api.port}"):
        answer = await api.ask("POST", "/codebases", body, headers={**page, "Origin": origin})
        await refused(answer, 403, "foreign_origin")
    await refused(
        await api.ask("POST", "/codebases", body, headers=only(page, "Origin", "X-Ledger-Page")), 401, "unauthorized"
    )
    assert api.service.store.head == 0
    answer = await api.ask("POST", "/codebases", body, headers=dict(page))
    assert answer.status == 200
    path = f"/codebases/{answer.body['codebase']['id']}"
    changes: tuple[tuple[str, object], ...] = (("PATCH", {"name": "shop 2"}), ("DELETE", None))
    for method, change in changes:
        await refused(
            await api.ask(method, path, change, headers=only(page, "Cookie", "Origin")), 403, "not_from_the_page"
        )
        assert (await api.ask(method, path, change, headers=dict(page))).status == 200


PAGE_KEYS = (b"\xff", b"\xe4", b"\xed\xa0\x80", b"\xc0\xaf", b"\xff" * 64, "ä".encode())
"""Bytes in the page's header that aren't its key; most aren't even text."""


async def test_bytes_that_are_no_page_key(api: Running, subtests: pytest.Subtests) -> None:
    """They are refused as every other wrong key is, at a command as well as at the end of the login."""
    _, page = await signed_in(api)
    same = f"Host: 127.0.0.1:{api.port}\r\nCookie: {page['Cookie']}\r\nOrigin: {page['Origin']}\r\n"
    for key in PAGE_KEYS:
        for path in ("/codebases", "/logout"):
            with subtests.test(f"{path} {key!r}"):
                head = f"POST {API}{path} HTTP/1.1\r\n{same}Content-Length: 0\r\nX-Ledger-Page: ".encode()
                answer = await exchange(api.port, head + key + b"\r\n\r\n")
                assert (answer.status, answer.body["code"]) == (403, "not_from_the_page")
    assert await api.get("/codebases", headers=only(page, "Cookie")) == []


async def test_a_token_goes_before_a_cookie(api: Running) -> None:
    """With a header of its own the cookie doesn't count; so a program in a browser's place needs no page key."""
    _, page = await signed_in(api)
    right = {**only(page, "Cookie"), "Authorization": f"Bearer {TOKEN}"}
    body = {"name": "shop", "path": str(api.directory("shop"))}
    assert (await api.ask("POST", "/codebases", body, headers=right)).status == 200
    wrong = {**page, "Authorization": "Bearer another-token-of-nobody"}
    await refused(await api.ask("GET", "/codebases", headers=wrong), 401, "unauthorized")


async def test_signing_out(api: Running) -> None:
    """The login ends at once, for every copy of the cookie; another page can't end it, and without one nothing happens."""
    _, page = await signed_in(api)
    await refused(
        await api.ask("POST", "/logout", {}, headers=only(page, "Cookie", "Origin")), 403, "not_from_the_page"
    )
    assert await api.get("/codebases", headers=only(page, "Cookie")) == []
    answer = await api.ask("POST", "/logout", {}, headers=dict(page))
    assert answer.status == 200
    [cookie] = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (cookie.value, cookie["max-age"]) == ("", "0")
    await refused(await api.ask("GET", "/codebases", headers=only(page, "Cookie")), 401, "unauthorized")
    assert (await api.ask("POST", "/logout", {}, headers=dict(page))).status == 200
    assert (await api.ask("POST", "/logout")).status == 200


async def test_signing_in_again_ends_the_login_before(api: Running) -> None:
    """A browser has one login, so a cookie that it doesn't hold any more isn't valid."""
    _, page = await signed_in(api)
    answer = await api.ask("POST", "/login", {"token": TOKEN}, headers=only(page, "Cookie", "Origin"))
    assert answer.status == 200
    await refused(await api.ask("GET", "/codebases", headers=only(page, "Cookie")), 401, "unauthorized")


BODIES: dict[str, tuple[Any, int, str]] = {
    "a wrong token": ({"token": "another-token-of-nobody"}, 401, "unauthorized"),
    "an empty token": ({"token": ""}, 400, "invalid_input"),
    "no token": ({}, 400, "invalid_input"),
    "a number": ({"token": 1}, 400, "invalid_input"),
    "more": ({"token": TOKEN, "scope": "audit"}, 400, "invalid_input"),
    "a list": ([TOKEN], 400, "invalid_input"),
    "a token that is too long": ({"token": "x" * 8001}, 400, "invalid_input"),
}


async def test_what_signs_nobody_in(api: Running) -> None:
    """A wrong token and a malformed body are refused, without a cookie and without a trace in the log."""
    for body, status, code in BODIES.values():
        answer = await api.ask("POST", "/login", body)
        await refused(answer, status, code)
        assert "Set-Cookie" not in answer.headers
        assert TOKEN not in str(answer.body)
    answer = await api.ask("POST", "/login", {"token": TOKEN}, headers={"Origin": "https://example.com"})
    await refused(answer, 403, "foreign_origin")
    assert api.service.store.head == 0


async def test_no_answer_to_a_login_is_recorded(api: Running) -> None:
    """An `Idempotency-Key` would keep the response in the log, so signing in ignores it: each time there is a new login."""
    own = {"Idempotency-Key": "same", "Origin": f"http://127.0.0.1:{api.port}"}
    first, second = [await api.ask("POST", "/login", {"token": TOKEN}, headers=dict(own)) for _ in range(2)]
    assert first.body["page_key"] != second.body["page_key"]
    assert api.service.store.head == 0


COOKIES = (
    "{name}=",
    "{name}=x",
    "{name}={other}",
    "x{name}={value}",
    "{name}={value}x",
    '{name}="{value}"',
    ";;;",
    "\x80=",
)


async def test_odd_cookies(api: Running) -> None:
    """A cookie that isn't a valid login is no credential; among several of the name, a valid one counts."""
    cookie, _ = await signed_in(api)
    names = {"name": cookie.key, "value": cookie.value, "other": "A" * 43}
    for odd in COOKIES:
        answer = await api.ask("GET", "/codebases", headers={"Cookie": odd.format(**names)})
        await refused(answer, 401, "unauthorized")
    for valid in (
        "a=b; {name}={value}; c=d",
        "{name}={other}; {name}={value}",
        ";{name}={value} ;",
        "{name}={value};{name}=",
    ):
        assert await api.get("/codebases", headers={"Cookie": valid.format(**names)}) == []


async def test_scopes_of_a_login(settings: Settings, tmp_path: Path) -> None:
    """A login may do what its token may."""
    async with running(settings, tmp_path / "home", token=Tokens.of(TOKEN, "read")) as api:
        _, page = await signed_in(api)
        assert await api.get("/codebases", headers=dict(page)) == []
        await refused(await api.ask("GET", "/log/key", headers=dict(page)), 403, "scope_missing")
        body = {"name": "shop", "path": str(api.directory("shop"))}
        await refused(await api.ask("POST", "/codebases", body, headers=dict(page)), 403, "scope_missing")


async def test_restarts(settings: Settings, tmp_path: Path) -> None:
    """A restart signs nobody out, unless their token is no longer valid; it begins with a damaged file too."""
    async with running(settings, tmp_path / "home", token=Tokens.of(TOKEN)) as api:
        _, page = await signed_in(api)
    cookie = only(page, "Cookie")
    async with running(settings, tmp_path / "home", token=Tokens.of(TOKEN)) as api:
        assert await api.get("/codebases", headers=cookie) == []
    async with running(settings, tmp_path / "home", token=Tokens.of("another-token-of-the-file")) as api:
        await refused(await api.ask("GET", "/codebases", headers=cookie), 401, "unauthorized")
    await asyncio.to_thread((settings.data / "logins.json").write_text, '{"x": 1}')
    async with running(settings, tmp_path / "home", token=Tokens.of(TOKEN)) as api:
        await refused(await api.ask("GET", "/codebases", headers=cookie), 401, "unauthorized")


async def test_a_revoked_token_ends_its_logins(tmp_path: Path) -> None:
    """Once the line is gone from the file, the login's requests are refused and its open streams end."""
    settings = published(tmp_path, "https://agents.example.com", TOKEN)
    async with running(settings, tmp_path / "home") as api:
        _, page = await signed_in(api)
        cookie = only(page, "Cookie")
        async with asyncio.timeout(20), api.client.get(f"{API}/events", headers=dict(cookie)) as stream:
            assert stream.status == 200
            await asyncio.to_thread((tmp_path / "token").write_text, "another-token-of-the-file")
            assert b"no longer valid" in await stream.read()
        await refused(await api.ask("GET", "/codebases", headers=cookie), 401, "unauthorized")


def seven_days_later(_clock: SystemClock) -> datetime:
    return datetime.now(UTC) + LIFETIME


@pytest.mark.parametrize("end", ["signing out", "seven days", "too many logins"])
async def test_a_stream_ends_with_its_login(api: Running, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """However the login ends, within a second or so, with a comment; a stream of another login goes on."""
    _, page = await signed_in(api)
    async with (
        asyncio.timeout(LIMIT),
        api.client.get(f"{API}/events", headers=only(page, "Cookie")) as stream,
        api.client.get(f"{API}/events", headers={"Authorization": f"Bearer {TOKEN}"}) as other,
    ):
        assert (stream.status, other.status) == (200, 200)
        if end == "signing out":
            assert (await api.ask("POST", "/logout", {}, headers=dict(page))).status == 200
        elif end == "seven days":
            monkeypatch.setattr(SystemClock, "now", seven_days_later)
        else:
            for _ in range(MOST):
                await signed_in(api)
        assert (await stream.content.read()).endswith(b": this login has ended\n")
        body, token = {"name": "shop", "path": str(api.directory("shop"))}, {"Authorization": f"Bearer {TOKEN}"}
        assert (await api.ask("POST", "/codebases", body, headers=token)).status == 200
        assert await other.content.readuntil(b"event: codebase")
    await refused(await api.ask("GET", "/codebases", headers=only(page, "Cookie")), 401, "unauthorized")


async def test_without_tokens_there_is_nothing_to_sign_in_to(settings: Settings, tmp_path: Path) -> None:
    """The page never asks then; a program that signs in all the same learns why it can't."""
    async with running(settings, tmp_path / "home") as api:
        await refused(await api.ask("POST", "/login", {"token": TOKEN}), 409, "nothing_to_sign_in")


class Later(SystemClock):
    """A clock that a test sets forward."""

    ahead = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + self.ahead


async def test_logins_end(tmp_path: Path) -> None:
    """A login ends after seven days, and the oldest where a token has too many; what has ended isn't kept."""
    clock = Later()
    logins = Logins(tmp_path / "logins.json", clock)
    first = await logins.begin(b"a")
    clock.ahead = LIFETIME - timedelta(seconds=1)
    assert logins.token_of(first.login_id) == b"a"
    clock.ahead = LIFETIME
    assert logins.token_of(first.login_id) is None
    another = await logins.begin(b"c")
    begun = [await logins.begin(b"b") for _ in range(MOST + 1)]
    assert logins.token_of(another.login_id) == b"c", "no token ends another one's logins"
    assert logins.token_of(begun[0].login_id) is None
    assert all(logins.token_of(one.login_id) for one in begun[1:])
    assert len((await asyncio.to_thread((tmp_path / "logins.json").read_bytes)).split(b'"until"')) == MOST + 2


async def test_a_full_disk_signs_in_all_the_same(tmp_path: Path, quiet: None) -> None:
    """If the file can't be written, a login is valid until the next restart."""
    logins = Logins(tmp_path / "missing" / "logins.json", SystemClock())
    begun = await logins.begin(b"a")
    assert logins.token_of(begun.login_id) == b"a"


def test_every_service_has_a_cookie_of_its_own(tmp_path: Path) -> None:
    """Browsers don't distinguish ports, so the names differ by data directory."""
    from opencode_ledger.http.web.logins.cookie import LoginCookie

    names = {
        LoginCookie(Settings(data=tmp_path / name), Logins(tmp_path / "x", SystemClock())).plain for name in ("a", "b")
    }
    assert len(names) == 2
    assert API not in names
