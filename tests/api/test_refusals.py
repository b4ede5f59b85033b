"""Requests that are refused: the right status, one sentence and a stable code, and nothing in the log."""

import asyncio
import gzip
import io
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.support.service import API, Answer, Running

JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def nothing_recorded(api: Running) -> AsyncGenerator[None]:
    """What happens in the block leaves no event, and a server that answers."""
    head = api.service.store.head
    yield
    assert api.service.store.head == head
    assert await api.get("/healthz") == {"status": "ok"}


def assert_refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.body.get("code")) == (status, code), answer
    assert set(answer.body) == {"detail", "code"}
    detail = answer.body["detail"]
    assert detail[0].isupper() or ": " in detail
    assert "\n" not in detail


# --- addresses ------------------------------------------------------------------------------------------------------

UNKNOWN = "/codebases/cb_unknown"
ADDRESSES = [
    ("GET", UNKNOWN, 404, "codebase_not_found"),
    ("DELETE", UNKNOWN, 404, "codebase_not_found"),
    ("POST", f"{UNKNOWN}/trigger", 404, "codebase_not_found"),
    ("POST", f"{UNKNOWN}/message", 404, "codebase_not_found"),
    ("POST", f"{UNKNOWN}/interrupt", 404, "codebase_not_found"),
    ("POST", f"{UNKNOWN}/stop", 404, "codebase_not_found"),
    ("GET", f"{UNKNOWN}/status", 404, "codebase_not_found"),
    ("GET", f"{UNKNOWN}/events", 404, "codebase_not_found"),
    ("POST", f"{UNKNOWN}/permissions/perm_1", 404, "codebase_not_found"),
    ("GET", "/codebases/cb_%00", 404, "codebase_not_found"),
    ("GET", "/codebases/%ff%fe", 404, "codebase_not_found"),
    ("GET", "/codebases/%F0%9F%A6%84", 404, "codebase_not_found"),
    ("GET", "/codebases/" + "x" * 4000, 404, "codebase_not_found"),
    ("GET", "/codebases/..%2F..%2Fetc", 404, "codebase_not_found"),
    ("GET", "/nothing", 404, "unknown_route"),
    ("POST", "/codebases/a/b/c/d", 404, "unknown_route"),
    ("PUT", "/codebases", 405, "method_not_allowed"),
    ("POST", "/status", 405, "method_not_allowed"),
    ("DELETE", "/codebases", 405, "method_not_allowed"),
    ("OPTIONS", "/codebases", 405, "method_not_allowed"),
    ("PATCH", UNKNOWN, 405, "method_not_allowed"),
]


async def test_addresses(api: Running, subtests: pytest.Subtests) -> None:
    """An unknown codebase or route is 404, a known route with another method 405, each in the one shape."""
    bodies = {"trigger": {"prompt": "x"}, "message": {"message": "x"}, "perm_1": {"reply": "once"}}
    for method, path, status, code in ADDRESSES:
        with subtests.test(f"{method} {path[:50]}"):
            async with nothing_recorded(api):
                answer = await api.ask(method, path, bodies.get(path.rsplit("/", 1)[-1]))
                assert_refused(answer, status, code)


async def test_wrong_method_names_the_right_ones(api: Running) -> None:
    """A 405 says in `Allow` what would be right."""
    answer = await api.ask("PUT", "/codebases")
    assert set(answer.headers["Allow"].split(",")) == {"GET", "POST"}


async def test_root_is_the_one_shape_too(api: Running) -> None:
    """Also outside the API's own addresses, errors have the one shape."""
    async with api.client.get("/nothing/at/all") as response:
        assert (response.status, (await response.json())["code"]) == (404, "unknown_route")


# --- bodies as bytes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """A body, and what it is refused with."""

    name: str
    raw: bytes
    status: int = 400
    code: str = "invalid_input"
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


def prompt(inner: str) -> bytes:
    return b'{"prompt": "x", "metadata": {"a": ' + inner.encode() + b"}}"


