"""The page for people in Chromium, where no other host can be reached."""

from pathlib import Path

import pytest
from tests.support.service import Running, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.http.access.tokens import Tokens
from opencode_ledger.http.settings import Settings

from .test_docs import shown

SCRIPT = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\x1b[31mred"


async def work(agent: ScriptedAgent, _prompt: Prompt) -> None:
    """Say what would be dangerous in a page, use a tool, and ask."""
    await agent.say("Hm", kind="reasoning")
    await agent.say(SCRIPT)
    call = await agent.begin_tool("bash", {"command": "ls <b>"})
    await agent.end_tool(call, "bash", "a.py")
    await agent.change_file("a.py")
    await agent.leave_for("edit", {"filepath": "b.py"})


async def page(api: Running, path: str, profile: Path) -> tuple[str, str]:
    """The page at an address below the service's own, and what the browser had to say."""
    return await shown(f"http://127.0.0.1:{api.port}{path}", profile)


async def test_the_page_shows_a_session_as_it_is(tmp_path: Path) -> None:
    """It shows the codebases, what the agent said and did and asks, its tasks; whatever agents say stays text."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api:
        api.agents.play = work
        codebase = await api.register("shop")
        await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Look <i>around</i>"})
        await api.post(f"/codebases/{codebase}/tasks", {"title": "Add tests", "prompt": "Add tests"})
        dom, said = await page(api, f"/#{codebase}", tmp_path / "profile")
    expected = ["shop", "Look &lt;i&gt;around", "Reasoning", "&lt;img src=x", "ls &lt;b&gt;", "a.py", "1 queued"]
    assert [text for text in [*expected, "Allow the agent to use", "Send"] if text not in dom] == []
    assert "<title>(1) opencode-ledger</title>" in dom
    assert "Content Security Policy" not in said
    assert "Uncaught" not in said


async def test_the_page_asks_for_a_token(tmp_path: Path) -> None:
    """Where a token is needed the page asks for it, and shows nothing before."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home", token=Tokens.of("x" * 40)) as api:
        dom, _said = await page(api, "/", tmp_path / "profile")
    assert '<form id="sign-in">' in dom
    assert "data-key" not in dom


@pytest.mark.parametrize("path", ["/", "/dashboard/page.js", "/dashboard/screens/page.js", "/dashboard/looks/page.css"])
async def test_the_page_lets_nothing_in(tmp_path: Path, path: str) -> None:
    """The page and its parts forbid scripts, styles and connections of any other origin, and any inline."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api, api.client.get(path) as response:
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy
