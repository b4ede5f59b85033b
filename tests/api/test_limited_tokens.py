"""Tokens that are limited to codebases, at every address: exactly what is theirs passes, and nothing shows the rest."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.service import API, LIMIT, Running, becomes, running

from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.access.limited import DECIDED
from opencode_ledger.http.access.tokens import SCOPES
from opencode_ledger.http.route import Route
from opencode_ledger.http.routes import ROUTES
from opencode_ledger.http.settings import Settings

OPERATOR = "the-token-of-the-operator"
NAMED, BY_ID, BOTH, READER, UNKNOWN, EITHER = (
    f"the-token-for-{name}"
    for name in ("shop-named", "shop-by-id", "shop-and-mill", "reading-the-shop", "no-codebase", "shop-or-store")
)
COMMANDS = {
    ("POST", "trigger"): {"prompt": "Go"},
    ("POST", "message"): {"message": "More"},
    ("POST", "tasks"): {"title": "t", "prompt": "p"},
    ("PATCH", ""): {"description": "d"},
}


def bearing(token: str) -> dict[str, str]:
    """The header of a token's requests."""
    return {"Authorization": f"Bearer {token}"}


class Place:
    """A service with two codebases, each with a session, a task and a permission; and the tokens."""

    def __init__(self, api: Running, shop: CodebaseId, mill: CodebaseId, tasks: dict[CodebaseId, str]) -> None:
        self.api, self.shop, self.mill, self.tasks = api, shop, mill, tasks

    async def status(self, method: str, path: str, token: str, body: object = None) -> tuple[int, str]:
        """The status and the code of a request; a stream's status is all that is read of it."""
        headers = {**bearing(token), "Content-Type": "application/json"} if method != "GET" else bearing(token)
        data = None if method == "GET" else b"{}"
        if body is not None:
            return code(await self.api.ask(method, path.removeprefix(API), body, headers=headers))
        async with self.api.client.request(method, path, headers=headers, data=data) as answer:
            plain = answer.content_type == "application/json" and answer.status >= 400
            return answer.status, (await answer.json())["code"] if plain else ""


def code(answer: Any) -> tuple[int, str]:
    """The status of an answer, and the code if it is an error."""
    body: dict[str, str] = answer.body if answer.status >= 400 else {}
    return answer.status, body.get("code", "")


@pytest.fixture
async def place(settings: Settings, tmp_path: Path) -> AsyncIterator[Place]:
    """Two codebases; one server makes them, so that a token can be limited by an id."""
    home = tmp_path / "home"
    async with running(settings, home) as api:
        shop, mill = await api.register("shop"), await api.register("mill")
        tasks = {
            codebase: (await api.post(f"/codebases/{codebase}/tasks", {"title": "t", "prompt": "p"}))["task"]["id"]
            for codebase in (shop, mill)
        }
        for codebase in (shop, mill):
            await (await api.agent_at_work(codebase)).end("Done.")
    file = tmp_path / "tokens"
    file.write_text(
        f"operator = all: {OPERATOR}\nnamed = all, @shop: {NAMED}\nid = all, @{shop}: {BY_ID}\n"
        f"both = all, @shop, @{mill}: {BOTH}\nreader = read, @shop: {READER}\nnone = all, @gone: {UNKNOWN}\n"
        f"either = all, @shop, @store: {EITHER}\n"
    )
    file.chmod(0o600)
    async with running(settings.model_copy(update={"token_file": file}), home, token=OPERATOR) as api:
        yield Place(api, shop, mill, tasks)


def filled(route: Route, place: Place, codebase: str, named: str) -> str:
    """A route's path with a codebase in it, and what belongs to that."""
    path = route.path.replace("{codebase_id}", named).replace("{task_id}", place.tasks[CodebaseId(codebase)])
    return re.sub(r"\{\w+(:[^}]+)?\}", "0", path)


