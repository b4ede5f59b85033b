"""The page as a person uses it: by keyboard, on a phone, when an agent asks and when it hides what it asks for."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.domain.test_visible_text import LIES
from tests.support.service import Running, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.events import Json
from opencode_ledger.domain.visible_text import one_line, visible
from opencode_ledger.http.settings import Settings

from .tab import Tab, tab

COMMAND = "rm \u202egol.dlo\u202c /tmp/x"

QUESTIONS: list[Json] = [
    {
        "question": "Which parts?",
        "multiple": True,
        "options": [{"label": "search", "description": "Find things"}, {"label": "export"}, {"label": "import"}],
    },
    {
        "question": "Which database?",
        "custom": False,
        "options": [
            {"label": "sqlite\u200b", "description": "One file"},
            {"label": "postgres", "description": "A server"},
        ],
    },
    {"question": "Which colour?", "options": [{"label": "red"}, {"label": "blue"}]},
    {"question": "Which name?"},
    {"question": "Which port?", "options": [{"label": "80"}]},
]
ANSWERS = [["search", "import", "undo, redo"], ["sqlite\u200b"], ["green"], ["Ada"], []]

CHOOSE = """
for (const [set, number] of [[0, 0], [0, 2], [1, 0]]) {
  document.querySelectorAll('.question')[set].querySelectorAll('.option input')[number].click();
}
for (const [set, words] of [[0, ' undo, redo '], [2, 'green'], [3, 'Ada']]) {
  const field = document.querySelectorAll('.question')[set].querySelector(':scope > input');
  field.value = words;
  field.dispatchEvent(new Event('input'));
}
document.querySelector('.ask .yes').click();
"""


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncGenerator[tuple[Running, Tab]]:
    """The service, and a browser beside it."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api, tab(tmp_path / "profile") as page:
        await page.size(1280, 800)
        yield api, page


async def test_what_a_person_approves_is_what_runs(tmp_path: Path) -> None:
    """Whatever an agent hides in a command, a path, an output or an answer is written out where a person reads it."""
    lies = [lie for lie, _ in LIES.values() if not any("\ud800" <= char < "\ue000" for char in lie)]

    async def work(agent: ScriptedAgent, _prompt: Prompt) -> None:
        for number, lie in enumerate(lies):
            await agent.say(f"{number} {lie}")
            call = await agent.begin_tool("bash", {"command": lie})
            await agent.end_tool(call, "bash", f"{lie}\nend")
        await agent.leave_for("bash", {"command": COMMAND})

    async with opened(tmp_path) as (api, page):
        api.agents.play = work
        codebase = await api.register("shop\u202e")
        await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Tidy\u202eup"})
        await page.go(f"http://127.0.0.1:{api.port}/#/c/{codebase}")
        await page.until("document.querySelector('.ask')")
        card = await page.evaluate("document.querySelector('.ask .command').textContent")
        marks = await page.evaluate("[...document.querySelectorAll('.ask mark')].map((mark) => mark.textContent)")
        heads = await page.evaluate("[...document.querySelectorAll('.tool .target')].map((head) => head.textContent)")
        await page.evaluate("document.querySelectorAll('.tool').forEach((tool) => (tool.open = true))")
        await page.until(f"document.querySelectorAll('.tool .output').length === {len(lies)}")
        outputs = await page.evaluate("[...document.querySelectorAll('.tool .output')].map((pre) => pre.textContent)")
        raw = await page.evaluate(r"/[\u202a-\u202e\u2066-\u2069\u200b\x1b]/u.test(document.documentElement.outerHTML)")
    assert card == "rm <U+202E>gol.dlo<U+202C> /tmp/x"
    assert marks == ["<U+202E>", "<U+202C>"]
    assert heads == [one_line(lie) for lie in lies]
    assert outputs == [f"{visible(lie)}\nend" for lie in lies]
    assert not raw


