"""Search over HTTP: what is found, how it is shown, and what people type."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.api.test_document import Moment
from tests.support.service import Running, running
from yarl import URL

from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.cli.erase import erase
from opencode_ledger.http.settings import Settings


async def ask(api: Running, query: str, **more: str) -> Any:
    """The answer to a search."""
    return await api.ask("GET", str(URL("/search") % {"q": query, **more}))


async def find(api: Running, query: str, **more: str) -> list[tuple[str, str]]:
    """What is found: kinds and excerpts."""
    answer = await ask(api, query, **more)
    assert answer.status == 200, answer
    return [(found["kind"], found["excerpt"]) for found in answer.body["results"]]


async def worked(api: Running, codebase: CodebaseId, prompt: str, *said: str) -> str:
    """A session that ended; its id."""
    session = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": prompt}))["session_id"]
    agent = await api.agent_at_work(codebase)
    for text in said:
        await agent.say(text)
    await agent.end("Done.")
    return str(session)


async def test_all_kinds_are_found(api: Running) -> None:
    """Prompts, answers, commands and paths are found, newest first, each with its session and place in the stream."""
    codebase = await api.register("shop")
    body = {"prompt": "Fix the total of the cart"}
    started = await api.post(f"/codebases/{codebase}/trigger", body)
    agent = await api.agent_at_work(codebase)
    await agent.say("The total counts each price once.")
    assert await find(api, "counts") == [], "an answer that is being written is found once its step has ended"
    await agent.end_tool(await agent.begin_tool("bash", {"command": "grep -rn total src/"}), "bash", "cart.py")
    await agent.change_file("src/total_price.py", "modify")
    found = (await ask(api, "total")).body
    assert [(each["kind"], each["excerpt"]) for each in found["results"]] == [
        ("path", "src/total_price.py"),
        ("command", "grep -rn total src/"),
        ("answer", "The total counts each price once."),
        ("prompt", "Fix the total of the cart"),
    ]
    assert (found["total"], found["limit"], found["offset"]) == (4, 50, 0)
    assert found["results"][3] == {
        "codebase": {"id": codebase, "name": "shop"},
        "session_id": started["session_id"],
        "task_id": started["task_id"],
        "kind": "prompt",
        "sequence": found["results"][3]["sequence"],
        "at": Moment(),
        "excerpt": "Fix the total of the cart",
        "marks": [[8, 13]],
    }
    log = (await api.get(f"/codebases/{codebase}/log"))["events"]
    assert [log[each["sequence"] - 1]["type"] for each in found["results"]] == [
        *("file_change", "tool_use", "output", "message_sent"),
    ]


async def test_what_grows_changes_and_goes(api: Running) -> None:
    """An answer that goes on, a queued task's edit and its start, and a deleted codebase change what is found."""
    codebase = await api.register("shop")
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Begin"})
    agent = await api.agent_at_work(codebase)
    assert agent.run is not None
    for content, replaces in (("One apple", False), (" pie", False), ("Two pears", True)):
        said = f.TextStreamed(
            session_id=agent.run.session, kind="text", content=content, message_id="m", part_id="p", replaces=replaces
        )
        await agent._say(said)  # pyright: ignore[reportPrivateUsage]
        await agent.end_tool(await agent.begin_tool("read", {"filePath": "a.py"}), "read", "x")
    assert await find(api, "apple") == []
    assert await find(api, "pear") == [("answer", "Two pears")]
    assert await find(api, "a.py") == [("path", "a.py")], "a path is found once in a session"
    task = (await api.post(f"/codebases/{codebase}/tasks", {"title": "t", "prompt": "Draw a whale"}))["task"]["id"]
    (found,) = (await ask(api, "whale")).body["results"]
    assert (found["session_id"], found["task_id"], found["kind"]) == (None, task, "prompt")
    await api.ask("PATCH", f"/tasks/{task}", {"prompt": "Draw a dolphin"})
    assert (await find(api, "whale"), await find(api, "dolphin")) == ([], [("prompt", "Draw a dolphin")])
    await agent.end("Done.")
    await api.agent_at_work(codebase)
    (found,) = (await ask(api, "dolphin")).body["results"]
    assert found["session_id"] is not None
    assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
    assert await find(api, "dolphin") == []