BODIES = [
    Sent("nothing", b""),
    Sent("spaces", b"  "),
    Sent("cut off", b'{"prompt": "x"'),
    Sent("not JSON", b"prompt=x"),
    Sent("something after", b'{"prompt": "x"} {}'),
    Sent("a byte order mark", b'\xef\xbb\xbf{"prompt": "x"}'),
    Sent("UTF-16", '{"prompt": "x"}'.encode("utf-16")),
    Sent("broken UTF-8", b'{"prompt": "\xff"}'),
    Sent("an array", b'[{"prompt": "x"}]'),
    Sent("a string", b'"prompt"'),
    Sent("null", b"null"),
    Sent("a number for a string", b'{"prompt": 5}'),
    Sent("null for a string", b'{"prompt": null}'),
    Sent("an empty prompt", b'{"prompt": ""}'),
    Sent("a blank prompt", b'{"prompt": " \\n\\t"}'),
    Sent("an unknown field", b'{"prompt": "x", "promt": "y"}'),
    Sent("a lone surrogate", b'{"prompt": "\\ud800"}'),
    Sent("a lone surrogate as a key", prompt('{"\\udfff": 1}')),
    Sent("NUL", b'{"prompt": "a\\u0000b"}'),
    Sent("a raw NUL", b'{"prompt": "a\x00b"}'),
    Sent("NUL in metadata", prompt('"a\\u0000b"')),
    Sent("NUL in a key", prompt('{"a\\u0000b": 1}')),
    Sent("NaN", prompt("NaN")),
    Sent("Infinity", prompt("Infinity")),
    Sent("-Infinity", prompt("-Infinity")),
    Sent("1e400", prompt("1e400")),
    Sent("-1e400", prompt("-1e400")),
    Sent("a whole number beyond 64 bits", prompt("18446744073709551616")),
    Sent("a number of 5,000 digits", prompt("9" * 5000)),
    Sent("deep nesting", prompt("[" * 40 + "]" * 40)),
    Sent("deep objects", prompt('{"a":' * 40 + "1" + "}" * 40)),
    Sent("100,000 brackets", b"[" * 100_000),
    Sent("100,000 brackets, closed", prompt("[" * 100_000 + "]" * 100_000)),
    Sent("metadata that is an array", b'{"prompt": "x", "metadata": []}'),
    Sent("over 1 MiB", b'{"prompt": "' + b"x" * 2**20 + b'"}', 413, "body_too_large"),
    Sent("plain text", b'{"prompt": "x"}', 415, "unsupported_media_type", {"Content-Type": "text/plain"}),
    Sent("a form", b"prompt=x", 415, "unsupported_media_type", {"Content-Type": "application/x-www-form-urlencoded"}),
    Sent("no type", b'{"prompt": "x"}', 415, "unsupported_media_type", {"Content-Type": ""}),
    Sent("a type like JSON", b"{}", 415, "unsupported_media_type", {"Content-Type": "application/json-seq"}),
    Sent(
        "gzip", gzip.compress(b'{"prompt": "x"}'), 415, "unsupported_media_type", {**JSON, "Content-Encoding": "gzip"}
    ),
    Sent(
        "a gzip bomb",
        gzip.compress(bytes(50_000_000)),
        415,
        "unsupported_media_type",
        {**JSON, "Content-Encoding": "gzip"},
    ),
    Sent("br", b"x", 415, "unsupported_media_type", {**JSON, "Content-Encoding": "br"}),
]


async def test_bodies(api: Running, subtests: pytest.Subtests) -> None:
    """A body that is not one JSON object of plain, bounded values is refused, and nothing of it is recorded."""
    codebase = await api.register()
    for sent in BODIES:
        with subtests.test(sent.name):
            async with nothing_recorded(api):
                body = io.BytesIO(sent.raw)
                answer = await api.ask("POST", f"/codebases/{codebase}/trigger", data=body, headers=dict(sent.headers))
                assert_refused(answer, sent.status, sent.code)


async def test_too_large_without_a_length(api: Running) -> None:
    """A body that doesn't tell its length is refused as soon as it has grown too large."""
    codebase = await api.register()
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            yield b" " * 65536
            taken += 65536
            await asyncio.sleep(0)

    async with nothing_recorded(api):
        try:
            answer = await api.ask("POST", f"/codebases/{codebase}/trigger", data=endless(), headers=JSON)
        except ConnectionError:  # closed while we were still sending
            pass
        else:
            assert_refused(answer, 413, "body_too_large")
    assert taken < 2**30


async def test_just_small_enough(api: Running) -> None:
    """A prompt of the largest size, emoji, quotes and control characters arrives as it was sent."""
    codebase = await api.register()
    text = ('"\\\n\t\x1f<script>é🦄\u2028' * 40_000)[:500_000]
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": text})
    assert (await api.agent_at_work(codebase)).given[0].text == text