async def test_questions_are_answered_by_their_options(tmp_path: Path) -> None:
    """Options are radios or boxes with their descriptions; own words where they are taken; the card says the answers."""

    async def work(agent: ScriptedAgent, _prompt: Prompt) -> None:
        question = await agent.inquire(*QUESTIONS)
        assert agent.run
        await agent.run.questions[question]

    async with opened(tmp_path) as (api, page):
        api.agents.play = work
        codebase = await api.register("shop")
        await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Ask"})
        await page.go(f"http://127.0.0.1:{api.port}/#/c/{codebase}")
        await page.until("document.querySelector('.ask')")
        shown = await page.evaluate("document.querySelector('.ask').textContent")
        kinds = await page.evaluate(
            "[...document.querySelectorAll('.question')]"
            ".map((one) => [...one.querySelectorAll('input')].map((field) => field.type[0]).join(''))"
        )
        await page.evaluate(CHOOSE)
        await page.until("document.querySelector('#events dd')")
        answers = await page.evaluate(
            "[...document.querySelectorAll('#events dl')].map((one) => [...one.querySelectorAll('dd')].map((dd) => dd.textContent))"
        )
        focused = await page.evaluate("document.querySelectorAll('.ask input, .ask button').length")
        given = api.agents.of(codebase).question_answers
    assert "Find things" in shown
    assert "One file" in shown
    assert kinds == ["cccct", "rrr", "rrrtr", "t", "rrtr"]
    assert [list(map(list, answer or ())) for _, answer in given] == [ANSWERS]
    assert answers == [["search", "import", "undo, redo", "sqlite<U+200B>", "green", "Ada", "No answer"]]
    assert focused == 0


PARTS = 120
EARLIER = r"Number(/[0-9,]+/.exec(document.querySelector('#earlier')?.textContent ?? '0')[0])"
SHOWN = "document.querySelectorAll('#events > article').length"
TOP = "document.querySelector('#story').scrollTop"
READ = "((box) => document.elementFromPoint(box.x + 50, box.y + box.height / 2))(document.querySelector('#story').getBoundingClientRect())"
"""What is in the middle of the transcript: what is above it may get another height when it is drawn."""
AT_REST = """new Promise((done) => {
  let [last, calm] = [NaN, 0];
  const look = () => {
    const { top } = read.getBoundingClientRect();
    [last, calm] = [top, top === last ? calm + 1 : 0];
    calm < 30 ? requestAnimationFrame(look) : done();
  };
  look();
})"""
"""Until it has kept its place for half a second: what comes into view for the first time gets its real height then."""
AT_END = "((story) => story.scrollHeight - story.scrollTop - story.clientHeight < 2)(document.querySelector('#story'))"
FOUND = "document.querySelector('#events > .found')"


async def test_a_person_moves_in_a_long_session(tmp_path: Path) -> None:
    """Earlier parts come on demand, with their number; what is new doesn't move what is read; errors and events are found."""
    more = asyncio.Event()

    async def work(agent: ScriptedAgent, _prompt: Prompt) -> None:
        for number in range(PARTS):
            await agent.say(f"Part {number}.")
            call = await agent.begin_tool("bash", {"command": f"make {number}"})
            await agent.end_tool(call, "bash", exit_code=int(number == 40))
        call = await agent.begin_tool("edit", {"filePath": "a.py", "oldString": "one\n", "newString": "two\n"})
        await agent.end_tool(call, "edit")
        await more.wait()
        for number in range(5):
            await agent.say(f"News {number}.")
        await agent.leave_for("bash", {"command": "make all"})

    async with opened(tmp_path) as (api, page):
        api.agents.play = work
        codebase = await api.register("shop")
        session = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Make"}))["session_id"]
        await page.go(f"http://127.0.0.1:{api.port}/#/c/shop")
        await page.until("document.querySelector('#events .lines')")
        await page.until(f"{EARLIER} + {SHOWN} === {2 * PARTS + 3}")
        await page.until(AT_END)
        await page.evaluate("document.querySelector('#story').dispatchEvent(new WheelEvent('wheel'))")
        await page.evaluate(f"void ({TOP} -= 300)")
        await page.until("document.querySelector('#to-end')")
        await page.evaluate(f"void (window.read = {READ})")
        await page.evaluate(AT_REST)
        place = await page.evaluate("read.getBoundingClientRect().top")
        more.set()
        await page.until("document.querySelector('#to-end').textContent === '↓ 6 new'")
        assert abs(await page.evaluate("read.getBoundingClientRect().top") - place) < 2
        await page.evaluate("document.querySelector('#to-end').click()")
        await page.until(
            f"{AT_END} && !document.querySelector('#to-end') && document.querySelector('.story .ask.waiting')"
        )
        await page.evaluate("document.querySelector('#events .layout').click()")
        await page.until("document.querySelector('#events .lines.beside')")
        await page.evaluate("document.querySelector('[data-jump=\"error -1\"]').click()")
        await page.until(f"{FOUND}?.textContent.includes('make 40')")
        box = f"{FOUND}.getBoundingClientRect()"
        await page.until(
            f"document.querySelector('#story').contains(document.elementFromPoint({box}.x + 50, {box}.y + 5))"
        )
        log = await api.get(f"/codebases/{codebase}/log?limit=60")
        number = next(one["sequence"] for one in log["events"] if one["data"].get("content") == "Part 1.")
        await page.evaluate(f"void (location.hash = '#/c/shop/s/{session}/e{number}')")
        await page.until(f"{FOUND}?.textContent.includes('Part 1.')")
        await page.until(f"{EARLIER} === 0")
        assert await page.evaluate("document.querySelector('#events').textContent.includes('Session started')")


