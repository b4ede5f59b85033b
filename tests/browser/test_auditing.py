"""An auditor at the page: events, proofs, changes and time, in one browser on one service whose answers are forged."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.service import Running, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.visible_text import one_line
from opencode_ledger.http.settings import Settings

from .audited import DIFF, HIDDEN, work
from .tab import Tab, tab

FORGERY = """
const real = window.fetch;
window.fetch = async (address, init) => {
  const response = await real(address, init);
  const forge = window.forge;
  if (!forge || !String(address).includes('/log')) return response;
  return new Response(forge(String(address), await response.text()), { status: response.status, headers: response.headers });
};
navigator.clipboard.writeText = async (text) => void (window.copied = text);
"""
"""What stands between the page and the service: it may change what the service says of its log."""

BADGE = "document.getElementById('badge').textContent.trim()"
BUTTON = "[...document.querySelectorAll('main button')].find((one) => one.textContent.trim().startsWith({}))"
PROVED = "document.querySelector('.proving .verdict')?.textContent.trim()"
GIVEN = """
((name, text, way) => {
  const given = new DataTransfer();
  given.items.add(new File([text], name));
  const place = document.querySelector(way === 'drop' ? '#drop' : '#drop input');
  if (way !== 'drop') place.files = given.files;
  place.dispatchEvent(way === 'drop' ? new DragEvent('drop', { dataTransfer: given, bubbles: true, cancelable: true }) : new Event('change'));
})
"""


DONE = {"create": "created", "modify": "changed", "delete": "deleted"}

LONG = 700
"""Words of an agent, each an event."""

MOST = 2000
"""Milliseconds that the page may be busy at a stretch, on a machine with other work."""

LONGEST_TASK = """
window.longest = 0;
new PerformanceObserver((list) => list.getEntries().forEach((one) => (window.longest = Math.max(window.longest, Math.round(one.duration)))))
  .observe({ entryTypes: ['longtask'] });
"""


async def talk(agent: ScriptedAgent, _prompt: Prompt) -> None:
    """Say much, in many events."""
    for number in range(LONG):
        await agent.say(f"{number} ")


class Auditor:
    """A person with a browser, on a service with one session."""

    def __init__(self, api: Running, page: Tab, codebase: str) -> None:
        self.api = api
        self.page = page
        self.codebase = codebase

    async def at(self, address: str, until: str) -> None:
        """Go to a view, until something is there."""
        await self.page.evaluate(f"void (location.hash = {json.dumps(address)})")
        await self.page.until(until)

    async def click(self, words: str) -> None:
        """Click the button that begins with these words."""
        await click(self.page, words)

    async def text(self, selector: str) -> str:
        """What an element says."""
        return str(await self.page.evaluate(f"document.querySelector({json.dumps(selector)}).textContent"))

    async def give(self, name: str, text: str, way: str) -> str:
        """Give the page a file that was kept, by `drop` or by `button`: what it says of it."""
        count = await self.page.evaluate("document.querySelectorAll('.compared > li').length")
        await self.page.evaluate(f"{GIVEN}({json.dumps(name)}, {json.dumps(text)}, {json.dumps(way)})")
        await self.page.until(f"document.querySelectorAll('.compared > li').length > {count}")
        return await self.text(".compared > li")

    async def event_of(self, kind: str) -> dict[str, Any]:
        """The first event of a kind in the log."""
        log = await self.api.get(f"/codebases/{self.codebase}/log?limit=500")
        return next(event for event in log["events"] if event["type"] == kind)


async def click(page: Tab, words: str) -> None:
    """Click the button that begins with these words, as soon as it can be clicked."""
    button = BUTTON.format(json.dumps(words))
    await page.until(f"{button} && !{button}.disabled")
    await page.evaluate(f"{button}.click()")


@asynccontextmanager
async def auditing(tmp_path: Path) -> AsyncGenerator[Auditor]:
    """The service with a session that waits for a person, and the page on it."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api, tab(tmp_path / "profile") as page:
        api.agents.play = work
        codebase = await api.register("shop")
        await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Fix the total"})
        await page.size(1280, 800)
        await page.ask("Page.enable")
        await page.ask("Page.addScriptToEvaluateOnNewDocument", source=FORGERY)
        await page.go(f"http://127.0.0.1:{api.port}/#/c/shop")
        await page.until("document.title.startsWith('(1)')")
        head = (await api.get(f"/codebases/{codebase}/log?limit=1"))["head"]
        await page.until(f"document.querySelector('#time-at')?.max === '{head - 1}'")  # all but its registration
        yield Auditor(api, page, codebase)


