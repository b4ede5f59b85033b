"""The tokens: their file, their scopes, and the errors for clients without a valid one."""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.service import API, Answer, Running, running
from yarl import URL

from opencode_ledger.domain.events import SERVICE
from opencode_ledger.domain.ids import Position
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http.access.token_file import MAX_TOKEN, BadTokenFile, read_tokens
from opencode_ledger.http.access.tokens import SCOPES, Scope, Tokens
from opencode_ledger.http.routes import ROUTES
from opencode_ledger.http.settings import Settings

TOKEN = "0123456789abcdef-äöü"
READ, OPERATE, AUDIT = (f"a-token-to-{scope}-with" for scope in SCOPES)
FILE = f"""# who may do what
{TOKEN}

read: {READ}
  operate :{OPERATE}
audit,read: {AUDIT}
"""


def written(directory: Path, content: bytes, mode: int = 0o600) -> Path:
    path = directory / "token"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    found = read_tokens(written(tmp_path, FILE.encode()), Secrets())
    assert found
    return found


@pytest.fixture
async def guarded(settings: Settings, tmp_path: Path, tokens: Tokens) -> AsyncIterator[Running]:
    async with running(settings, tmp_path / "home", token=tokens) as api:
        yield api


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def assert_refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.body["code"], set(answer.body)) == (status, code, {"detail", "code"}), answer


def test_the_file(tokens: Tokens) -> None:
    """A line is a token that is good for everything, or scopes, a colon and a token; blank lines and comments are not."""
    for token, scopes in ((TOKEN, SCOPES), (READ, ["read"]), (OPERATE, ["operate"]), (AUDIT, ["read", "audit"])):
        known = tokens.find(token)
        assert known and sorted(known.scopes) == sorted(scopes)
    for wrong in (
        "",
        "#",
        "# who may do what",
        "read",
        f"read: {READ}",
        READ[:-1],
        f"{READ}x",
        TOKEN.upper(),
        "\udcff",
    ):
        assert tokens.find(wrong) is None


def test_only_the_tokens_are_secrets(tmp_path: Path) -> None:
    """Tokens of the file are masked from then on; words of its comments and of its scopes are not."""
    secrets = Secrets()
    comments = "# read: operators\n  # audit: accountants\n"
    read_tokens(written(tmp_path, (comments + FILE).encode()), secrets)
    assert secrets.mask(f"{comments} {SCOPES}") == f"{comments} {SCOPES}"
    assert secrets.mask(f"{TOKEN} {READ} {OPERATE} {AUDIT}") == "[secret] [secret] [secret] [secret]"


SECRET = b"never-print-this-one"
BAD_FILES = {
    "nothing": (b"", "has no token"),
    "blank": (b"    \n\n", "has no token"),
    "comments alone": (b"# " + SECRET, "has no token"),
    "too short": (b"short", "line 1"),
    "a second one too short": (SECRET + b"\nsecret", "line 2"),
    "no secret": (b"read:", "line 1"),
    "an unknown scope": (b"write: " + SECRET, "read, operate, audit"),
    "one unknown scope": (b"read, all: " + SECRET, "read, operate, audit"),
    "no scope": (b": " + SECRET, "read, operate, audit"),
    "a scope twice": (b"read, read: " + SECRET, "line 1"),
    "a colon in the token": (SECRET + b":" + SECRET, "line 1"),
    "a token twice": (b"read: %b\naudit: %b\n" % (SECRET, SECRET), "line 2"),
    "no text": (b"\xff" * 40, "is not text in UTF-8 on line 1"),
    "no text further on": (b"# a\n%b\n# \xe4\n" % SECRET, "is not text in UTF-8 on line 3"),
    "UTF-16": (SECRET.decode().encode("utf-16"), "is not text in UTF-8 on line 1"),
    "UTF-16 without a mark": (SECRET.decode().encode("utf-16-le"), "line 1"),
    "a byte order mark": (b"\xef\xbb\xbf" + SECRET, "byte order mark on line 1"),
    "a byte order mark further on": (b"# a\n\xef\xbb\xbf" + SECRET, "line 2"),
    "a comment behind a token": (
        SECRET + b" # of the operators",
        "has a character on line 1 that a token can't contain",
    ),
    "a comment right behind a token": (SECRET + b"#operators", "has a character on line 1 that a token can't contain"),
    "a comment behind one with scopes": (
        b"\n\nread: " + SECRET + b"\t# x",
        "has a character on line 3 that a token can't contain",
    ),
    "a blank within": (SECRET + b" " + SECRET, "line 1"),
    "a tab within": (SECRET + b"\t" + SECRET, "line 1"),
    "NUL within": (b"# a\r\n\r\n" + SECRET + b"\0" + SECRET, "line 3"),
    "NUL at the end": (SECRET + b"\0\n", "line 1"),
    "a control character": (SECRET + b"\x1b[0m", "line 1"),
    "a lone carriage return": (SECRET + b"\r" + SECRET, "line 1"),
    "another end of a line": (SECRET + "\u2028".encode() + SECRET, "line 1"),
    "a form feed": (SECRET + b"\f" + SECRET, "line 1"),
    "a zero-width blank": (SECRET + "\u200b".encode() + SECRET, "line 1"),
    "a non-breaking blank": (SECRET + "\xa0".encode() + SECRET, "line 1"),
    "quotes": (b'"' + SECRET + b'"', "line 1"),
    "single quotes": (b"read: '" + SECRET + b"'", "line 1"),
    "as in a header": (b"Bearer " + SECRET, "line 1"),
    "too long for a header": (b"# a\n" + b"x" * 9_000, "on line 2, too long for a header"),
    "just too long": (b"x" * 8_001, "line 1"),
    "much too large": (SECRET * 10_000, "larger than 65,536"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(tmp_path: Path, name: str) -> None:
    """A file that isn't like that is refused with a sentence that names option, file and line, and no secret."""
    content, words = BAD_FILES[name]
    with pytest.raises(BadTokenFile) as refused:
        read_tokens(written(tmp_path, content), Secrets())
    message = str(refused.value)
    assert words in message
    assert message.startswith(f"--token-file (LEDGER_TOKEN_FILE): The file {tmp_path / 'token'} ")
    assert SECRET.decode() not in message


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666, 0o620, 0o660])
def test_a_file_that_others_can_use(tmp_path: Path, mode: int) -> None:
    """A file that others can read, or anybody else can write, is refused with the command that mends it."""
    with pytest.raises(BadTokenFile, match="chmod 600"):
        read_tokens(written(tmp_path, TOKEN.encode(), mode), Secrets())


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_a_file_that_its_group_can_read(tmp_path: Path, mode: int) -> None:
    """The owner and, for services that get their secrets so, the group may read the file."""
    assert read_tokens(written(tmp_path, TOKEN.encode(), mode), Secrets())


