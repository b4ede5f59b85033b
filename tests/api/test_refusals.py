"""Requests that are refused, and those that just aren't. The long tables of hostile ones are in `hostile/`."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
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
    assert detail[0].isupper() or detail[0] == "`"
    assert "\n" not in detail


async def test_wrong_method_names_the_right_ones(api: Running) -> None:
    """A 405 says in `Allow` what would be right."""
    answer = await api.ask("PUT", "/codebases")
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}


async def test_root_is_the_one_shape_too(api: Running) -> None:
    """Also outside the API's own addresses, errors have the one shape."""
    async with api.client.get("/nothing/at/all") as response:
        assert (response.status, (await response.json())["code"]) == (404, "unknown_route")


async def test_too_large_without_a_length(api: Running) -> None:
    """A body without a length is refused as soon as it is too large."""
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


async def test_a_link_that_stays_inside(api: Running) -> None:
    """A file may be named through a link as long as it really lies in the codebase."""
    codebase = await api.register()
    directory = api.directory("my-project")
    (directory / "real.py").touch()
    (directory / "link.py").symlink_to("real.py")
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x", "files": ["./link.py", "real.py"]})


@pytest.mark.parametrize("command", ["trigger", "tasks"])
async def test_a_file_whose_name_is_a_secret(api: Running, command: str) -> None:
    """A file that could not be named in the log is refused: what is masked would be found nowhere."""
    codebase = await api.register()
    api.service.secrets.learn("test", ["the-secret-of-the-house"])
    (api.directory("my-project") / "the-secret-of-the-house.txt").touch()
    body = {"title": "x", "prompt": "x", "files": ["the-secret-of-the-house.txt"]}
    if command == "trigger":
        del body["title"]
    async with nothing_recorded(api):
        answer = await api.ask("POST", f"/codebases/{codebase}/{command}", body)
        assert_refused(answer, 400, "invalid_input")
    assert answer.body["detail"].startswith("`files` has a name that is or contains a secret")


async def test_a_directory_whose_name_is_not_text(api: Running) -> None:
    """A link to a directory whose real name can't be written in JSON is refused."""
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