async def test_what_each_token_may_do_where(place: Place, subtests: pytest.Subtests) -> None:
    """Every route, for each token and each of the codebases, by id and by name: refused exactly where it is not the token's.

    What passes may still be refused for another reason, which says that it passed.
    """
    mine = {OPERATOR: {"shop", "mill"}, NAMED: {"shop"}, BY_ID: {"shop"}, BOTH: {"shop", "mill"}, UNKNOWN: set[str]()}
    ids = {"shop": place.shop, "mill": place.mill}
    routes = [route for route in ROUTES if route.access != "open"]
    # What ends a codebase comes last.
    for route in sorted(routes, key=lambda route: route.method == "DELETE"):
        for token, own in sorted(mine.items(), key=lambda item: item[0] == OPERATOR):
            for name, codebase in ids.items():
                if route.method == "DELETE" and name in own and token != OPERATOR:
                    continue  # the operator's turn shows it, at the end
                forms = (codebase, name) if "{codebase_id}" in route.path else (codebase,)
                for named in forms if route.method != "DELETE" else forms[:1]:
                    path = filled(route, place, codebase, named)
                    with subtests.test(f"{route.method} {path} {token}"):
                        status, error = await place.status(route.method, path, token)
                        assert_passed(route, status, error, theirs=name in own, limited=token != OPERATOR)


def assert_passed(route: Route, status: int, error: str, *, theirs: bool, limited: bool) -> None:
    """Whether a request was let through that should be, and refused if not."""
    assert status not in (401, 500) and error != "scope_missing"
    if route.limited == "refused" and limited:
        assert (status, error) == (403, "token_limited")
        return
    assert error != "token_limited"
    if "{codebase_id}" in route.path:
        assert (error == "codebase_not_found") == (not theirs)
    if "{task_id}" in route.path:
        assert (error == "task_not_found") == (not theirs)


async def test_commands_reach_only_the_own_codebase(place: Place, subtests: pytest.Subtests) -> None:
    """A command in another's codebase is 404 and leaves no trace; the same in the own one is done."""
    for (method, what), body in COMMANDS.items():
        with subtests.test(what):
            head = await place.api.service.store.stream_head(place.mill)
            for named in (place.mill, "mill"):
                path = f"{API}/codebases/{named}/{what}".rstrip("/")
                assert await place.status(method, path, NAMED, body) == (404, "codebase_not_found")
            assert await place.api.service.store.stream_head(place.mill) == head
            path = f"{API}/codebases/shop/{what}".rstrip("/")
            assert (await place.status(method, path, NAMED, body))[0] == 200
            assert (await place.status(method, path, READER, body)) == (403, "scope_missing")


async def test_no_limited_token_renames(place: Place, subtests: pytest.Subtests) -> None:
    """A name may be another's: a limited token gives none, and nothing of its request is done or recorded."""
    log = place.api.service.store
    for token in (NAMED, BY_ID, BOTH):
        for name in ("mill", "shop", "new"):
            with subtests.test(f"{token} {name}"):
                head = await log.stream_head(place.shop)
                body = {"name": name, "description": "d"}
                assert await place.status("PATCH", f"{API}/codebases/shop", token, body) == (403, "token_limited")
                assert await log.stream_head(place.shop) == head
    assert (await place.api.ask("GET", "/codebases/mill")).body["id"] == place.mill


async def test_a_kept_answer_is_within_the_limit(place: Place, tmp_path: Path, subtests: pytest.Subtests) -> None:
    """A token that was limited since gets no kept answer that is about another codebase, and still its own ones."""
    paths = dict[tuple[CodebaseId, str], str]()
    for codebase, task in place.tasks.items():
        paths[codebase, "retry"] = f"/tasks/{task}/retry"
        again = await repeated(place, paths[codebase, "retry"])
        paths[codebase, "cancel"] = f"/tasks/{again.body['task']['id']}/cancel"
        assert (await repeated(place, paths[codebase, "cancel"])).status == 200
    new = tmp_path / "new"
    new.write_text(f"operator = all, @mill: {OPERATOR}\n")
    new.chmod(0o600)
    new.replace(tmp_path / "tokens")
    await becomes(lambda: seen(place), {place.mill})
    for (codebase, verb), path in paths.items():
        with subtests.test(f"{codebase} {verb}"):
            answer = await repeated(place, path)
            if codebase == place.mill:
                assert (answer.status, answer.headers.get("Idempotent-Replayed")) == (200, "true")
            else:
                assert code(answer) == (404, "task_not_found")


async def seen(place: Place) -> set[str]:
    """The ids of the codebases that the operator is shown."""
    return {one["id"] for one in await place.api.get("/codebases")}


async def repeated(place: Place, path: str) -> Any:
    """The answer to a command of the operator, whose key is its path."""
    return await place.api.ask("POST", path, headers={"Idempotency-Key": path})