async def test_numbers_in_metadata_are_kept(api: Running) -> None:
    """Metadata may hold any JSON that can be kept exactly."""
    codebase = await api.register()
    metadata: dict[str, Any] = {
        "n": [0, -1, 1.5, 2**63, 1e-300, True, None],
        "deep": {"a": [{"b": {}}]},
        "": "empty key",
    }
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x", "metadata": metadata})


# --- fields ---------------------------------------------------------------------------------------------------------

TRIGGERS: list[dict[str, Any]] = [
    {},
    {"prompt": "x", "agent": "builder"},
    {"prompt": "x", "agent": "Build"},
    {"prompt": "x", "agent": ""},
    {"prompt": "x", "agent": None},
    {"prompt": "x", "model": "claude"},
    {"prompt": "x", "model": "/claude"},
    {"prompt": "x", "model": "anthropic/"},
    {"prompt": "x", "model": "an thropic/claude"},
    {"prompt": "x", "model": "anthropic/claude\n"},
    {"prompt": "x", "model": 1},
    {"prompt": "x", "model": "a/" + "b" * 300},
    {"prompt": "x", "files": "src"},
    {"prompt": "x", "files": [1]},
    {"prompt": "x", "files": [""]},
    {"prompt": "x", "files": ["missing.py"]},
    {"prompt": "x", "files": ["../outside"]},
    {"prompt": "x", "files": ["inside/../../outside"]},
    {"prompt": "x", "files": ["/etc/passwd"]},
    {"prompt": "x", "files": ["link-out"]},
    {"prompt": "x", "files": ["link-out/passwd"]},
    {"prompt": "x", "files": ["loop"]},
    {"prompt": "x", "files": ["."]},
    {"prompt": "x", "files": ["a" * 5000]},
    {"prompt": "x", "files": ["a" * 300]},
    {"prompt": "x", "files": ["file.py"] * 101},
    {"prompt": "x", "metadata": "high"},
    {"prompt": "x", "priority": 1},
    {"prompt": "x" * 500_001},
]


async def test_triggers(api: Running, subtests: pytest.Subtests) -> None:
    """A trigger with a wrong agent, model or file, or with anything unknown in it, is 400 and starts nothing."""
    codebase = await api.register()
    directory = api.directory("my-project")
    (directory / "file.py").touch()
    (directory / "inside").mkdir()
    (api.home / "outside").touch()
    (directory / "link-out").symlink_to("/etc")
    (directory / "loop").symlink_to("loop")
    for body in TRIGGERS:
        with subtests.test(repr(body)[:60]):
            async with nothing_recorded(api):
                assert_refused(await api.ask("POST", f"/codebases/{codebase}/trigger", body), 400, "invalid_input")
    assert api.agents.at_work == []


async def test_a_link_that_stays_inside(api: Running) -> None:
    """A file may be named through a link as long as it really lies in the codebase."""
    codebase = await api.register()
    directory = api.directory("my-project")
    (directory / "real.py").touch()
    (directory / "link.py").symlink_to("real.py")
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x", "files": ["./link.py", "real.py"]})


OTHERS: list[tuple[str, object]] = [
    ("message", {}),
    ("message", {"message": ""}),
    ("message", {"message": 1}),
    ("message", {"message": "x", "prompt": "x"}),
    ("message", {"message": "x", "agent": "nobody"}),
    ("message", {"message": "x", "model": "nothing"}),
    ("interrupt", {"reason": "x"}),
    ("interrupt", [1]),
    ("stop", {"force": True}),
    ("permissions/perm_1", {}),
    ("permissions/perm_1", {"reply": "yes"}),
    ("permissions/perm_1", {"reply": "once", "message": 1}),
]


