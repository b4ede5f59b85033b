"""Every view of the page: for people who can't see it well, or have no mouse; and what each of them is for."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from tests.clients.programs import HERE as CLIENTS
from tests.clients.programs import node_with_packages
from tests.support.service import Running, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.events import Json
from opencode_ledger.http.settings import Settings

from .tab import Tab, tab

pytestmark = pytest.mark.xdist_group("node")  # who comes first installs the packages, and nobody else meanwhile

SIZES: Final = {"desktop": (1280, 800), "tablet": (768, 1024), "phone": (390, 844)}
SCHEMES: Final = ("light", "dark")

VIEWS: Final = (
    "#/",
    "#/inbox",
    "#/queue",
    "#/search?q=clean",
    "#/c/billing",
    "#/c/billing/sessions",
    "#/c/billing/changes",
    "#/c/billing/events",
    "#/c/billing/proof",
    "#/c/nobody",
    "#/nothing/here",
)
"""Every view, and what stands where nothing is."""

AXE: Final = """
axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => JSON.stringify(violations
  .filter(({ impact }) => ["moderate", "serious", "critical"].includes(impact))
  .map(({ id, nodes }) => [id, nodes.slice(0, 3).map((node) => node.html.slice(0, 160))])))
"""

WIDTH: Final = "Math.max(...[document.documentElement, document.querySelector('main')].map((one) => one.scrollWidth))"
"""The width of what can be scrolled to, in the page and within its view."""

QUESTIONS: Final[list[Json]] = [
    {"question": "Which parts?", "multiple": True, "options": [{"label": "search, all"}, {"label": "export"}]},
    {"question": "Which name?"},
]
ASKED: Final = {
    "billing": ("bash", {"command": "rm \u202egol.dlo\u202c /tmp/x"}),
    "cart": ("edit", {"filepath": "cart.py", "diff": "--- cart.py\n+++ cart.py\n@@ -1 +1 @@\n-return 0\n+return 1\n"}),
}


async def work(agent: ScriptedAgent, prompt: Prompt) -> None:
    """Ask for what the prompt names."""
    subject = prompt.text.partition(":")[0]
    if subject in ASKED:
        await agent.leave_for(*ASKED[subject])
    elif subject == "ask":
        question = await agent.inquire(*QUESTIONS)
        assert agent.run
        await agent.run.questions[question]


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncGenerator[tuple[Running, Tab]]:
    """A service with agents that wait for permission and for answers, and tasks behind them; and a browser."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api, tab(tmp_path / "profile") as page:
        api.agents.play = work
        for name in ("billing", "cart", "ask"):
            await api.register(name)
            await api.post(f"/codebases/{name}/trigger", {"prompt": f"{name}: clean up"})
        for title in ("First", "Second", "Third"):
            await api.post("/codebases/billing/tasks", {"title": title, "prompt": "nothing"})
        yield api, page


async def show(page: Tab, size: str, scheme: str) -> None:
    await page.size(*SIZES[size])
    await page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


async def test_axe_finds_nothing_on_any_view(tmp_path: Path) -> None:
    """Nothing moderate or worse: on every view, in both schemes and three sizes; and nothing is wider than the screen."""
    await node_with_packages()
    axe = (CLIENTS / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
    found = dict[str, Any]()
    async with opened(tmp_path) as (api, page):
        await page.size(*SIZES["desktop"])
        await page.go(f"http://127.0.0.1:{api.port}/")
        await page.until("document.querySelectorAll('#codebases a').length === 3")
        await page.evaluate(f"void (() => {{ {axe} }})()")
        for view in VIEWS:
            await page.evaluate(f"void (location.hash = {json.dumps(view)})")
            await page.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done), 300))")
            for size in SIZES:
                for scheme in SCHEMES:
                    await show(page, size, scheme)
                    wrong = json.loads(await page.evaluate(AXE))
                    width = await page.evaluate(WIDTH)
                    if wrong or width > SIZES[size][0]:
                        found[f"{view} {size} {scheme}"] = [wrong, width]
    assert found == {}