QUERIES = (
    ("total", True), ("TOTAL", True), ("tot", True), ("tot ", False), ("tot*", True), ("otal", False),
    ("cart total", True), ('"cart total"', False), ('"the total"', True), ('"total cart', False), ("total elephant", False),
    ("src/auth/login.py", True), ("login.p", True), ("auth login", True), ('"auth/login', True), ("user_name", True),
    ("cafe", True), ("CAFÉ", True), ("cafe\u0301", True), ("koln", True), ("数据", True), ("据库", True), ("库据", False),
    ("ベース", True), ("ไทย", True), ("हिन्दी", True), ("हिन्", True), ("total 数据", True), ("x AND y", False),
    ("NEAR(total cart)", False), ("total AND cart", False), ("total OR", False), ("-rf", False), ("NOT total", False),
    ("text:total", False), ("^total", True), ("{total}", True), ("total:", True), ("(total", True), ("total)", True),
    ('"', False), ('""', False), ('"""', False), ("*", False), ("&&", False), ("'", False), ("total'", True), ("'; DROP TABLE", False),
    ("\\", False), ("%", False), ("🦄", False), ("\u202etotal", True), ("\ufdd0total", False), ("\x1ftotal", True), ("total\n\t", True),
    ("a " * 250, True), ("a" * 500, False), ('"' * 500, False), ("数" * 6, False), (" ".join(map(str, range(100, 200))), False),
)  # fmt: skip
SAID = "Fix the total of the cart in src/auth/login.py, for user_name, in a Café in Köln: 数据库连接, データベース, ภาษาไทย, हिन्दी"


async def test_what_people_type(api: Running, subtests: pytest.Subtests) -> None:
    """Whatever somebody types is an answer: words, parts of words, quotes, signs of the index, other scripts."""
    codebase = await api.register("shop")
    await worked(api, codebase, SAID)
    for query, is_there in QUERIES:
        with subtests.test(query[:30]):
            found = await find(api, query)
            assert [kind for kind, _ in found] == (["prompt"] if is_there else [])


async def test_what_is_not_a_query(api: Running, subtests: pytest.Subtests) -> None:
    """A query that is missing, blank, too long or no Unicode is refused, and so is a codebase that isn't there."""
    await api.register("shop")
    for query in (
        "",
        "?q=",
        "?q=%20%09",
        "?q=a&q=b",
        "?q=" + "a" * 501,
        "?q=%00",
        "?q=a&limit=0",
        "?q=a&x=1",
    ):
        with subtests.test(query[:20]):
            answer = await api.ask("GET", f"/search{query}")
            assert (answer.status, answer.body["code"]) == (400, "invalid_input")
    for odd in ("%ED%A0%80", "%ff", "%fe%ff", "%c0%af"):
        assert (await api.ask("GET", f"/search?q={odd}")).status in (200, 400)
    assert (await ask(api, "a", codebase="nowhere")).body["code"] == "codebase_not_found"


LETTERS, SIGNS = "a b c d e f g h ", "".join(chr(0x4E00 + number) for number in range(70))
COSTLY = (
    # Queries by what makes them long: the same word again and again, however it is written, or very many words.
    ("a phrase of one word", '"' + "a " * 6 + '"', True), ("one more of it", '"' + "a " * 7 + '"', False),
    ("a phrase as long as a query", '"' + "a " * 249 + '"', False), ("one that goes on", '"' + "a " * 6 + "a", False),
    ("a path", "/a" * 6, True), ("a longer path", "/a" * 7, False), ("other letters of it", '"' + "a A á Á " * 2 + '"', False),
    ("one sign of Chinese", "数" * 6, True), ("once more", "数" * 7, False), ("as often as a query has room", "数" * 500, False),
    ("phrases that share a word", '"a" "a a" "a a a"', True), ("more of them", '"a" "a a" "a a a" "a a a a"', False),
    ("48 words", '"' + LETTERS * 6 + '"', True), ("49 words", '"' + LETTERS * 6 + 'i"', False),
    ("48 signs", SIGNS[:48], True), ("49 signs", SIGNS[:49], False), ("49 signs in two words", f"{SIGNS[:40]} {SIGNS[40:49]}", False),
    ("48 words with a sign between", "-".join((LETTERS * 6).split()), True), ("words in any order", "a " * 200, True),
    ("17 phrases, of which 16 count", " ".join(f'"{n} {n}b {n}c"' for n in range(10, 26)) + ' "' + "a " * 20 + '"', True),
)  # fmt: skip


async def test_costly_queries(api: Running, subtests: pytest.Subtests) -> None:
    """A query that would read the index too often is refused, with a code of its own; the longest allowed one is answered."""
    codebase = await api.register("shop")
    await worked(api, codebase, "a " * 48 + LETTERS * 6 + SIGNS)
    for what, query, allowed in COSTLY:
        with subtests.test(what):
            answer = await ask(api, query)
            assert answer.status == 200 if allowed else (answer.status, answer.body["code"]) == (400, "too_many_words")
            assert allowed or "at most 48 words, and each at most 6 times" in answer.body["detail"]