def test_no_file(tmp_path: Path) -> None:
    """Without a file there are no tokens; a missing one is an error that names it."""
    assert read_tokens(None, Secrets()) is None
    with pytest.raises(BadTokenFile, match=r"nowhere can't be read: No such file or directory\."):
        read_tokens(tmp_path / "nowhere", Secrets())


def test_secrets_are_not_shown() -> None:
    """What is kept of a token doesn't reveal it."""
    assert TOKEN not in repr(Tokens.of(TOKEN)) + repr(vars(Tokens.of(TOKEN)))


def test_a_file_of_another_system(tmp_path: Path) -> None:
    """Lines may end as on other systems, and with blanks; what is around a token is no part of it."""
    content = FILE.replace("\n", " \t\r\n").encode() + b"\r"
    tokens = read_tokens(written(tmp_path, content), Secrets())
    assert tokens
    assert all(tokens.find(token) for token in (TOKEN, READ, OPERATE, AUDIT))


def test_what_is_no_file(tmp_path: Path) -> None:
    """A pipe isn't waited for; neither it nor a directory, a device or a socket is taken, not behind a link either; nothing is left open."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = len(list(Path("/dev/fd").iterdir()))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name in ("pipe", "directory", "link", "/dev/zero", "/dev/null"):
            with pytest.raises(BadTokenFile, match="is not a regular file"):
                read_tokens(tmp_path / name, Secrets())
        for name in ("socket", "loop", "pipe/token"):
            with pytest.raises(BadTokenFile, match="can't be read"):
                read_tokens(tmp_path / name, Secrets())
    assert len(list(Path("/dev/fd").iterdir())) == before
    (tmp_path / "way").symlink_to(written(tmp_path, TOKEN.encode()))
    assert read_tokens(tmp_path / "way", Secrets())


async def test_the_longest_token(settings: Settings, tmp_path: Path) -> None:
    """A token as long as is allowed can be used."""
    longest = "x" * MAX_TOKEN
    tokens = await asyncio.to_thread(read_tokens, written(tmp_path, longest.encode()), Secrets())
    async with running(settings, tmp_path / "home", token=tokens) as api:
        assert await api.get("/status", headers=bearing(longest))
        assert_refused(await api.ask("GET", "/status", headers=bearing(longest[:-1])), 401, "unauthorized")


async def test_no_token_or_a_wrong_one(guarded: Running, subtests: pytest.Subtests) -> None:
    """With tokens every address but `/healthz` asks for one; a missing or wrong one is 401, each in its own words."""
    none: list[dict[str, str]] = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        bearing("\udcff\udcfe"),
    ]
    wrong = [bearing("wrong"), bearing(f"{TOKEN}x"), bearing(TOKEN[:-1])]
    for headers in none + wrong:
        for path in ("/status", "/codebases", "/nothing", "/readyz", f"/status?token={TOKEN}&access_token={TOKEN}"):
            with subtests.test(f"{headers} {path}"):
                answer = await guarded.ask("GET", path, headers=headers)
                assert_refused(answer, 401, "unauthorized")
                challenge, words = (
                    ('Bearer error="invalid_token"', "not valid") if headers in wrong else ("Bearer", "required")
                )
                assert answer.headers["WWW-Authenticate"] == challenge
                assert words in answer.body["detail"]
    assert_refused(await guarded.ask("PUT", "/status"), 401, "unauthorized")


async def test_whether_it_lives_is_no_secret(guarded: Running) -> None:
    """A process supervisor may ask `/healthz` without a token, but no page of another site may."""
    assert await guarded.get("/healthz") == {"status": "ok"}
    answer = await guarded.ask("GET", "/healthz", headers={"Origin": "https://example.com"})
    assert_refused(answer, 403, "foreign_origin")


async def test_what_is_open_is_open_under_any_name(guarded: Running) -> None:
    """Parts of the open pages that there aren't are not found, also where braces are in their names; a token changes nothing."""
    for address, code in (("/dashboard/%7Bpart%7D", "part_not_found"), ("/docs/%7Basset%7D", "asset_not_found")):
        async with guarded.client.get(URL(address, encoded=True)) as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, code)