async def test_lists_show_only_the_own_ones(place: Place) -> None:
    """Lists, counts and totals know of no other codebase, whatever another token got before: the cache keeps them apart."""
    wanted = {
        OPERATOR: {place.shop, place.mill},
        NAMED: {place.shop},
        BY_ID: {place.shop},
        READER: {place.shop},
        BOTH: {place.shop, place.mill},
        UNKNOWN: set[CodebaseId](),
    }
    for codebase in (place.shop, place.mill):
        await place.api.post(f"/codebases/{codebase}/trigger", {"prompt": "Go"})
        await (await place.api.agent_at_work(codebase)).ask("edit", {"filepath": "x"})
    for _again in range(2):
        for token, ids in wanted.items():
            headers = bearing(token)
            assert {one["id"] for one in await place.api.get("/codebases", headers=headers)} == ids
            tasks = await place.api.get("/tasks", headers=headers)
            assert ({task["codebase_id"] for task in tasks["tasks"]}, tasks["total"]) == (ids, 2 * len(ids))
            waiting = await place.api.get("/permissions", headers=headers)
            assert ({one["codebase"]["id"] for one in waiting["permissions"]}, waiting["total"]) == (ids, len(ids))
            assert (await place.api.get("/tasks?status=running", headers=headers))["total"] == len(ids)
            assert (await place.api.get("/status", headers=headers))["registered_codebases"] == len(ids)


async def test_the_stream_of_overviews_shows_only_the_own_ones(place: Place) -> None:
    """It has the token's codebases, also one that gets the token's name later, and none that leaves the limit."""
    headers, path = bearing(NAMED), f"{API}/overview/events"
    async with asyncio.timeout(LIMIT), place.api.client.get(path, headers=headers) as stream:
        body = await stream.content.readuntil(b'"name":"shop"}')
        for codebase, name, seen in (
            (place.mill, "mine", None),
            (place.shop, "store", b'"name":"shop"},"overview":null'),
            (place.mill, "shop", b'"cost_today":0.0}}\n\n'),
        ):
            assert (await place.api.ask("PATCH", f"/codebases/{codebase}", {"name": name})).status == 200
            body += await stream.content.readuntil(seen) if seen else b""
    assert b"mine" not in body
    assert b"store" not in body
    assert place.mill.encode() in body.partition(b'"overview":null')[2]


async def test_a_name_stands_for_those_that_have_it_now(place: Place) -> None:
    """A codebase that gets another name is no longer the token's; an id stays. A new one of that name is."""
    assert (await place.api.ask("PATCH", "/codebases/shop", {"name": "store"})).status == 200
    other = await place.api.register("another")
    assert (await place.api.ask("PATCH", f"/codebases/{other}", {"name": "shop"})).status == 200
    assert [one["id"] for one in await place.api.get("/codebases", headers=bearing(NAMED))] == [other]
    assert [one["id"] for one in await place.api.get("/codebases", headers=bearing(BY_ID))] == [place.shop]
    assert (await place.api.ask("GET", f"/codebases/{place.shop}", headers=bearing(NAMED))).status == 404


RENAMES = (
    # How it is named and then renamed, and what of the new name a token for `shop` and `store` may see: all, none.
    ("out of the limit", NAMED, "shop", "secret", False),
    ("out of both names", EITHER, "store", "hidden", False),
    ("to a name like an id", NAMED, "shop", "cb_unseen", False),
    ("within the limit", EITHER, "shop", "store", True),
    ("to the same name", NAMED, "shop", "shop", True),
    ("out of the name, but its id is there", BY_ID, "shop", "mart", True),
    ("with no limit", OPERATOR, "shop", "bazaar", True),
)


async def test_where_a_change_of_name_shows(place: Place, subtests: pytest.Subtests) -> None:
    """Streams, live and resumed, and all views show a new name exactly to the tokens that have the codebase by it.

    The event with a name outside the limit is not sent, nor is what follows; what came before it is.
    """
    for what, token, before, after, stays in RENAMES:
        with subtests.test(what):
            await rename(place, before)
            head = await place.api.service.store.stream_head(place.shop)
            path = f"{API}/codebases/{place.shop}/events"
            async with (
                asyncio.timeout(LIMIT),
                place.api.client.get(path, headers=bearing(token)) as live,
                place.api.client.get(path, headers=bearing(token) | {"Last-Event-ID": "0"}) as whole,
                place.api.client.get(f"{API}/overview/events", headers=bearing(token)) as overviews,
            ):
                assert (live.status, whole.status) == (200, 200)
                for change in ({"description": "last"}, {"name": after, "description": "new"}, {"description": "end"}):
                    assert (await place.api.ask("PATCH", f"/codebases/{place.shop}", change)).status == 200
                last = head + 3 if stays else head + 1
                seen = [await read(stream, last if stays else None) for stream in (live, whole)]
                if not stays:
                    seen.append(await overviews.content.readuntil(b'"overview":null'))
            ids = [[int(one) for one in re.findall(rb"^id: (\d+)", body, re.MULTILINE)] for body in seen[:2]]
            assert ids == [list(range(head + 1, last + 1)), list(range(1, last + 1))]
            assert stays or not any(after.encode() in body for body in seen)
            await the_views_agree(place, token, head, stays=stays)
            await rename(place, "shop")


