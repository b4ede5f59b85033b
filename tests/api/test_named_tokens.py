"""Tokens with names: the lines of their file, who is on record as having asked, and a file that changes under a server."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs
from tests.support.service import API, Running, eventually, running

from opencode_ledger.domain.events import SERVICE, Event, LogRead, TokensChanged
from opencode_ledger.domain.events.wire import decode
from opencode_ledger.domain.ids import CodebaseId, Sequence
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http.access.token_file import BadTokenFile, read_tokens
from opencode_ledger.http.access.tokens import Token, digest_of
from opencode_ledger.http.settings import Settings

SECRET = "never-print-this-one"
HEADER = "X-Forwarded-User"
ALL = frozenset({"read", "operate", "audit"})


def secret_of(name: str) -> str:
    """The secret of a name's token."""
    return f"the-token-of-{name}"


def bearing(name: str) -> dict[str, str]:
    """The header of a name's requests."""
    return {"Authorization": f"Bearer {secret_of(name)}"}


def write(path: Path, *lines: str) -> Path:
    """Put a token file in place, as careful operators do: with one step."""
    new = path.with_suffix(".new")
    new.write_text("".join(f"{line}\n" for line in lines))
    new.chmod(0o600)
    return new.replace(path)


def line(name: str, rights: str = "all") -> str:
    """A line of a token file."""
    return f"{name} = {rights}: {secret_of(name)}"


LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "a name and scopes": (f"anna = read, operate: {SECRET}", {"name": "anna", "scopes": {"read", "operate"}}),
    "all": (f"anna = all: {SECRET}", {"name": "anna", "scopes": ALL}),
    "close together": (f"a=audit:{SECRET}", {"name": "a", "scopes": {"audit"}}),
    "wide apart": (f"  a  =  audit  ,  read :  {SECRET}  ", {"name": "a", "scopes": {"audit", "read"}}),
    "an address as a name": (f"anna.b+x@example.org = read: {SECRET}", {"name": "anna.b+x@example.org"}),
    "the longest name": (f"{'n' * 64} = read: {SECRET}", {"name": "n" * 64}),
    "limited": (f"a = all, @shop, @cb_1: {SECRET}", {"codebases": {"shop", "cb_1"}, "scopes": ALL}),
    "limited, codebases first": (f"a = @shop, read: {SECRET}", {"codebases": {"shop"}, "scopes": {"read"}}),
    "limited to a name with a space": (f"a = read, @my shop: {SECRET}", {"codebases": {"my shop"}}),
    "limited without a name": (f"read, @shop: {SECRET}", {"name": None, "codebases": {"shop"}}),
    "an equals sign in a codebase": (f"a = read, @x=y: {SECRET}", {"name": "a", "codebases": {"x=y"}}),
    "a proxy": (f"gw = read, proxy: {SECRET}", {"vouches": True, "scopes": {"read"}}),
    "a proxy for all": (f"gw = all, proxy: {SECRET}", {"vouches": True, "scopes": ALL}),
    "no name": (f"read: {SECRET}", {"name": None, "scopes": {"read"}}),
    "base64 without a colon": (f"{SECRET}==", {"name": None, "scopes": ALL, "digest": digest_of(f"{SECRET}==")}),
    "equals signs without a colon": (f"anna={SECRET}", {"name": None, "digest": digest_of(f"anna={SECRET}")}),
    "equals signs in the token": (f"a = read: {SECRET}==", {"name": "a", "digest": digest_of(f"{SECRET}==")}),
}


@pytest.mark.parametrize("name", LINES)
def test_a_line(tmp_path: Path, name: str) -> None:
    """Every form of a line, and the token that it stands for."""
    text, wanted = LINES[name]
    tokens = read_tokens(write(tmp_path / "tokens", text), Secrets())
    assert tokens
    (token,) = tokens.all
    plain: dict[str, Any] = {"digest": digest_of(SECRET), "name": token.name, "codebases": None, "vouches": False}
    assert {name: getattr(token, name) for name in plain} == plain | {k: v for k, v in wanted.items() if k in plain}
    assert token.scopes == wanted.get("scopes", token.scopes)