def test_who_may_use_which_route() -> None:
    """To look takes `read` and to change something `operate`; the log and its proofs take `audit`; pages and the API's description nothing."""
    for route in ROUTES:
        if route.path in ("/", "/healthz", "/openapi.json", f"{API}/login", f"{API}/logout") or route.path.startswith(
            ("/docs", "/dashboard")
        ):
            assert route.access == "open"
        elif route.access != "audit":
            assert route.access == ("read" if route.method == "GET" else "operate")


@pytest.mark.parametrize("scope", SCOPES)
async def test_every_route_asks_for_its_scope(settings: Settings, tmp_path: Path, scope: Scope) -> None:
    """A token without the scope that a route needs is 403, which names that scope, and nothing happens."""
    async with running(settings, tmp_path / "home", token=Tokens.of(TOKEN, scope)) as api:
        for route in ROUTES:
            path = re.sub(r"\{\w+(:[^}]+)?\}", "0", route.path)
            async with api.client.request(route.method, path, headers=bearing(TOKEN)) as response:
                if route.access in (scope, "open"):
                    assert response.status not in (401, 403)
                    continue
                body = await response.json()
            assert (response.status, body["code"]) == (403, "scope_missing")
            assert f"the scope `{route.access}`" in body["detail"]
            assert f"it has {scope}." in body["detail"]
            assert f'scope="{route.access}"' in response.headers["WWW-Authenticate"]
            if route.has_head:
                async with api.client.head(path, headers=bearing(TOKEN)) as response:
                    assert response.status == 403
        events = await api.service.store.read_all(Position(0), 10)
        assert {event.stream for event in events} <= {SERVICE}  # that somebody read the log, where the token allows it


async def test_a_token_that_may_operate_and_one_that_may_look(guarded: Running) -> None:
    """One token registers a codebase and the other sees it; neither can do the other's part."""
    body = {"name": "x", "path": str(guarded.directory("x"))}
    assert_refused(await guarded.ask("POST", "/codebases", body, headers=bearing(READ)), 403, "scope_missing")
    assert (await guarded.ask("POST", "/codebases", body, headers=bearing(OPERATE))).status == 200
    assert_refused(await guarded.ask("GET", "/codebases", headers=bearing(OPERATE)), 403, "scope_missing")
    assert len(await guarded.get("/codebases", headers=bearing(READ))) == 1


async def test_event_streams_take_the_token_as_a_header(guarded: Running) -> None:
    """A stream is refused without a token before its first byte, also where the token stands in the address."""
    body = {"name": "x", "path": str(guarded.directory("x"))}
    codebase = (await guarded.ask("POST", "/codebases", body, headers=bearing(TOKEN))).body["codebase"]["id"]
    events = f"/codebases/{codebase}/events"
    for headers in ({}, {"Last-Event-ID": "0"}):
        answer = await guarded.ask("GET", f"{events}?token={TOKEN}", headers=headers)
        assert_refused(answer, 401, "unauthorized")
    async with guarded.client.get(API + events, headers=bearing(READ)) as stream:
        assert (stream.status, stream.content_type) == (200, "text/event-stream")
        assert await stream.content.readline() == b"retry: 2000\n"


async def test_bearer_in_any_case(guarded: Running) -> None:
    """The word `Bearer` may be written in any case, as HTTP has it."""
    for word in ("Bearer", "bearer", "BEARER"):
        assert await guarded.get("/status", headers={"Authorization": f"{word} {READ}"})