async def test_other_commands(api: Running, subtests: pytest.Subtests) -> None:
    """The other commands are as strict, also while there is something to act on."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})
    await api.agent_at_work(codebase)
    for command, body in OTHERS:
        with subtests.test(f"{command} {body}"):
            async with nothing_recorded(api):
                assert_refused(await api.ask("POST", f"/codebases/{codebase}/{command}", body), 400, "invalid_input")


REGISTRATIONS: list[tuple[str, dict[str, Any]]] = [
    ("no name", {"name": None}),
    ("empty name", {"name": ""}),
    ("blank name", {"name": "  "}),
    ("long name", {"name": "x" * 201}),
    ("no path", {"path": None}),
    ("empty path", {"path": ""}),
    ("relative path", {"path": "my-project"}),
    ("relative to here", {"path": "./my-project"}),
    ("home", {"path": "~"}),
    ("missing", {"path": "/nowhere/at/all"}),
    ("a file", {"path": "/etc/passwd"}),
    ("under a file", {"path": "/etc/passwd/x"}),
    ("a long path", {"path": "/" + "x" * 5000}),
    ("a long part", {"path": "/" + "x" * 300}),
    ("a URL", {"path": "file:///tmp"}),
    ("number as description", {"description": 1}),
    ("configuration that is no object", {"agent_config": []}),
    ("unknown configuration", {"agent_config": {"auto_aprove": True}}),
    ("text for a truth", {"agent_config": {"auto_approve": "false"}}),
    ("number for a truth", {"agent_config": {"trusted": 1}}),
    ("bad default model", {"agent_config": {"default_model": "sonnet"}}),
    ("unknown field", {"worker": "worker-1"}),
]


async def test_registrations(api: Running, subtests: pytest.Subtests) -> None:
    """A registration with a bad name, path or configuration is 400, and registers nothing."""
    right = {"name": "x", "path": str(api.directory("x"))}
    for name, changes in REGISTRATIONS:
        with subtests.test(name):
            async with nothing_recorded(api):
                body = {key: value for key, value in {**right, **changes}.items() if value is not None}
                assert_refused(await api.ask("POST", "/codebases", body), 400, "invalid_input")
    assert await api.get("/codebases") == []


async def test_a_directory_whose_name_is_not_text(api: Running) -> None:
    """A link to a directory whose real name can't be told in JSON is refused."""
    odd = os.fsencode(api.directory("x")) + b"/\xff"
    Path(os.fsdecode(odd)).mkdir()
    (api.home / "link").symlink_to(os.fsdecode(odd))
    async with nothing_recorded(api):
        answer = await api.ask("POST", "/codebases", {"name": "x", "path": str(api.home / "link")})
        assert_refused(answer, 400, "invalid_input")


@pytest.mark.parametrize("spelling", ["{path}", "{path}/", "{path}/../{name}", "{path}/./", "{home}/link", "/{path}"])
async def test_one_codebase_per_directory(api: Running, spelling: str) -> None:
    """However a directory is spelled, its second registration is 409 and names the first."""
    codebase = await api.register("taken")
    path = api.directory("taken")
    (api.home / "link").symlink_to(path)
    again = spelling.format(path=path, name="taken", home=api.home)
    async with nothing_recorded(api):
        answer = await api.ask("POST", "/codebases", {"name": "x", "path": again})
        assert_refused(answer, 409, "already_registered")
        assert codebase in answer.body["detail"]


async def test_a_directory_that_has_gone(api: Running) -> None:
    """A trigger on a codebase whose directory is gone, or now is a link elsewhere, is 409 and starts nothing."""
    codebase = await api.register("fleeting")
    path = api.directory("fleeting")
    path.rmdir()
    async with nothing_recorded(api):
        answer = await api.ask("POST", f"/codebases/{codebase}/trigger", {"prompt": "x"})
        assert_refused(answer, 409, "directory_gone")
        path.symlink_to(api.directory("elsewhere"))
        answer = await api.ask("POST", f"/codebases/{codebase}/trigger", {"prompt": "x"})
        assert_refused(answer, 409, "directory_gone")


async def test_untrusted_configuration(api: Running) -> None:
    """A codebase that brings its own agent configuration and isn't trusted is 403; a trusted one runs."""
    codebase = await api.register("wild")
    api.agents.untrusted.add(str(api.directory("wild")))
    async with nothing_recorded(api):
        answer = await api.ask("POST", f"/codebases/{codebase}/trigger", {"prompt": "x"})
        assert_refused(answer, 403, "project_config_untrusted")
    trusted = await api.register("tame", agent_config={"trusted": True})
    api.agents.untrusted.add(str(api.directory("tame")))
    await api.post(f"/codebases/{trusted}/trigger", {"prompt": "x"})


async def test_address_prefix(api: Running) -> None:
    """The API lives under its documented prefix."""
    assert API == "/v1/opencode"
    async with api.client.get("/status") as response:
        assert response.status == 404


async def test_unexpected_expectation(api: Running) -> None:
    """An `Expect` that nobody knows is 417, in the one shape."""
    answer = await api.ask("GET", "/status", headers={"Expect": "miracles"})
    assert_refused(answer, 417, "expectation_failed")