async def test_an_auditor_needs_nothing_but_the_page(tmp_path: Path) -> None:
    """The log is checked in the browser, events and changes are proved, the past is looked at; no forgery passes."""
    async with auditing(tmp_path) as auditor:
        await the_log_is_checked(auditor)
        await events_are_listed_and_proved(auditor)
        await changes_are_shown(auditor)
        await the_past_is_looked_at(auditor)
        await keys_lead_there(auditor)
        await what_was_kept_is_compared(auditor)
        await forgeries_are_found(auditor)
        await nothing_hostile_happened(auditor)


async def the_log_is_checked(auditor: Auditor) -> None:
    """At first there is nothing to compare with, and the badge doesn't say sound; then it does, with what was checked."""
    await auditor.page.until(f"document.getElementById('badge') && {BADGE}.includes('log signed at')")
    assert "sound" not in await auditor.page.evaluate(BADGE)
    await auditor.at("#/proof", BUTTON.format("'Check now'"))
    await auditor.click("Check now")
    await auditor.page.until(f"{BADGE}.includes('log sound to')")
    title = await auditor.page.evaluate("document.getElementById('badge').title")
    assert "Checked in this browser" in title
    assert "is signed with this key" in title
    size = (await auditor.text(".facts dd")).replace(",", "")
    proof = await auditor.api.get(f"/log/proofs/consistency?from=1&to={size}")
    assert proof["to_root_hash"] == await auditor.text("#root")


async def events_are_listed_and_proved(auditor: Auditor) -> None:
    """The table filters by kind, shows the JSON byte for byte, has addresses, and proves an event."""
    page, wanted = auditor.page, await auditor.event_of("tool_use")
    await auditor.at("#/c/shop/events", "document.querySelector('#kind option[value=tool_use]')")
    await page.evaluate("void (kind.value = 'tool_use', kind.dispatchEvent(new Event('change')))")
    await page.until("document.querySelectorAll('.listing tr.kind').length === 3")
    shorts = await page.evaluate("[...document.querySelectorAll('.listing .short')].map((one) => one.textContent)")
    assert shorts == ["read cart.py", "__proto__ clear", "bash ls"]
    await page.evaluate("void (kind.value = '', kind.dispatchEvent(new Event('change')))")
    number = wanted["sequence"]
    await auditor.at(f"#/c/shop/e{number}/events", f"document.querySelector('#row-{number}.here')")
    await page.evaluate(f"document.querySelector('#row-{number} button').click()")
    await page.until("document.querySelector('.raw')")
    assert json.loads(await auditor.text(".raw")) == wanted["data"]
    await auditor.click(f"Prove event {number}")
    await page.until(PROVED)
    assert "✓ proved" in await page.evaluate(PROVED)
    assert f"Event {number} is in the log signed at" in await auditor.text(".findings")
    link = await page.evaluate(f"document.querySelector('#row-{number} a').getAttribute('href')")
    assert link == f"#/c/shop/s/{wanted['data']['session_id']}/e{number}"


async def changes_are_shown(auditor: Auditor) -> None:
    """Files with what was added and removed, in both layouts; a patch to copy; why a difference is missing."""
    page = auditor.page
    await auditor.at("#/c/shop/changes", "document.querySelectorAll('.changes .file').length === 3")
    said = await auditor.text(".changes")
    assert "3 files changed" in said
    assert "it is binary or empty" in said
    assert "<U+202E>" in said
    sessions = (await auditor.api.get(f"/codebases/{auditor.codebase}/sessions"))["sessions"]
    changes = await auditor.api.get(f"/codebases/{auditor.codebase}/sessions/{sessions[0]['id']}/changes")
    titles = await page.evaluate("[...document.querySelectorAll('.file h4')].map((one) => one.textContent.trim())")
    for file in changes["files"]:  # the service's list, which the page doesn't read
        lines = [f"+{file['additions']}", f"−{file['deletions']}"] if file["diff_recorded"] else []
        parts = [one_line(file["path"]), DONE[file["action"]], *lines]
        assert [one for one in titles if all(part in one for part in parts)], (parts, titles)
    assert await page.evaluate("document.querySelectorAll('.changes table.beside').length") == 0
    await page.evaluate("beside.click()")
    await page.until("document.querySelectorAll('.changes table.beside').length === 2")
    await auditor.click("Copy all as a patch")
    await page.until("window.copied")
    assert await page.evaluate("window.copied") == DIFF.replace("cart.py", HIDDEN) + DIFF