SETTLED = "new Promise((done) => { let left = 12; const next = () => (left-- ? requestAnimationFrame(next) : done(true)); next(); })"
"""Some frames later, in which what is unfolded and coloured has got its size."""
SEEN = (
    f"((box) => {FOUND}?.contains(document.elementFromPoint(box.x + 50, box.y + 9)))({FOUND}.getBoundingClientRect())"
)
CODE = "```python\n" + "def f(): return 1\n" * 60 + "```\n"


async def edits(agent: ScriptedAgent, _prompt: Prompt) -> None:
    """Texts with code, and edits whose differences are long once they are unfolded."""
    for number in range(6):
        await agent.say(f"Answer {number}.\n\n{CODE}")
        for path in (f"{number}/a.py", f"{number}/b.py"):
            call = await agent.begin_tool(
                "edit", {"filePath": path, "oldString": "one\n" * 40, "newString": "two\n" * 40}
            )
            await agent.end_tool(call, "edit")
            await agent.change_file(path, "modify")
        await agent.change_file(f"made-{number}")
        await agent.spend({"input": 10, "output": 1}, 0.01)


async def test_a_link_to_an_event_shows_it(tmp_path: Path) -> None:
    """Whatever became of an event, its block is marked and in view, however it was opened, once all has its size."""
    async with opened(tmp_path) as (api, page):
        api.agents.play = edits
        codebase = await api.register("shop")
        session = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Edit"}))["session_id"]
        start = f"http://127.0.0.1:{api.port}/#/c/shop/s/{session}"
        await page.go(start)
        await page.until("document.querySelector('#events .end')")
        events = (await api.get(f"/codebases/{codebase}/log?limit=200"))["events"]
        last = events[-1]["sequence"]

        def number(kind: str, **data: str) -> int:
            return next(
                int(one["sequence"])
                for one in events
                if one["type"] == kind
                and all(str(one["data"].get(key, "")).startswith(value) for key, value in data.items())
            )

        kinds = {
            number("message_sent"): "Edit",
            number("output", content="Answer 3"): "Answer 3.",
            number("tool_use", args="{'filePath': '4/b.py'"): "4/b.py",
            number("file_change", path="4/b.py"): "4/b.py",
            number("file_change", path="made-5"): "made-5",
            number("usage"): "made-0",
            last: "Done",
            1: "Session started",
        }
        missed = list[tuple[int, str, str, str]]()
        for at in ("", f"?at={last}"):
            await page.go(f"{start}/e{number('file_change', path='4/b.py')}{at}")
            for event, words in kinds.items():
                await page.evaluate(f"void (location.hash = '#/c/shop/s/{session}/e{event}{at}')")
                await page.until(f"{FOUND} && location.hash.includes('/e{event}')")
                await page.evaluate(SETTLED)
                if not await page.evaluate(f"{SEEN} && {FOUND}.textContent.includes('{words}')"):
                    missed.append((event, words, at, await page.evaluate(f"{FOUND}.textContent.slice(0, 90)")))
                await page.evaluate("document.querySelector('#story').dispatchEvent(new PointerEvent('pointerdown'))")
    assert missed == []


FOCUSED = "document.activeElement.textContent.trim()"


WAYS = [
    (".tabs a:last-child", "#sessions"),
    (".bottom a:nth-child(1)", ".cards"),
    (".bottom a:nth-child(2)", ".inbox"),
    (".inbox .ask a", "#story"),
]
"""What a person on a phone touches, one after the other, and the one part of the page that is then there."""


async def wait(_agent: ScriptedAgent, _prompt: Prompt) -> None:
    """Ask for leave, after something that was long to read."""
    for number in range(30):
        await _agent.say(f"{number}. " + "words " * 60)
    await _agent.leave_for("bash", {"command": "make " + "all " * 100})


async def test_the_keyboard_stays_where_it_is(tmp_path: Path) -> None:
    """What is in focus stays so while lists change: when it is chosen, when it moves, when others come and go."""
    async with opened(tmp_path) as (api, page):
        api.agents.play = wait
        second = [await api.register(name) for name in ("bravo", "charlie")][1]
        await page.go(f"http://127.0.0.1:{api.port}/#/")
        await page.until("document.querySelectorAll('#codebases a').length === 2")
        while not (await page.evaluate(FOCUSED)).startswith("charlie"):
            await page.press("Tab")
        await page.evaluate("void (window.kept = document.activeElement)")
        await api.register("alfa")
        await page.until("document.querySelectorAll('#codebases a').length === 3")
        assert await page.evaluate("document.activeElement === kept")
        await page.press("Enter")
        await page.until("document.getElementById('name')?.textContent === 'charlie'")
        assert await page.evaluate("document.activeElement === kept && kept.getAttribute('aria-current') === 'true'")
        await api.post(f"/codebases/{second}/trigger", {"prompt": "Make all"})
        await page.until("document.querySelector('#codebases a') === kept")
        assert await page.evaluate("document.activeElement === kept")
        answer = await api.ask("DELETE", f"/codebases/{second}")
        assert answer.status == 200
        await page.until("!kept.isConnected")
        assert await page.evaluate("document.activeElement.closest('#codebases') !== null")