async def the_views_agree(place: Place, token: str, head: int, *, stays: bool) -> None:
    """The codebase is there, also as it was, and a reader may return to its stream; or it is not, by whatever address."""
    path, headers = f"/codebases/{place.shop}", bearing(token)
    listed = [one["id"] for one in await place.api.get("/codebases", headers=headers)]
    assert (place.shop in listed) == stays
    for address in ("", "/status", f"/status?at={head}", "/sessions", f"/tasks?at={head}", "/log"):
        answer = await place.api.ask("GET", f"{path}{address}", headers=headers)
        assert (200, "") if stays else code(answer) == (404, "codebase_not_found"), address
    async with place.api.client.get(
        f"{API}{path}/events", headers=headers | {"Last-Event-ID": str(head + 1)}
    ) as returning:
        assert returning.status == (200 if stays else 404)


async def test_a_change_of_name_into_the_limit(place: Place) -> None:
    """A codebase that gets the token's name is the token's with all of its history, its earlier names among it."""
    await rename(place, "early")
    path = f"{API}/codebases/{place.shop}/events"
    start = bearing(NAMED) | {"Last-Event-ID": "0"}
    assert (await place.api.ask("GET", f"/codebases/{place.shop}/events", headers=start)).status == 404
    await rename(place, "shop")
    head = await place.api.service.store.stream_head(place.shop)
    async with asyncio.timeout(LIMIT), place.api.client.get(path, headers=start) as stream:
        body = await stream.content.readuntil(b"id: %d\n" % head)
    assert b"early" in body


async def rename(place: Place, name: str) -> None:
    """Give the shop a name, also the one that it has."""
    assert (await place.api.ask("PATCH", f"/codebases/{place.shop}", {"name": name})).status == 200


async def read(stream: Any, upto: int | None) -> bytes:
    """What a stream sends up to an event, or up to its end."""
    if upto is not None:
        return bytes(await stream.content.readuntil(b"id: %d\n" % upto))
    body = bytes(await stream.content.read())
    assert body.endswith(b": this token may not read this codebase any more\n")
    return body


async def test_a_name_like_another_s_id_opens_nothing(place: Place) -> None:
    """An id in a limit is only an id: a codebase that takes it for its name is not the token's."""
    assert (await place.api.ask("PATCH", f"/codebases/{place.mill}", {"name": place.shop})).status == 200
    assert [one["id"] for one in await place.api.get("/codebases", headers=bearing(BY_ID))] == [place.shop]


async def test_an_ambiguous_name_shows_no_foreign_ids(place: Place) -> None:
    """Two codebases of one name are ambiguous only for one who may use both."""
    second = await place.api.register("copy")
    assert (await place.api.ask("PATCH", f"/codebases/{second}", {"name": "mill"})).status == 200
    assert code(await place.api.ask("GET", "/codebases/mill")) == (409, "codebase_ambiguous")
    assert (await place.api.ask("GET", "/codebases/mill", headers=bearing(BOTH))).body["id"] == place.mill


async def test_deleted_codebases_stay_their_auditors(place: Place) -> None:
    """The history of a deleted codebase is for tokens with its id; a name is gone with it."""
    assert (await place.api.ask("DELETE", f"/codebases/{place.shop}")).status == 200
    path = f"/codebases/{place.shop}/log"
    assert (await place.api.ask("GET", path, headers=bearing(BY_ID))).status == 200
    assert code(await place.api.ask("GET", path, headers=bearing(NAMED))) == (404, "codebase_not_found")


def test_every_address_was_decided() -> None:
    """What was decided is for addresses that exist, and each that is for all codebases is refused unless that was decided."""
    addresses = {(route.method, route.address) for route in ROUTES}
    assert DECIDED.keys() <= addresses
    assert all("{codebase_id}" not in address for _, address in DECIDED)
    assert set(SCOPES) == {"read", "operate", "audit"}