async def the_past_is_looked_at(auditor: Auditor) -> None:
    """The slider goes back by keys; a banner says how far, commands are off; two handles show what changed."""
    page = auditor.page
    await auditor.at("#/c/shop", "document.querySelector('#time-at')")
    await page.evaluate("document.getElementById('time-at').focus()")
    await page.press("ArrowLeft")
    await page.press("ArrowLeft")
    await page.until("location.hash.includes('at=') && document.querySelector('.past')")
    assert "You look at" in await auditor.text(".past")
    assert await page.evaluate("document.getElementById('stop').disabled")
    assert await page.evaluate("document.activeElement.id") == "time-at"
    await page.evaluate("compare.click()")
    await page.until("location.hash.includes('since=') && document.getElementById('between')")
    assert "tools: " in await auditor.text("#between")
    await auditor.at("#/c/shop/sessions", "document.querySelector('#compare[aria-pressed=false]')")
    await page.evaluate("compare.click()")
    await page.until("document.querySelector('#between')")
    assert "cart.py" in await auditor.text(".between")
    await page.evaluate("now.click()")
    await page.until("!document.querySelector('.past')")
    await auditor.at(
        "#/c/shop?at=2001-01-31T12:00:00Z", "document.querySelector('.past')?.textContent.includes('had not begun')"
    )
    assert (
        await page.evaluate("document.querySelector('.past a').getAttribute('href')")
        == "#/c/shop/sessions?at=2001-01-31T12%3A00%3A00Z"
    )
    await auditor.at("#/c/shop", "document.querySelector('[name=time]')")
    await page.evaluate("void (document.querySelector('[name=time]').value = '2001-01-31T12:00:00')")
    await auditor.click("Look there")
    await page.until("location.hash.startsWith('#/c/shop/sessions?at=2001-01-31')")


async def keys_lead_there(auditor: Auditor) -> None:
    """Keys open the auditor's views, and go from mark to mark of the line of time."""
    page = auditor.page
    await auditor.at("#/c/shop", "document.querySelector('#previous')")
    for keys, address in [("gc", "/changes"), ("ge", "/events"), ("gp", "/proof"), ("[", "at=")]:
        await page.evaluate(
            f"for (const key of {json.dumps(keys)}) "
            "document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))"
        )
        await page.until(
            f"location.hash.includes({json.dumps(address)}) && !document.querySelector('#previous[disabled]')"
        )
    await auditor.at("#/c/shop", "!document.querySelector('.past')")


async def what_was_kept_is_compared(auditor: Auditor) -> None:
    """A kept checkpoint, key or export is compared, dropped or chosen; another log's is refused in words."""
    async with auditor.api.client.get("/v1/opencode/log/checkpoint") as answer:
        note = await answer.text()
    async with auditor.api.client.get("/v1/opencode/log/key") as answer:
        key = await answer.text()
    await auditor.at("#/proof", "document.querySelector('#drop')")
    assert "✓ proved" in await auditor.give("january.txt", note, "drop")
    assert "✓ proved" in await auditor.give("key.txt", key, "button")
    size = note.splitlines()[1]
    forged = note.replace(f"\n{size}\n", f"\n{int(size) - 1}\n")
    assert "✗ NOT proved" in await auditor.give("forged.txt", forged, "drop")
    async with auditor.api.client.get(f"/v1/opencode/codebases/{auditor.codebase}/log/export") as answer:
        export = await answer.text()
    for name, text in (("export.jsonl", export), ("lies.jsonl", export.replace("shop", "shoq"))):
        said = await auditor.give(name, text, "drop")
        assert "its events were not checked here" in said
        assert "proved" not in said
    assert "no checkpoint" in await auditor.give("<b>.png", "\0\0", "button")


