"""Who is let in: the checks of Host and Origin, and the directories that may be worked in."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.service import Answer, Running, running

from opencode_ledger.http.settings import Settings


def refusal(answer: Answer) -> tuple[int, str]:
    assert set(answer.body) == {"detail", "code"}
    return answer.status, answer.body["code"]


LOOPBACK = (
    *(
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1.",
        "127.0.0.2",
        "127.255.255.254",
        "127.1",
        "127.0.1",
    ),
    *("0x7f.1", "0X7F.0.0.1", "0177.0.0.1", "2130706433", "0x7f000001", "017700000001"),
    *("[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]"),
)
"""This machine alone, however it is written."""

ELSEWHERE = (
    *(
        "0.0.0.0",
        "0",
        "192.168.1.1",
        "128.0.0.1",
        "126.255.255.255",
        "0x80.1",
        "2130706432.1",
        "4294967297",
        "127.0.0.256",
    ),
    *(
        "::",
        "[::]",
        "[::2]",
        "[::ffff:0.0.0.0]",
        "[::ffff:128.0.0.1]",
        "[fe80::1]",
        "[127.0.0.1]",
        "[localhost]",
        "::ffff:0.0.0.0",
    ),
    *(
        "example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "127.0.0.1.nip.io",
        "localhost..",
        ".localhost",
        "",
    ),
    *(
        "127.0.0.0.1",
        "127..1",
        "127.0.0.1..",
        "0x.1",
        "0x7g.1",
        "local host",
        "127.0.0.1 x",
        "xn--localhost",
        "localhost6",
    ),
)
"""What others can reach, or nobody."""


@pytest.mark.parametrize(
    "host", [*LOOPBACK, "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]:{port}", "localhost:1", "127.1:"]
)
async def test_own_hosts(api: Running, host: str) -> None:
    """A request that names this machine is served."""
    assert await api.get("/status", headers={"Host": host.format(port=api.port)})


@pytest.mark.parametrize(
    "host",
    [
        *ELSEWHERE,
        "::1",
        "::1:{port}",
        "[::1%25lo]",
        "example.com:{port}",
        "127.0.0.1.nip.io:{port}",
        "0.0.0.0:{port}",
        "localhost@example.com",
        "[::1",
        "null",
    ],
)
async def test_foreign_hosts(api: Running, host: str) -> None:
    """A request under another name, as from a page that rebound its name to this machine, is 403."""
    answer = await api.ask("GET", "/status", headers={"Host": host.format(port=api.port)})
    assert refusal(answer) == (403, "foreign_host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.com"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://"},
        {"Origin": "http://["},
        {"Origin": "file://"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:{port}"},
        {"Origin": "http://127.0.0.1:{port}.example.com"},
        {"Origin": "http://user@127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:{port}"},
    ],
    ids=str,
)
async def test_foreign_pages(api: Running, headers: dict[str, str]) -> None:
    """A request that a page of another origin sends is 403 on every route, and does nothing."""
    sent = {name: value.format(port=api.port) for name, value in headers.items()}
    for method, path in [("GET", "/codebases"), ("POST", "/codebases"), ("GET", "/nothing"), ("OPTIONS", "/codebases")]:
        body = {"name": "x", "path": str(api.directory("x"))} if method == "POST" else None
        answer = await api.ask(method, path, body, headers=dict(sent))
        assert refusal(answer) == (403, "foreign_origin")
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert api.service.store.head == 0


async def test_own_pages(api: Running) -> None:
    """A page that this service itself serves may use it."""
    own = {"Origin": f"http://127.0.0.1:{api.port}", "Sec-Fetch-Site": "same-origin"}
    assert await api.get("/status", headers=own)
    assert await api.get("/status", headers={"Sec-Fetch-Site": "none"})


async def test_settings_refuse_an_open_door(tmp_path: Path) -> None:
    """An address that others can reach is refused without a token file; with one it is taken."""
    for host in ELSEWHERE:
        with pytest.raises(ValidationError, match="token-file"):
            Settings(host=host)
        assert Settings(host=host, token_file=tmp_path / "token").loopback is False
    for host in (*LOOPBACK, "::1", "::1%lo", "::ffff:127.0.0.1"):
        settings = Settings(host=host)
        assert settings.loopback
        with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as listening:
            listening.bind((settings.host, 0))
            assert listening.getsockname()[0] in ("127.0.0.1", "127.0.0.2", "127.255.255.254", "::1")


async def test_allowed_roots(tmp_path: Path) -> None:
    """With allowed roots only directories that really lie under one of them can be registered, whatever they are called."""
    inside, other, outside = (tmp_path / name for name in ("inside", "other", "outside"))
    for directory in (inside / "a", other / "b", outside / "c", tmp_path / "inside-out"):
        directory.mkdir(parents=True)
    (inside / "way-out").symlink_to(outside / "c")
    (outside / "way-in").symlink_to(inside / "a")
    (tmp_path / "link-to-other").symlink_to(other)
    roots = (inside, tmp_path / "link-to-other")
    settings = await asyncio.to_thread(Settings, data=tmp_path / "data", allow_root=roots)
    async with running(settings, tmp_path / "home") as api:

        async def register(path: Path | str) -> Any:
            answer = await api.ask("POST", "/codebases", {"name": "x", "path": str(path)})
            return answer.status if answer.status == 200 else refusal(answer)

        for path in (
            outside / "c",
            inside / "way-out",
            inside / "../outside/c",
            outside / "missing",
            tmp_path / "inside-out",
            "/",
        ):
            assert await register(path) == (403, "path_outside_roots")
        assert await register(inside / "missing") == (400, "invalid_input")
        assert api.service.store.head == 0
        assert await register(outside / "way-in") == 200
        assert await register(other / "b") == 200
        assert await register(inside) == 200


async def test_a_codebase_that_the_roots_no_longer_cover(tmp_path: Path) -> None:
    """After a restart with other roots, a codebase outside of them can be seen and deleted, but not worked on."""
    (tmp_path / "allowed").mkdir()
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api:
        codebase = await api.register()
    strict = await asyncio.to_thread(Settings, data=tmp_path / "data", allow_root=(tmp_path / "allowed",))
    async with running(strict, tmp_path / "home") as api:
        assert await api.get(f"/codebases/{codebase}")
        answer = await api.ask("POST", f"/codebases/{codebase}/trigger", {"prompt": "x"})
        assert refusal(answer) == (403, "path_outside_roots")
        assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