async def test_the_page_fits_a_phone(tmp_path: Path) -> None:
    """With many codebases a phone shows one part at a time: most of it is the transcript, and the buttons are in reach."""
    async with opened(tmp_path) as (api, page):
        api.agents.play = wait
        names = [f"a-codebase-with-a-name-{number}" for number in range(12)]
        codebases = [await api.register(name) for name in names]
        await api.post(f"/codebases/{codebases[0]}/trigger", {"prompt": "Make all"})
        await page.size(390, 844)
        await page.go(f"http://127.0.0.1:{api.port}/#/c/{codebases[0]}")
        await page.until("document.querySelector('.ask')")
        reached = "document.elementFromPoint({0}.x + 5, {0}.y + 5)?.textContent === 'Allow once'"
        box = "document.querySelector('.ask .yes').getBoundingClientRect()"
        await page.until(reached.format(box))
        assert await page.evaluate("document.getElementById('story').clientHeight") > 844 * 0.5
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        seen = "['.cards', '#sessions', '#story', '.inbox'].filter((one) => document.querySelector(one)?.offsetParent)"
        for way, shown in WAYS:
            await page.until(f"document.querySelector('{way}')")
            await page.evaluate(f"document.querySelector('{way}').click()")
            await page.until(f"document.querySelector('{shown}')")
            assert await page.evaluate(seen) == [shown]
            assert (
                await page.evaluate("((main) => main.scrollWidth - main.clientWidth)(document.querySelector('main'))")
                <= 0
            )
        await page.size(844, 390)
        assert await page.evaluate("document.getElementById('story').clientHeight") > 150


OFF = "['say', 'interrupt', 'stop'].map((id) => document.getElementById(id)?.disabled)"
LOOKS = """['say', 'stop'].map((id) => {
  const { color, borderStyle, opacity } = getComputedStyle(document.getElementById(id));
  return [color === getComputedStyle(document.getElementById('path')).color, borderStyle, Number(opacity) < 1];
})"""


async def test_an_earlier_session_takes_no_commands(tmp_path: Path) -> None:
    """Its view leads to the session at work; the question before a stop names its codebase and ends with its view."""

    async def play(agent: ScriptedAgent, prompt: Prompt) -> None:
        if prompt.text != "First":
            await wait(agent, prompt)

    async with opened(tmp_path) as (api, page):
        api.agents.play = play
        web, shop = [await api.register(name) for name in ("web", "shop")]
        first = (await api.post(f"/codebases/{web}/trigger", {"prompt": "First"}))["session_id"]
        while (await api.get(f"/codebases/{web}"))["overview"]["session"]["status"] != "completed":
            await asyncio.sleep(0.05)
        second = (await api.post(f"/codebases/{web}/trigger", {"prompt": "Second"}))["session_id"]
        await api.post(f"/codebases/{shop}/trigger", {"prompt": "Third"})
        await page.go(f"http://127.0.0.1:{api.port}/#/c/web/s/{first}")
        await page.until("document.getElementById('elsewhere')?.innerText.includes('Second')")
        assert await page.evaluate(OFF) == [True, True, True]
        assert await page.evaluate(LOOKS) == [[True, "dashed", True]] * 2
        await page.evaluate("document.querySelector('#elsewhere a').click()")
        await page.until(f"location.hash === '#/c/web/s/{second}' && !document.getElementById('elsewhere')")
        await page.until(f"{OFF}.join() === 'false,false,false'")
        await page.evaluate("void (location.hash = '#/c/shop')")
        await page.until("document.getElementById('name')?.textContent === 'shop'")
        await page.evaluate("document.getElementById('stop').click()")
        await page.until("document.querySelector('dialog[open]')?.innerText.includes('Stop shop?')")
        await page.evaluate("history.back()")
        await page.until("document.getElementById('name')?.textContent === 'web' && !document.querySelector('dialog')")
        states = [(await api.get(f"/codebases/{one}"))["overview"]["session"]["status"] for one in (web, shop)]
        assert states == ["running", "running"]
