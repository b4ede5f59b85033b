"""Makes the pictures of the page in `docs/screens`: `.venv/bin/python -m scripts.make_page_screens`. Needs Chromium."""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from tests.browser.audited import compare_file
from tests.browser.tab import Tab, tab
from tests.support.service import Running, running

from opencode_ledger.actors.twins.scripted_agent import RunFailed, ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.http.settings import Settings

SCREENS: Final = Path(__file__).parents[1] / "docs/screens"

DIFF: Final = """--- a/cart.py
+++ b/cart.py
@@ -1,5 +1,6 @@
 def total(cart):
-    return sum(price for price, quantity in cart.values())
+    # Each price counts once for each piece.
+    return sum(price * quantity for price, quantity in cart.values())
 # An empty cart costs nothing.
 EMPTY = {}
"""
TEST: Final = """--- /dev/null
+++ b/test_cart.py
@@ -0,0 +1,3 @@
+from cart import total
+def test_quantities_count():
+    assert total({"tea": (3, 2)}) == 6
"""
SUMMARY: Final = """The total now counts **each piece**.

| file | change |
| --- | --- |
| `cart.py` | multiplies price and quantity |
| `test_cart.py` | new test |
"""
VIEWS: Final = {
    "page-session": ("#/c/shop", "document.querySelector('#story table')"),
    "page-changes": ("#/c/shop/changes", "document.querySelectorAll('.changes .file').length === 2"),
    "page-events": ("#/c/shop/events", "document.querySelectorAll('.listing tr.kind').length > 10"),
    "page-time": ("#/c/shop?at=14", "document.querySelector('.past')"),
    "page-inbox": ("#/inbox", "document.querySelector('main .no')"),
    "page-proof": ("#/c/shop/e17/proof", "document.querySelector('.proving button')"),
}


async def work(agent: ScriptedAgent, prompt: Prompt) -> None:
    """Each codebase's own story, by the first word of its prompt."""
    first, _, _ = prompt.text.partition(" ")
    if first == "Upgrade":
        raise RunFailed("The provider refused: the credit balance is too low.")
    if first == "Remove":
        await agent.say("I'll remove the old logs.")
        await agent.leave_for("bash", {"command": "rm -r logs/2024"})
    elif first == "Fix":
        await _fix(agent)
    else:
        await agent.say("Reading the settings first.")
        await asyncio.sleep(3600)


async def _fix(agent: ScriptedAgent) -> None:
    await agent.say("I'll look at the cart first.")
    call = await agent.begin_tool("read", {"filePath": "cart.py"})
    await agent.end_tool(call, "read", "def total(cart):\n    return sum(price for price, quantity in cart.values())")
    call = await agent.begin_tool(
        "edit",
        {
            "filePath": "cart.py",
            "oldString": "    return sum(price for price, quantity in cart.values())",
            "newString": "    return sum(price * quantity for price, quantity in cart.values())",
        },
    )
    await agent.end_tool(call, "edit", "Edited cart.py")
    await agent.change_file("cart.py", "modify")
    call = await agent.begin_tool("bash", {"command": "python3 -m unittest"})
    await agent.end_tool(call, "bash", "Ran 1 test in 0.007s\n\nOK")
    await agent.change_file("test_cart.py")
    await compare_file(agent, "cart.py", DIFF)
    await compare_file(agent, "test_cart.py", TEST)
    await agent.spend({"input": 9800, "output": 117}, 0.031)
    await agent.say(SUMMARY)


async def _begin(api: Running) -> None:
    api.agents.play = work
    for name, prompt in [
        ("shop", "Fix the total in cart.py and add a test"),
        ("billing-api", "Remove the old logs"),
        ("docs-site", "Upgrade the theme"),
        ("web-frontend", "Dark mode for settings"),
    ]:
        codebase = await api.register(name)
        await api.post(f"/codebases/{codebase}/trigger", {"prompt": prompt})


async def _picture(page: Tab, name: str, address: str, until: str) -> None:
    await page.evaluate(f"void (location.hash = {address!r})")
    await page.until(until)
    if name == "page-proof":
        await page.evaluate("document.querySelector('.proving button').click()")
        await page.until("document.querySelector('.proving .verdict')")
    await asyncio.sleep(0.5)  # what the view reads has come by then
    await page.picture(SCREENS / f"{name}.png")
    print(f"wrote {name}.png")


async def main() -> None:
    """Let four agents work, and take a picture of each view, of one on a phone, and of one in dark."""
    with tempfile.TemporaryDirectory(prefix="opencode-ledger-") as folder:
        place = Path(folder)
        async with running(Settings(data=place / "data"), place / "home") as api, tab(place / "profile") as page:
            await _begin(api)
            await page.size(1280, 800)
            await page.go(f"http://127.0.0.1:{api.port}/#/c/shop")
            for name, (address, until) in VIEWS.items():
                await _picture(page, name, address, until)
            await page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
            await page.size(390, 844)
            await _picture(page, "page-phone", "#/c/shop", "document.querySelector('#story table')")


if __name__ == "__main__":
    asyncio.run(main())