async def test_the_inbox_by_keyboard_alone(tmp_path: Path) -> None:
    """A person sees what waits, allows it, rejects it with words and answers questions, without a mouse."""
    async with opened(tmp_path) as (api, page):
        await page.size(*SIZES["desktop"])
        await page.go(f"http://127.0.0.1:{api.port}/")
        await page.until("document.title === '(3) opencode-ledger'")
        assert "waiting" in await page.evaluate("document.querySelector('link[rel=icon]').href")
        await page.keys("gi")
        await page.until("document.querySelectorAll('.inbox .ask').length === 3")
        shown = await page.evaluate("document.querySelector('.inbox').innerText")
        assert "rm <U+202E>gol.dlo<U+202C> /tmp/x" in shown
        assert "rm *" in shown
        assert "-return 0\n+return 1" in shown.replace("\n\n", "\n")
        await page.keys("ja")
        await page.until("document.querySelector('dialog[open]')?.innerText.includes('Always allow bash in billing?')")
        await page.press("Escape")
        await page.until("!document.querySelector('dialog')")
        await page.keys("y")
        await page.until("document.querySelectorAll('.inbox .ask').length === 2")
        assert await page.evaluate("document.activeElement.closest('.ask') !== null")
        await page.keys("jkjk")
        await page.keys("n")
        await page.keys("Not now")
        await page.press("Enter")
        await page.until("document.querySelectorAll('.inbox .ask').length === 1")
        await page.evaluate("document.querySelector('.question [value=\"0\"]').focus()")
        await page.keys(" ")
        await page.evaluate("document.querySelector('[name=own1]').focus()")
        await page.keys("Ada")
        await page.press("Enter")
        await page.until("document.querySelector('.inbox .hint')?.textContent === 'Nothing waits for you.'")
        await page.until("document.title === 'opencode-ledger'")
        replies = {
            name: api.agents.of((await api.get(f"/codebases/{name}"))["id"]).answers for name in ("billing", "cart")
        }
        given = api.agents.of((await api.get("/codebases/ask"))["id"]).question_answers
    assert [list(map(list, answers or ())) for _, answers in given] == [[["search, all"], ["Ada"]]]
    assert replies["billing"][0][1] == "once"
    assert replies["cart"][0][1:] == ("reject", "Not now")


async def test_the_queue_is_a_board(tmp_path: Path) -> None:
    """Tasks are moved by keys and buttons, edited, cancelled and retried; one task goes to several codebases."""
    async with opened(tmp_path) as (api, page):
        await page.size(*SIZES["desktop"])
        await page.go(f"http://127.0.0.1:{api.port}/#/queue")
        titles = "[...document.querySelectorAll('.board section:first-child .task > a')].map((one) => one.textContent)"
        await page.until(f"{titles}.join() === 'First,Second,Third'")
        await page.evaluate(
            "[...document.querySelectorAll('.task')].find((one) => one.innerText.startsWith('Third')).focus()"
        )
        await page.press("ArrowUp", alt=True)
        await page.until(f"{titles}.join() === 'First,Third,Second'")
        assert await page.evaluate("document.activeElement.innerText.startsWith('Third')")
        await page.evaluate("document.querySelector('[aria-label=\"Higher priority: Second\"]').click()")
        await page.until(f"{titles}.join() === 'Second,First,Third'")
        await page.evaluate("document.querySelector('[aria-label=\"Edit: First\"]').click()")
        await page.until("document.querySelector('dialog[open] [name=title]')")
        await page.evaluate("document.querySelector('dialog [name=title]').value = 'Changed'")
        await page.evaluate("document.querySelector('dialog .yes').click()")
        await page.until(f"{titles}.join() === 'Second,Changed,Third' && !document.querySelector('dialog')")
        await page.evaluate("document.querySelector('[aria-label=\"Cancel: Changed\"]').click()")
        await page.until("document.querySelector('[aria-label=\"Retry: Changed\"]')")
        await page.evaluate("document.querySelector('[aria-label=\"Retry: Changed\"]').click()")
        await page.until(f"{titles}.join() === 'Second,Third,Changed'")
        await page.evaluate("document.querySelector('.planner summary').click()")
        await page.evaluate("document.querySelector('.planner [name=prompt]').value = 'Everywhere\\nplease'")
        await page.evaluate("document.querySelector('.planner form').requestSubmit()")
        await page.until("document.getElementById('problem').innerText.includes('Choose a codebase.')")
        assert await page.evaluate("document.querySelector('.planner [name=prompt]').value") == "Everywhere\nplease"
        await page.evaluate("document.querySelectorAll('[name=codebase]').forEach((box) => box.click())")
        await page.evaluate("document.querySelector('.planner form').requestSubmit()")
        await page.until(f"{titles}.filter((one) => one === 'Everywhere').length === 3")