async def test_marks_and_long_texts(api: Running) -> None:
    """Of a long text the words around what was found are shown; marks count characters, whatever stands before them."""
    codebase = await api.register("shop")
    await worked(api, codebase, "Go", "<b>x</b> " * 100 + "🦄🦄 𝒳 naïve needle, then 数据库 " + "hay " * 100)
    for query, marked in (
        ("needle", "needle"),
        ("据库", "据库"),
        ("naive", "naïve"),
        ('"naive needle"', "naïve needle"),
    ):
        (found,) = (await ask(api, query)).body["results"]
        assert [found["excerpt"][first:end] for first, end in found["marks"]] == [marked]
        assert found["excerpt"].startswith("…") and len(found["excerpt"]) < 400
    (found,) = (await ask(api, "needle hay", limit="1")).body["results"]
    assert {found["excerpt"][first:end] for first, end in found["marks"]} == {"needle", "hay"}


HOSTILE = (
    ("The quick brown fox jumps over the lazy dog at the end of the road. " * 150, "+".join(["the"] * 30)),
    ("a " * 50_000, "a"),
    ("b" * 100_000, "b"),
)


async def test_hostile_texts(api: Running) -> None:
    """Texts that are made for it don't make a search long, whatever is repeated in them or in the query."""
    codebase = await api.register("shop")
    for text, _query in HOSTILE:
        await worked(api, codebase, text)
    for text, query in HOSTILE:
        async with asyncio.timeout(30):
            answer = await api.ask("GET", f"/search?q={query}")
        found = next(each for each in answer.body["results"] if each["excerpt"][0] == text[0])
        assert len(found["excerpt"]) <= 300 and found["marks"]


async def test_a_slow_search_keeps_nobody_waiting(api: Running) -> None:
    """While the connection of the searches is busy, everything else is answered."""
    await api.register("shop")
    searcher = api.service.projections._applier.database._searcher  # pyright: ignore[reportPrivateUsage]
    free = threading.Event()
    await searcher.create_function("wait", 0, free.wait)  # pyright: ignore[reportUnknownMemberType]
    busy = asyncio.ensure_future(searcher.execute_fetchall("SELECT wait()"))
    slow = asyncio.ensure_future(find(api, "total"))
    try:
        async with asyncio.timeout(30):
            assert len(await api.get("/codebases")) == 1
        assert not slow.done()
    finally:
        free.set()
    await busy
    assert await slow == []


async def test_codebases_and_pages(api: Running) -> None:
    """Results are narrowed to a codebase by its id or name, and paged with the same total."""
    first, second = await api.register("first"), await api.register("second")
    for number in range(3):
        for codebase in (first, second):
            await worked(api, codebase, f"Count to {number}")
    for name in (first, "first"):
        answer = (await ask(api, "count", codebase=name)).body
        assert {found["codebase"]["id"] for found in answer["results"]} == {first}
        assert answer["total"] == 3
    everything = (await ask(api, "count")).body["results"]
    pages = [(await ask(api, "count", limit="4", offset=offset)).body for offset in ("0", "4", "8")]
    assert [found for page in pages for found in page["results"]] == everything
    assert [page["total"] for page in pages] == [6, 6, 6]


async def test_a_limited_token_finds_its_own(settings: Settings, tmp_path: Path) -> None:
    """A token that is limited to codebases finds nothing of others, and no other codebase exists for it."""
    async with running(settings, tmp_path / "home") as api:
        first, second = await api.register("first"), await api.register("second")
        for codebase in (first, second):
            await worked(api, codebase, "Keep this secretive")
        search = api.service.projections.views.search
        limits: tuple[frozenset[CodebaseId], ...] = (frozenset({first}), frozenset({first, second}), frozenset())
        for only in limits:
            page = await search.find("secretive", only)
            assert {found.codebase_id for found in page.rows} == only
            assert page.total == len(only)


async def test_secrets_and_erased_texts_are_not_found(settings: Settings, tmp_path: Path) -> None:
    """A secret is masked before it is indexed. An erased text isn't found, and no byte of it is in the views' file."""
    secret = "ghp_" + "k3y7Q" * 7 + "x"
    async with running(settings, tmp_path / "home") as api:
        codebase = await api.register("shop")
        session = await worked(api, codebase, f"Use zebrafish with {secret}", "I use the zebrafish.")
        await worked(api, codebase, "Keep the walrus")
        assert [kind for kind, _ in await find(api, "zebrafish")] == ["answer", "prompt"]
        assert await find(api, secret) == []
    views = settings.data / "views.db"
    assert b"zebrafish" in b"".join(path.read_bytes() for path in settings.data.glob("views.db*"))
    await asyncio.to_thread(erase, session=session, reason="private", by="ann", yes=True, data=settings.data)
    async with running(settings, tmp_path / "home") as api:
        assert (await find(api, "zebrafish"), await find(api, "erased")) == ([], [])
        assert await find(api, "walrus") == [("prompt", "Keep the walrus")]
        assert b"walrus" in b"".join(path.read_bytes() for path in settings.data.glob("views.db*"))
    assert views.exists()
    for path in settings.data.rglob("*"):
        assert not path.is_file() or b"zebrafish" not in path.read_bytes(), path