BAD_LINES = {
    "no scopes": (f"anna = {SECRET}", "name without scopes"),
    "an empty name": (f" = read: {SECRET}", "1 to 64"),
    "a name too long": (f"{'n' * 65} = read: {SECRET}", "1 to 64"),
    "a space in a name": (f"anna b = read: {SECRET}", "1 to 64"),
    "a quote in a name": (f'"anna" = read: {SECRET}', "1 to 64"),
    "a line of a terminal in a name": (f"an\x1b[2Jna = read: {SECRET}", "1 to 64"),
    "letters of another script": (f"аnna = read: {SECRET}", "1 to 64"),  # a Cyrillic а
    "a name that means something": (f"local = read: {SECRET}", "mean something else"),
    "in capitals": (f"Nobody = read: {SECRET}", "mean something else"),
    "the token as its name": (f"{SECRET} = read: {SECRET}", "secret"),
    "another's token as a name": (f"{SECRET} = read: {SECRET[::-1]}\nread: {SECRET}", "secret"),
    "a name like a secret": (f"ghp_{'a1B2' * 9} = read: {SECRET}", "secret"),
    "a codebase like a secret": (f"a = read, @ghp_{'a1B2' * 9}: {SECRET}", "secret"),
    "no scope but proxy": (f"gw = proxy: {SECRET}", "no scope"),
    "no scope but a codebase": (f"a = @shop: {SECRET}", "no scope"),
    "all and more": (f"a = all, read: {SECRET}", "unknown scope"),
    "all twice": (f"a = all, all: {SECRET}", "unknown scope"),
    "an unknown scope": (f"a = write: {SECRET}", "read, operate, audit"),
    "nothing between commas": (f"a = read, , audit: {SECRET}", "unknown scope"),
    "an empty codebase": (f"a = read, @: {SECRET}", "empty @"),
    "a codebase twice": (f"a = read, @x, @x: {SECRET}", "twice"),
    "a token too short": ("a = read: short", "at least 16"),
    "a colon in a codebase": (f"a = read, @x:y: {SECRET}", "a token can't contain"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line(tmp_path: Path, name: str) -> None:
    """A line that can't be is refused with its number and its fault, without what stands in it."""
    text, words = BAD_LINES[name]
    with pytest.raises(BadTokenFile) as refused:
        read_tokens(write(tmp_path / "tokens", "# one", "", text), Secrets())
    message = str(refused.value)
    assert words in message and "on line 3" in message
    assert SECRET not in message and "anna" not in message and "ghp_" not in message


def test_a_name_twice(tmp_path: Path) -> None:
    """A name is one token's, or nobody could say whose request it was."""
    with pytest.raises(BadTokenFile, match="repeats a name on line 2"):
        read_tokens(write(tmp_path / "tokens", line("anna"), f"anna = read: {SECRET}"), Secrets())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A token file with four tokens."""
    unnamed = f"read, operate: {secret_of('nobody')}"
    return write(tmp_path / "tokens", line("anna"), line("ben"), line("gateway", "all, proxy"), unnamed)


@pytest.fixture
async def api(settings: Settings, tmp_path: Path, file: Path) -> AsyncIterator[Running]:
    """A service with these tokens."""
    guarded = settings.model_copy(update={"token_file": file, "trusted_user_header": HEADER})
    async with running(guarded, tmp_path / "home", token=secret_of("anna")) as api:
        yield api


async def events_of(api: Running, stream: CodebaseId = SERVICE) -> list[Event]:
    """What is on record in a stream."""
    return [decode(event) for event in await api.service.store.read_stream(stream, Sequence(0), 500)]


async def test_each_request_is_on_record_with_its_token_s_name(api: Running) -> None:
    """A token's name, the digest of one without a name, and the person for whom a proxy vouches."""
    codebase = await api.register()
    senders: dict[str, dict[str, str]] = {
        "ben": bearing("ben"),
        f"token:{digest_of(secret_of('nobody')).hex()[:8]}": bearing("nobody"),
        "gateway": bearing("gateway"),
        "eve@example.org": {**bearing("gateway"), HEADER: "eve@example.org"},
    }
    for headers in senders.values():
        body = {"title": "t", "prompt": "p", "priority": 1}
        assert (await api.ask("POST", f"/codebases/{codebase}/tasks", body, headers=headers)).status == 200
    recorded = [event for event in await events_of(api, codebase) if getattr(event, "title", None) == "t"]
    assert [(event.by, event.via) for event in recorded] == [
        (name, "gateway" if "@" in name else None) for name in senders
    ]


HEADERS = {
    "no proxy": ("anna", ["eve"], "user_header_refused"),
    "a token without a name": ("nobody", ["eve"], "user_header_refused"),
    "twice": ("gateway", ["eve", "ben"], "bad_user_name"),
    "nothing": ("gateway", [""], "bad_user_name"),
    "too long": ("gateway", ["n" * 65], "bad_user_name"),
    "a space": ("gateway", ["eve b"], "bad_user_name"),
    "two in one": ("gateway", ["eve,ben"], "bad_user_name"),
    "a token's digest": ("gateway", ["token:12345678"], "bad_user_name"),
    "a user of the system": ("gateway", ["uid:0"], "bad_user_name"),
    "local": ("gateway", ["local"], "bad_user_name"),
    "not ASCII": ("gateway", ["änna"], "bad_user_name"),
    "a secret": ("gateway", [secret_of("anna")], "bad_user_name"),
    "like a secret": ("gateway", [f"ghp_{'a1B2' * 9}"], "bad_user_name"),
}


async def test_who_may_name_somebody_and_how(api: Running, subtests: pytest.Subtests) -> None:
    """A header that names a person is refused from all but a proxy, and where its name can't be recorded; nothing happens."""
    codebase = await api.register()
    head = api.service.store.head
    for name, (token, given, code) in HEADERS.items():
        with subtests.test(name):
            sent = [(HEADER.upper(), value) for value in given]
            for method, path in (("POST", f"/codebases/{codebase}/tasks"), ("GET", "/codebases")):
                headers = [*bearing(token).items(), *sent, ("Content-Type", "application/json")]
                async with api.client.request(method, API + path, headers=headers, data=b"{}") as answer:
                    body = await answer.json()
                assert (answer.status, body["code"]) == (400, code), body
                assert secret_of("anna") not in body["detail"]
    assert api.service.store.head == head


async def test_without_the_option_the_header_means_nothing(settings: Settings, tmp_path: Path, file: Path) -> None:
    """A server that wasn't given the header's name reads it from nobody."""
    plain = settings.model_copy(update={"token_file": file})
    async with running(plain, tmp_path / "home", token=secret_of("gateway")) as api:
        answer = await api.ask("GET", "/codebases", headers={**bearing("gateway"), HEADER: "eve"})
        assert answer.status == 200


async def test_a_key_is_its_sender_s_own(api: Running) -> None:
    """Two people may use one key for two requests: each gets their own answer, again and again."""
    codebase = await api.register()
    answers: dict[str, list[Any]] = {}
    for _again in range(2):
        for name, sender in (
            ("anna", bearing("anna")),
            ("ben", bearing("ben")),
            ("via", {**bearing("gateway"), HEADER: "ben"}),
        ):
            body = {"title": f"of {name}", "prompt": "p"}
            headers = {**sender, "Idempotency-Key": "k"}
            answer = await api.ask("POST", f"/codebases/{codebase}/tasks", body, headers=headers)
            answers.setdefault(name, []).append(answer.body["task"])
    assert all(first == again for first, again in answers.values())
    assert len({first["id"] for first, _ in answers.values()}) == 3


async def test_reads_of_the_log_are_on_record(api: Running) -> None:
    """An export, the whole outputs and the stream of all codebases are one event each; a page, a tile and a refused one are none."""
    codebase = await api.register()
    for path in (
        f"/codebases/{codebase}/log",
        "/log/checkpoint",
        "/log/tile/0/000.p/1",
        f"/codebases/{codebase}/events",
    ):
        async with api.client.get(API + path, headers=bearing("ben")) as answer:
            assert answer.status == 200
    assert (await api.ask("GET", "/events?last_event_id=99999", headers=bearing("ben"))).status == 409
    assert (await api.ask("GET", "/codebases/cb_x/log/export", headers=bearing("ben"))).status == 404
    assert not [event for event in await events_of(api) if isinstance(event, LogRead)]
    for path in (f"/codebases/{codebase}/log/export", "/codebases/my-project/log/outputs", "/events?last_event_id=0"):
        async with api.client.get(API + path, headers=bearing("ben")) as answer:
            assert answer.status == 200
    reads = [event for event in await events_of(api) if isinstance(event, LogRead)]
    assert [(read.read, read.codebase, read.by) for read in reads] == [
        ("export", codebase, "ben"),
        ("outputs", codebase, "ben"),
        ("stream", None, "ben"),
    ]
    assert all(read.correlation_id for read in reads)


# --- a file that changes ----------------------------------------------------------------------------------------


async def status_of(api: Running, name: str) -> int:
    """The status of a read with a name's token."""
    return (await api.ask("GET", "/codebases", headers=bearing(name))).status


async def becomes_status(api: Running, name: str, status: int) -> float:
    """The seconds until a name's token is answered so."""
    begun = monotonic()
    async with asyncio.timeout(30):
        while await status_of(api, name) != status:
            await asyncio.sleep(0.01)
    return monotonic() - begun


async def test_a_removed_token_is_refused_and_its_streams_end(api: Running, file: Path) -> None:
    """With a comment in the streams and 401 for the next request; another token's streams go on.

    How soon is for `test_token_watch`, in virtual time.
    """
    codebase = await api.register()
    paths = (f"/codebases/{codebase}/events", "/events")
    async with (
        api.client.get(API + paths[0], headers=bearing("ben")) as first,
        api.client.get(API + paths[1], headers=bearing("ben")) as second,
        api.client.get(API + paths[0], headers=bearing("anna")) as other,
    ):
        await asyncio.to_thread(write, file, line("anna"), line("carla", f"read, @{codebase}"))
        for stream in (first, second):
            assert (await asyncio.wait_for(stream.content.read(), 10)).endswith(b": this token is no longer valid\n")
        assert await status_of(api, "ben") == 401
        answer = await api.ask("GET", paths[0], headers={**bearing("ben"), "Last-Event-ID": "1"})
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
        assert await status_of(api, "carla") == 200
        await api.post(f"/codebases/{codebase}/tasks", {"title": "t", "prompt": "p"})
        assert b"task" in await asyncio.wait_for(other.content.readuntil(b"event: task"), 10)
    changes = [event for event in await events_of(api) if isinstance(event, TokensChanged)]
    unnamed = f"token:{digest_of(secret_of('nobody')).hex()[:8]}"
    assert [(one.added, one.changed, one.removed) for one in changes] == [
        (
            {
                "anna": "read, operate, audit",
                "ben": "read, operate, audit",
                "gateway": "read, operate, audit, proxy",
                unnamed: "read, operate",
            },
            {},
            (),
        ),
        ({"carla": f"read, @{codebase}"}, {}, ("ben", "gateway", unnamed)),
    ]


async def test_fewer_rights_end_a_stream_too(api: Running, file: Path) -> None:
    """A stream that was opened with rights that its token has lost doesn't go on."""
    codebase = await api.register()
    async with api.client.get(f"{API}/codebases/{codebase}/events", headers=bearing("ben")) as stream:
        await asyncio.to_thread(write, file, line("anna"), line("ben", "operate"))
        assert (await asyncio.wait_for(stream.content.read(), 10)).endswith(b"no longer valid\n")
    assert (await api.ask("GET", f"/codebases/{codebase}/events", headers=bearing("ben"))).status == 403


def empty(path: Path) -> None:
    write(path)


def open_to_all(path: Path) -> None:
    write(path, line("anna"))
    path.chmod(0o644)


def half_written(path: Path) -> None:
    path.write_text(f"{line('anna')}\nben = rea")


def a_bad_name(path: Path) -> None:
    write(path, line("anna"), f"{secret_of('anna')} = read: {SECRET}")


UNUSABLE: tuple[Callable[[Path], None], ...] = (empty, open_to_all, half_written, a_bad_name, Path.unlink)


async def test_a_file_that_cannot_be_used_changes_nothing(api: Running, file: Path, subtests: pytest.Subtests) -> None:
    """The earlier tokens stay valid and secret, a log line says why, and a good file counts again."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    for spoil in UNUSABLE:
        with subtests.test(spoil.__name__), capture_logs() as logs:
            await asyncio.to_thread(spoil, file)
            await eventually(lambda: any("earlier tokens stay valid" in one["event"] for one in logs))
            assert [await status_of(api, name) for name in ("anna", "ben")] == [200, 200]
            assert all(SECRET not in str(one) and secret_of("anna") not in str(one) for one in logs)
            assert api.service.secrets.mask(secret_of("ben")) == "[secret]"
    await asyncio.to_thread(write, file, line("anna"))
    await becomes_status(api, "ben", 401)
    assert api.service.secrets.mask(secret_of("ben")) == "[secret]", "what was a token may still stand somewhere"


async def test_a_signal_has_the_file_read_at_once(api: Running, file: Path) -> None:
    """SIGHUP has a file read, and ends nothing."""
    await asyncio.to_thread(write, file, line("anna"), line("dora"))
    os.kill(os.getpid(), signal.SIGHUP)
    await becomes_status(api, "dora", 200)


async def test_what_changed_while_no_server_ran_is_on_record(settings: Settings, tmp_path: Path, file: Path) -> None:
    """The next start records what is different; the same file again is no event, and no file removes all names."""
    guarded = settings.model_copy(update={"token_file": file})
    seen: list[list[Event]] = []
    for lines in ([line("anna"), line("ben", "read")], [line("anna"), line("ben", "read")], [line("ben", "audit")]):
        await asyncio.to_thread(write, file, *lines)
        async with running(guarded, tmp_path / "home") as api:
            seen.append(await events_of(api))
    async with running(settings, tmp_path / "home") as api:
        seen.append(await events_of(api))
    assert [len(events) for events in seen] == [1, 1, 2, 3]
    changes = [event for event in seen[-1] if isinstance(event, TokensChanged)]
    assert [(one.added, one.changed, one.removed) for one in changes[1:]] == [
        ({}, {"ben": "audit"}, ("anna",)),
        ({}, {}, ("ben",)),
    ]


async def test_a_new_secret_is_on_record_as_a_change(api: Running, file: Path) -> None:
    """A token that got another secret keeps its name: its holder changed it, or somebody else did."""
    new = "another-secret-of-ben"
    await asyncio.to_thread(write, file, line("anna"), f"ben = all: {new}")
    await becomes_status(api, "ben", 401)
    await eventually(lambda: api.service.store.head > 1)
    last = (await events_of(api))[-1]
    assert isinstance(last, TokensChanged)
    assert last.changed == {"ben": "read, operate, audit"}


def test_rights_in_words() -> None:
    """What a token allows is written as in the file."""
    token = Token(b"", frozenset({"audit", "read"}), "a", frozenset({"b", "a"}), vouches=True)
    assert token.rights == "read, audit, proxy, @a, @b"