async def test_search_addresses_and_the_way_back(tmp_path: Path) -> None:
    """What is found leads to its event; each view has an address, and the back button goes to the one before."""
    async with opened(tmp_path) as (api, page):
        await page.size(*SIZES["desktop"])
        await page.go(f"http://127.0.0.1:{api.port}/")
        await page.until("document.querySelectorAll('#codebases a').length === 3")
        await page.keys("/")
        await page.keys("clean")
        await page.press("Enter")
        await page.until("document.querySelectorAll('.found em').length >= 3")
        assert await page.evaluate("location.hash") == "#/search?q=clean"
        await page.evaluate("document.querySelector('.found a').click()")
        await page.until("/^#\\/c\\/[a-z]+\\/s\\/sess_\\w+\\/e\\d+$/.test(location.hash)")
        await page.evaluate("history.back()")
        await page.until("location.hash === '#/search?q=clean' && document.querySelectorAll('.found em').length >= 3")
        await page.keys("?")
        await page.until("document.querySelector('dialog[open] kbd')")
        await page.press("Escape")
        await page.until("!document.querySelector('dialog')")


@asynccontextmanager
async def cuttable_line(port: int) -> AsyncGenerator[tuple[int, asyncio.Event]]:
    """A line to the service that is dead while the event is set. Its own port stays the same."""
    dead, open_ones = asyncio.Event(), set[asyncio.StreamWriter]()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while (data := await reader.read(65536)) and not dead.is_set():
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if dead.is_set():
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", port)
        pair = {writer, back}
        open_ones.update(pair)
        watching = asyncio.create_task(cut(pair))
        await asyncio.gather(carry(reader, back), carry(there, writer))
        watching.cancel()

    async def cut(pair: set[asyncio.StreamWriter]) -> None:
        await dead.wait()
        for writer in pair:
            writer.transport.abort()

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], dead
    finally:
        dead.set()
        server.close()
        for writer in open_ones:
            writer.transport.abort()


async def test_a_service_that_is_away_is_said_once(tmp_path: Path) -> None:
    """One banner with a countdown; commands are off; and all is as it was once the service answers again."""
    async with opened(tmp_path) as (api, page), cuttable_line(api.port) as (port, dead):
        await page.size(*SIZES["desktop"])
        await page.go(f"http://127.0.0.1:{port}/#/c/billing")
        await page.until("document.getElementById('stop')?.disabled === false")
        height = await page.evaluate("document.querySelector('header').offsetHeight")
        dead.set()
        await page.until("document.querySelector('.away')?.innerText.includes('next try in')")
        assert await page.evaluate(
            "document.getElementById('stop').disabled && document.getElementById('say').disabled"
        )
        assert await page.evaluate("document.querySelectorAll('[role=alert]:not([hidden])').length") == 1
        assert await page.evaluate("document.title") == "(away) opencode-ledger"
        assert await page.evaluate("document.querySelector('header').offsetHeight") == height < 60
        assert await page.evaluate("Number(getComputedStyle(document.querySelector('.totals')).opacity) < 1")
        dead.clear()
        await page.evaluate("document.querySelector('.away button')?.click()")
        await page.until("!document.querySelector('.away') && document.getElementById('stop').disabled === false")
