"""The page behind nginx, with TLS and under a path prefix, as a person on another machine uses it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.proxies import HOST, certificate, free_port, nginx, nginx_configuration, published
from tests.support.service import Running, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt

from .tab import Tab, tab

TOKEN = "a-token-for-the-page-behind-nginx"
METRICS = "fetch('metrics').then((answer) => answer.status)"


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncGenerator[tuple[Running, Tab, str]]:
    """The service behind nginx, a browser that reaches only that, and the page's URL."""
    port = free_port()
    url = f"https://{HOST}:{port}/ledger"
    settings = published(tmp_path, url, TOKEN)
    await certificate(tmp_path)
    flags = ("--ignore-certificate-errors", f"--host-resolver-rules=MAP {HOST} 127.0.0.1")
    async with running(settings, tmp_path / "home") as api:
        configuration = nginx_configuration(tmp_path, port, api.port, location="/ledger/")
        async with nginx(tmp_path, configuration, port), tab(tmp_path / "profile", *flags) as page:
            yield api, page, url


async def work(agent: ScriptedAgent, _prompt: Prompt) -> None:
    """Say something, and then wait for a person: whatever a proxy held back would never be seen."""
    await agent.say("I look around first.")
    await agent.leave_for("bash", {"command": "make"})


async def sign_in(page: Tab) -> None:
    await page.until("document.getElementById('sign-in')")
    await page.evaluate(f"document.querySelector('[name=token]').value = '{TOKEN}'")
    await page.evaluate("document.querySelector('#sign-in button').click()")
    await page.until("!document.getElementById('sign-in')")


async def test_a_person_signs_in_and_works(tmp_path: Path) -> None:
    """They sign in, register, start an agent, see at once what it says, answer it, read the API's pages, and sign out."""
    async with opened(tmp_path) as (api, page, url):
        api.agents.play = work
        directory = api.directory("shop")
        await page.go(url)
        await sign_in(page)
        assert await page.evaluate("location.pathname") == "/ledger/"
        assert await page.evaluate("document.cookie") == ""
        assert TOKEN not in str(await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])"))
        await page.evaluate(
            f"const f = document.querySelector('.register form').elements; f.name.value = 'shop'; f.path.value = '{directory}'"
        )
        await page.evaluate("document.querySelector('.register button').click()")
        await page.until("document.getElementById('name')?.textContent === 'shop'")
        await page.evaluate("document.querySelector('[name=words]').focus()")
        await page.ask("Input.insertText", text="Build it")
        await page.evaluate("document.getElementById('say').click()")
        await page.until("document.getElementById('events')?.textContent.includes('I look around first.')")
        await page.until("document.querySelector('.ask .yes')")
        await page.evaluate("document.querySelector('.ask .yes').click()")
        await page.until("document.getElementById('events')?.textContent.includes('Completed')")
        await page.go(f"{url}/?again")
        await page.until("document.getElementById('codebases')?.textContent.includes('shop')")
        assert await page.evaluate("!document.getElementById('sign-in')")
        await sign_out_in_the_docs(page, url)
        await page.go(f"{url}/")
        await sign_in(page)
        assert await page.evaluate(METRICS) == 200
        await page.evaluate("document.getElementById('sign-out').click()")
        await page.until("document.getElementById('sign-in')")
        assert not await page.evaluate("document.getElementById('sign-out')")
        assert await page.evaluate(METRICS) == 401


async def sign_out_in_the_docs(page: Tab, url: str) -> None:
    """The page of the API finds its document, and sends a command as the person who signed in."""
    operation = "#operations-System-sign_out"
    await page.go(f"{url}/docs")
    await page.until(f"document.querySelector('{operation} .opblock-summary-control')")
    await page.evaluate(f"document.querySelector('{operation} .opblock-summary-control').click()")
    await page.until(f"document.querySelector('{operation} .execute')")
    await page.evaluate(f"document.querySelector('{operation} .execute').click()")
    await page.until(f"document.querySelector('{operation} .live-responses-table .response-col_status')")
    status = f"document.querySelector('{operation} .live-responses-table tbody .response-col_status').textContent"
    assert str(await page.evaluate(status)).startswith("200")
    assert await page.evaluate(METRICS) == 401
