"""Any interleaving of repeated requests, of callers that leave, and of restarts: one effect per key."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.api.test_idempotency import Received, at_work, code, recorded, send
from tests.support.service import Running, running

from opencode_ledger.domain import events as e
from opencode_ledger.domain.events.requests import RequestAnswered
from opencode_ledger.http.settings import Settings

KEYS = ("a", "b", "c")
BODIES = tuple({"title": title, "prompt": "Do it"} for title in ("one", "two"))

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(KEYS), st.sampled_from((0, 0, 0, 1))),
        st.tuples(st.just("wait"), st.integers(0, 30), st.none()),
        st.tuples(st.just("leave"), st.none(), st.none()),
        st.tuples(st.just("restart"), st.none(), st.none()),
    ),
    max_size=25,
)


@dataclass
class _Asked:
    key: str
    body: int
    answer: asyncio.Task[Received | None]


@dataclass
class _Crowd:
    """Those who ask, over all lives of the service."""

    asked: list[_Asked] = field(default_factory=list[_Asked])

    def ask(self, api: Running, path: str, key: str, body: int) -> None:
        """Send one more request, and don't wait."""
        self.asked.append(_Asked(key, body, asyncio.create_task(_send_or_fail(api, path, body, key))))

    def leave(self) -> None:
        """All waiting clients disconnect."""
        for asked in self.asked:
            asked.answer.cancel()

    async def received(self) -> list[tuple[str, int, Received]]:
        """Who got which answer."""
        await asyncio.gather(*(asked.answer for asked in self.asked), return_exceptions=True)
        answers = [(a.key, a.body, a.answer.result()) for a in self.asked if not a.answer.cancelled()]
        return [(key, body, received) for key, body, received in answers if received is not None]


async def _send_or_fail(api: Running, path: str, body: int, key: str) -> Received | None:
    try:
        return await send(api, path, BODIES[body], key)
    except (aiohttp.ClientError, OSError, RuntimeError):
        return None  # the server ended meanwhile


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_any_interleaving_has_one_effect_per_key(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str | int | None, int | None]]
) -> None:
    """In any order of requests, disconnections and restarts, each key has one task, and all clients got that one."""
    asyncio.run(_interleave(tmp_path_factory.mktemp("keys"), steps))


async def _interleave(folder: Path, steps: list[tuple[str, str | int | None, int | None]]) -> None:
    settings = Settings(data=folder / "data", max_agents=8)
    crowd, path, left = _Crowd(), "", list(steps)
    while left or not path:
        async with running(settings, folder) as api:
            path = path or f"/codebases/{await at_work(api)}/tasks"
            while left and (step := left.pop(0))[0] != "restart":
                match step:
                    case ("ask", str(key), int(body)):
                        crowd.ask(api, path, key, body)
                    case ("wait", int(turns), _):
                        for _ in range(turns):
                            await asyncio.sleep(0)
                    case _:
                        crowd.leave()
    async with running(settings, folder) as api:
        for key in KEYS:
            crowd.ask(api, path, key, 0)
        received = await crowd.received()
        await _assert_one_effect_per_key(api, received)


async def _assert_one_effect_per_key(api: Running, received: list[tuple[str, int, Received]]) -> None:
    answers = {event.key: event for event in await recorded(api, RequestAnswered) if isinstance(event, RequestAnswered)}
    created = [str(event.task_id) for event in await recorded(api, e.TaskCreated) if event.session_id is None]
    assert sorted(created) == sorted({orjson.loads(orjson.dumps(a.answer))["task"]["id"] for a in answers.values()})
    assert set(answers) == set(KEYS)
    for key, body, (status, content) in received:
        if status == 200:
            assert content == orjson.dumps(answers[key].answer)
            assert orjson.loads(content)["task"]["title"] == BODIES[body]["title"]
        else:
            assert status == 503 or code((status, content)) == (409, "idempotency_key_reused")
