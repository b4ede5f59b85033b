"""The page in Firefox: what is asked is seen and answered, what an agent says is harmless, and policies hold."""

from pathlib import Path

from tests.support.service import running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.http.settings import Settings

from .firefox import fox

SCRIPT = (
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\x1b[31mred \u202eesrever"
)
COMMAND = "rm \u202egol.dlo\u202c /tmp/x"


async def work(agent: ScriptedAgent, _prompt: Prompt) -> None:
    """Say what would be dangerous in a page, and ask."""
    await agent.say(SCRIPT)
    await agent.leave_for("bash", {"command": COMMAND})
    await agent.say("Done.")


async def test_the_job_in_firefox(tmp_path: Path) -> None:
    """Start an agent by keyboard, read what it says, allow what it asks in the inbox, see it end; nothing is executed."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api, fox(tmp_path / "profile") as page:
        api.agents.play = work
        await api.register("shop")
        await page.size(1280, 800)
        await page.go(f"http://127.0.0.1:{api.port}/#/c/shop")
        await page.until("document.getElementById('speak')")
        await page.keys("c")
        await page.keys("Tidy up")
        await page.evaluate("document.getElementById('say').click()")
        await page.until("document.title === '(1) opencode-ledger'")
        await page.until("document.getElementById('events')?.textContent.includes('<U+202E>')")
        await page.evaluate("document.activeElement.blur()")
        await page.keys("gi")
        await page.until("document.querySelector('.inbox .command')")
        shown = await page.evaluate("document.querySelector('.inbox .command').textContent")
        await page.keys("jy")
        await page.until("document.title === 'opencode-ledger'")
        await page.evaluate("location.hash = '#/c/shop'")
        await page.until("document.getElementById('events')?.textContent.includes('Done.')")
        raw = await page.evaluate(r"/[\u202a-\u202e\u2066-\u2069\u200b\x1b]/u.test(document.documentElement.outerHTML)")
        scripts = await page.evaluate("document.querySelectorAll('#page script, #page img, #page [onerror]').length")
    assert shown == "rm <U+202E>gol.dlo<U+202C> /tmp/x"
    assert not raw
    assert scripts == 0
