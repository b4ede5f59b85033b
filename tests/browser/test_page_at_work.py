"""The page with the real service and the real agent: a person starts it, answers it, steers, interrupts and stops it."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from scripts.scripted_model import ScriptedModel
from tests.faults.service import Codebase, Service
from tests.opencode.live import opencode_binary

from .tab import Tab, tab

CONTROL = 2
"""The modifier of the control key, as Chromium counts it."""

TEXT = r"(document.querySelector('#events')?.innerText ?? '').replace(/\s+/g, ' ')"
ANSWERS = "[...document.querySelectorAll('#events .is-answer .prose')].map((one) => one.innerText.trim())"
COMMANDS = "[...document.querySelectorAll('#events .is-call .target')].map((one) => one.textContent)"
CARD = "document.querySelector('.story .ask.waiting')"
NUMBERS = "[...document.querySelectorAll('#events > article')].map((block) => Number(block.id.slice(1)))"
AT_END = "((story) => story.scrollHeight - story.scrollTop - story.clientHeight < 2)(document.querySelector('#story'))"
OPEN_ALL = "document.querySelectorAll('#events details').forEach((one) => (one.open = true))"

WORK = (
    "say: I look around first.",
    "read: README.md",
    "grep: Example",
    "edit: old.txt | old -> new",
    r"bash: printf '\033[31mred\033[0m <b>bold</b> \342\200\256'; exit 3",
    "bash: touch answered.txt",
    "say: Done with **that**.",
)


@asynccontextmanager
async def working(folder: Path) -> AsyncGenerator[tuple[Service, Codebase, Tab]]:
    """The service with a codebase, and a browser that shows it."""
    binary = opencode_binary()
    if binary is None:
        pytest.skip("opencode is not installed here")
    folder.joinpath("service").mkdir()
    async with ScriptedModel() as model:
        service = Service(folder.joinpath("service").resolve(), binary, model)
        try:
            await service.start()
            codebase = await service.register()
            async with tab(folder / "profile") as page:
                await page.size(1280, 800)
                await page.go(f"{service.url}/#/c/{codebase.directory.name}")
                yield service, codebase, page
        finally:
            left = await service.close()
    assert left == {}, "the service left processes behind"


async def say(page: Tab, button: str, *lines: str) -> None:
    """Write to the agent, and send it by the keyboard, once the form's button has this name."""
    await page.until(f"document.querySelector('#say:enabled')?.textContent === '{button}'")
    await page.evaluate("document.querySelector('#words').focus()")
    await page.ask("Input.insertText", text="\n".join(lines))
    key = {"key": "Enter", "windowsVirtualKeyCode": 13, "modifiers": CONTROL}
    await page.ask("Input.dispatchKeyEvent", type="rawKeyDown", **key)
    await page.ask("Input.dispatchKeyEvent", type="keyUp", **key)
    await page.until("document.querySelector('#words').value === ''")


async def until(page: Tab, script: str) -> None:
    """Wait until an expression is true; an agent's start and its steps take long on a machine at work."""
    for _ in range(2):
        with suppress(TimeoutError):
            return await page.until(script)
    raise AssertionError(f"{script} is not true of: {await page.evaluate('document.body.innerText')}")


async def shows(page: Tab, *texts: str) -> None:
    """Wait until the transcript has all these texts."""
    for text in texts:
        await until(page, f"{TEXT}.includes({text!r})")


async def work_with_tools(page: Tab) -> None:
    """Tools are named and folded, what a command printed is harmless, a permission is given where it is asked."""
    await until(page, "document.querySelector('#words')")
    await page.evaluate("document.querySelector('[name=files]').focus()")
    await page.ask("Input.insertText", text="README.md")
    await say(page, "Start agent", *WORK)
    await until(page, f"{CARD}?.querySelector('.command')?.textContent.includes('touch answered.txt')")
    await page.evaluate(f"{CARD}.querySelector('.yes').click()")
    await shows(page, "Completed", "with the files README.md", "Explored: 1 read, 1 search", "✗ exit 3", "Allowed once")
    assert await page.evaluate(ANSWERS) == ["I look around first.", "Done with that."]
    await until(page, AT_END)
    await shows(page, "✓ exit 0", "edit old.txt +1 −1", "2 changed files", "created answered.txt")
    await page.evaluate(OPEN_ALL)
    await until(page, "document.querySelector('#events .output .front-1')?.textContent === 'red'")
    output = await page.evaluate("document.querySelector('#events .output:has(.front-1)').textContent")
    assert output == "red <b>bold</b> <U+202E>"
    assert await page.evaluate("document.querySelector('#events .prose strong').textContent") == "that"
    assert await page.evaluate("document.querySelector('#events .lines tr.added .text').textContent") == "+new"


async def steer_and_answer(page: Tab) -> None:
    """A message reaches the agent while it runs; a question is answered by its options."""
    await say(page, "Start agent", "say 0.05: " + "on and on " * 12, "bash: sleep 0.2")
    await shows(page, "on and on on")
    await say(page, "Send", "question: Which one? first / second", "say: So be it.")
    await until(page, f"{CARD}?.querySelector('[type=radio]')")
    await page.evaluate(f"{CARD}.querySelectorAll('[type=radio]')[1].click()")
    await page.evaluate(f"{CARD}.querySelector('.yes').click()")
    await shows(page, "✓ Answered", "So be it.", "Completed")
    assert await page.evaluate("document.querySelector('#events .answer').textContent") == "second"


async def interrupt_restart_stop(service: Service, codebase: Codebase, page: Tab) -> None:
    """After an interrupt and a restart in mid-run the page goes on by itself, and nothing is lost or there twice."""
    await say(page, "Start agent", "say: The beginning.", "bash: sleep 60")
    await shows(page, "The beginning.", "… running")
    await page.evaluate("document.querySelector('#interrupt').click()")
    await shows(page, "Session interrupted: on request", "sleep 60 ended")
    await say(page, "Resume", "say: The middle.", "bash: sleep 61")
    await until(page, f"{ANSWERS}.includes('The middle.') && {COMMANDS}.includes('sleep 61')")
    service.send_signal(signal.SIGTERM)
    await service.ended()
    await until(page, "document.querySelector('.away [role=alert]')")
    assert await page.evaluate("document.querySelector('#say').disabled && document.querySelector('#stop').disabled")
    await service.start()
    await until(page, "!document.querySelector('.away')")
    await shows(page, "Session interrupted: the service was stopped")
    assert await page.evaluate(ANSWERS) == ["The beginning.", "The middle."]
    assert (await page.evaluate(COMMANDS)).count("sleep 61") == 1
    numbers = await page.evaluate(NUMBERS)
    assert numbers == sorted(set(numbers))
    await until(page, "document.querySelector('#stop:enabled')")
    await page.evaluate("document.querySelector('#stop').click()")
    await until(page, "document.querySelector('#confirm')")
    assert await codebase.status() == "interrupted"
    await page.evaluate("document.querySelector('#confirm').click()")
    await shows(page, "Session stopped")


@pytest.mark.timeout(400)
async def test_a_session_with_the_real_agent(tmp_path: Path) -> None:
    """Start with files, tools, a permission, a message in mid-run, a question, an interrupt, a restart, a stop."""
    async with working(tmp_path) as (service, codebase, page):
        await work_with_tools(page)
        await steer_and_answer(page)
        await interrupt_restart_stop(service, codebase, page)
        await asyncio.sleep(0)
