"""The files that a session changed, and their differences, over HTTP."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.support.service import Running, running
from yarl import URL

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.file_trees import Action
from opencode_ledger.domain.secrets.masker import Masker, Secrets
from opencode_ledger.domain.secrets.shapes import MARK
from opencode_ledger.http.api.sessions import STEP, masked
from opencode_ledger.http.cli.erase import erase
from opencode_ledger.http.settings import Settings

ODD = "a b/é🛒 %41?&#.txt"
SECRET = "ghp_" + "k3y7Q" * 7 + "x"


async def compare(agent: ScriptedAgent, path: str, diff: str | None, action: Action = "modify") -> None:
    """The agent compared a file."""
    assert agent.run is not None
    lines = (diff or "").count("\n+"), (diff or "").count("\n-")
    compared = f.FileCompared(
        session_id=agent.run.session,
        action=action,
        path=path,
        additions=lines[0],
        deletions=lines[1],
        diff=diff,
        missing=None if diff is not None else "binary_or_empty",
    )
    await agent._say(compared)  # pyright: ignore[reportPrivateUsage]


async def work(api: Running) -> tuple[str, str]:
    """A session that changed files; its codebase and id."""
    codebase = await api.register("shop")
    session = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Go"}))["session_id"]
    agent = await api.agent_at_work(codebase)
    for path, action in (("cart.py", "modify"), ("new.txt", "create"), ("new.txt", "modify"), ("data.bin", "create")):
        await agent.change_file(path, action)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await agent.change_file("gone.txt", "delete")
    await compare(agent, "cart.py", "@@ -1 +1 @@\n-a\n+b")
    await compare(agent, "new.txt", f"@@ -0,0 +1 @@\n+key = {SECRET}", "create")
    await compare(agent, "data.bin", None, "create")
    await compare(agent, ODD, "@@ -0,0 +1 @@\n+zebrafish", "create")
    await compare(agent, "cart.py", "@@ -1 +1 @@\n-b\n+c")
    await agent.end("Done.")
    return codebase, session


async def test_changes_and_differences(api: Running) -> None:
    """Each changed file is listed once with what became of it; its differences are read one after another, masked."""
    codebase, session = await work(api)
    place = f"/codebases/{codebase}/sessions/{session}/changes"
    listed = await api.get(place)
    assert listed["total"] == 5
    shown = {file["path"]: file for file in listed["files"]}
    assert shown["cart.py"] == {
        "path": "cart.py",
        "action": "modify",
        "additions": 2,
        "deletions": 2,
        "diff_recorded": True,
    }
    assert (shown["new.txt"]["action"], shown["gone.txt"]["action"]) == ("create", "delete")
    assert {path: file.get("reason") for path, file in shown.items() if not file["diff_recorded"]} == {
        "data.bin": "binary_or_empty",
        "gone.txt": "not_compared",
    }
    page = await api.get(f"{place}?limit=2&offset=4")
    assert ([file["path"] for file in page["files"]], page["total"]) == (["cart.py"], 5)
    for path, text in (
        ("cart.py", "@@ -1 +1 @@\n-a\n+b\n@@ -1 +1 @@\n-b\n+c"),
        (ODD, "@@ -0,0 +1 @@\n+zebrafish"),
    ):
        address = api.client._base_url  # pyright: ignore[reportPrivateUsage]
        assert address is not None
        async with api.client.get(URL(f"/v1/opencode{place}/diff") % {"path": path}) as answer:
            assert (answer.status, answer.content_type, await answer.text()) == (200, "text/plain", text)
    async with api.client.get(URL(f"/v1/opencode{place}/diff") % {"path": "new.txt"}) as answer:
        assert SECRET not in await answer.text()
    async with api.client.get(f"/v1/opencode/codebases/{codebase}/log/export") as answer:
        export = await answer.text()
    assert "zebrafish" in export
    assert SECRET not in export


async def test_long_differences_are_masked_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """10 MB of differences: what is searched at once is small, and others have a turn of the loop after each step.

    The steps change nothing: a secret that lies over several of them, or over two differences, is masked.
    """
    masker, searched, turns, stop = Secrets([SECRET]), list[int](), 0, False
    look = Masker.spans

    def counted(self: Masker, text: str, start: int, *, after_secret: bool = False) -> list[tuple[int, int]]:
        searched.append(len(text))
        return look(self, text, start, after_secret=after_secret)

    async def others() -> None:
        nonlocal turns
        while not stop:
            turns += 1
            await asyncio.sleep(0)

    def lines(size: int) -> str:
        return "+ a line of code\n" * (size // 17)

    whole = [lines(STEP)[:-20] + SECRET, lines(3_000_000) + SECRET[:9], SECRET[9:] + lines(7_000_000)]

    async def more() -> AsyncGenerator[str]:
        for text in whole[1:]:
            yield text

    monkeypatch.setattr(Masker, "spans", counted)
    other = asyncio.create_task(others())
    pieces = [piece async for piece in masked(masker, whole[0], more())]
    stop = True
    await other
    assert b"".join(pieces).decode() == "".join(whole).replace(SECRET, MARK)
    assert max(searched) <= 2 * STEP
    assert len(searched) >= 10_000_000 // STEP
    assert turns >= len(searched) - 2


async def test_what_is_not_there(api: Running, subtests: pytest.Subtests) -> None:
    """An unknown session, a file that the session didn't change and one without a difference are 404."""
    codebase, session = await work(api)
    for address, status, code in (
        ("sess_none/changes", 404, "session_not_found"),
        ("sess_none/changes/diff?path=x", 404, "session_not_found"),
        (f"{session}/changes/diff?path=other.py", 404, "diff_not_found"),
        (f"{session}/changes/diff?path=data.bin", 404, "diff_not_found"),
        (f"{session}/changes/diff?path=..%2F..%2Fetc%2Fpasswd", 404, "diff_not_found"),
        (f"{session}/changes/diff?path=%00", 404, "diff_not_found"),
        (f"{session}/changes/diff?path=", 400, "invalid_input"),
        (f"{session}/changes/diff", 400, "invalid_input"),
        (f"{session}/changes?limit=0", 400, "invalid_input"),
    ):
        with subtests.test(address[-30:]):
            answer = await api.ask("GET", f"/codebases/{codebase}/sessions/{address}")
            assert (answer.status, answer.body["code"]) == (status, code)


async def test_erased_differences_are_gone(settings: Settings, tmp_path: Path) -> None:
    """After an erasure no difference of the session is read, and no byte of one is left."""
    async with running(settings, tmp_path / "home") as api:
        codebase, session = await work(api)
    await asyncio.to_thread(erase, session=session, reason="private", by="ann", yes=True, data=settings.data)
    async with running(settings, tmp_path / "home") as api:
        assert (await api.get(f"/codebases/{codebase}/sessions/{session}/changes"))["files"] == []
        answer = await api.ask("GET", f"/codebases/{codebase}/sessions/{session}/changes/diff?path=cart.py")
        assert answer.status == 404
    for path in settings.data.rglob("*"):
        assert not path.is_file() or b"zebrafish" not in path.read_bytes(), path