async def forgeries_are_found(auditor: Auditor) -> None:
    """An event, a proof or a checkpoint that the service changes on the way is found out, in the badge too."""
    page = auditor.page
    await forge(page, "address.includes('/log?') ? text.replace('shop', 'shoq') : text")
    await auditor.at("#/c/shop/e1/proof", BUTTON.format("'Prove it'"))
    await auditor.click("Prove it")
    await page.until(f"{PROVED}?.includes('NOT proved')")
    await unforged(auditor)
    await forge(page, f"address.includes('/log?') ? text.replace({', '.join(await a_lie(auditor))}) : text")
    await auditor.click("Prove event 1 again")
    await page.until(f"{PROVED}?.includes('NOT proved')")
    assert "content that no erasure leaves" in await auditor.text(".proving .findings")
    await unforged(auditor)
    await forge(page, 'address.includes(\'inclusion\') ? text.replace(/"hashes":\\["./, \'"hashes":["_\') : text')
    await auditor.click("Prove event 1 again")
    await page.until(f"{PROVED}?.includes('NOT proved')")
    await unforged(auditor)
    await forge(
        page, "address.includes('checkpoint') ? text.replace(/\\n([0-9]+)\\n/, (_, size) => `\\n${size - 1}\\n`) : text"
    )
    await auditor.click("Check now")
    await page.until(f"{BADGE}.includes('NOT SOUND')")
    assert await page.evaluate("document.getElementById('badge').classList.contains('bad')")
    await page.evaluate("void (window.forge = null)")
    await auditor.click("Check now")
    await page.until(f"{BADGE}.includes('log sound to')")


async def a_lie(auditor: Auditor) -> tuple[str, str]:
    """The first event's data, and data that say they were erased and carry the same hash, as JavaScript."""
    async with auditor.api.client.get(f"/v1/opencode/codebases/{auditor.codebase}/log?limit=1") as answer:
        data = (await answer.text()).partition('"data":')[2]
    _, end = json.JSONDecoder().raw_decode(data)
    digest = sha256(data[:end].encode()).hexdigest()
    lie = f'{{"content":"I DELETED the database","erased":{{"by":2,"sha256":"{digest}"}}}}'
    return json.dumps(data[:end]), json.dumps(lie)


async def unforged(auditor: Auditor) -> None:
    """Without the forgery the same event is proved."""
    await auditor.page.evaluate("void (window.forge = null)")
    await auditor.click("Prove event 1 again")
    await auditor.page.until(f"{PROVED}?.includes('✓ proved')")


async def forge(page: Tab, change: str) -> None:
    """From now on, the service's answers about its log are changed."""
    await page.evaluate(f"void (window.forge = (address, text) => {change})")


async def nothing_hostile_happened(auditor: Auditor) -> None:
    """Scripts, names of methods and hidden characters of the agent are text on every view."""
    page = auditor.page
    for view in ("#/c/shop/events", "#/c/shop/changes", "#/c/shop/sessions", "#/c/shop/proof"):
        await auditor.at(view, "document.querySelector('main')")
        assert await page.evaluate("document.title") == "(1) opencode-ledger"
        assert await page.evaluate("document.scripts.length") == 1
        assert not await page.evaluate(r"/[\u202a-\u202e\u2066-\u2069]/u.test(document.documentElement.outerHTML)")
    assert await page.evaluate("({}).polluted") is None


async def test_a_long_log_is_listed_a_part_at_a_time(tmp_path: Path) -> None:
    """Of many events a part is in the page; the filter, the ends and the whole log are there without a strain."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api, tab(tmp_path / "profile") as page:
        api.agents.play = talk
        codebase = await api.register("shop")
        await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Talk"})
        await page.size(1280, 800)
        await page.go(f"http://127.0.0.1:{api.port}/#/c/shop/events")
        await page.until("document.querySelector('.pages')?.textContent.includes('of 7')")
        await page.evaluate(LONGEST_TASK)
        await page.until("document.querySelector('#kind option[value=complete]')")
        rows = "document.querySelectorAll('.listing tr.kind').length"
        assert await page.evaluate(rows) == 200
        await click(page, "First")
        await page.until("document.querySelector('#row-2')")
        await page.evaluate("void (kind.value = 'complete', kind.dispatchEvent(new Event('change')))")
        await page.until(f"{rows} === 1")
        await page.evaluate("void (kind.value = '', kind.dispatchEvent(new Event('change')))")
        await page.evaluate("whole.click()")
        await page.until(f"{rows} === 200")
        await click(page, "Read earlier")
        await page.until("document.querySelector('.pages')?.textContent.includes('of 7')")
        print(f"longest task while {LONG} events are listed: {await page.evaluate('window.longest')} ms")
        assert await page.evaluate("window.longest") < MOST
