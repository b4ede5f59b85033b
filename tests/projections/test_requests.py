"""The view of the requests that were made under a key."""

from pathlib import Path

import orjson
from tests.projections.histories import STREAMS, History, register

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.events.requests import RequestAnswered
from opencode_ledger.domain.principals import LOCAL
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.views.requests import AnsweredRequest

A, B, _ = STREAMS
ANSWER: dict[str, e.Json] = {"success": True, "task": {"id": "task_1", "title": "Größe ✓", "cost": 0.1}}


def answered(history: History, key: str, **answer: e.Json) -> RequestAnswered:
    """An answered request."""
    return RequestAnswered(key=key, fingerprint=f"of {key}", answer=answer, timestamp=history.at())


async def test_requests_are_found_by_their_keys(tmp_path: Path) -> None:
    """A key leads to its request's fingerprint and to the very bytes of its answer, in whatever codebase that was."""
    history = History()
    for stream, key in [(A, "a"), (B, "b")]:
        register(history, stream)
        history.record(stream, answered(history, key, of=key, **ANSWER))
    views = (await Projections.open(tmp_path / "views.db", await history.store())).views
    for stream, key in [(A, "a"), (B, "b")]:
        assert await views.requests.get(key, LOCAL) == AnsweredRequest(
            f"of {key}", 200, orjson.dumps({"of": key, **ANSWER}), stream
        )
    assert await views.requests.get("c", LOCAL) is None


async def test_the_first_answer_stays(tmp_path: Path) -> None:
    """Were a key ever in the log twice, the first would count; what can't be read is passed over."""
    history = History()
    register(history, A)
    history.raw(A, NewEvent("request", b'{"action":"answered","key":"k","timestamp":"t"}'))
    history.record(A, answered(history, "k", first=True))
    history.record(A, answered(history, "k", first=False))
    views = (await Projections.open(tmp_path / "views.db", await history.store())).views
    assert await views.requests.get("k", LOCAL) == AnsweredRequest("of k", 200, b'{"first":true}', A)


async def test_requests_outlive_their_codebase(tmp_path: Path) -> None:
    """A key is known for ever, whatever becomes of the codebase."""
    history = History()
    register(history, A)
    history.record(A, answered(history, "k"))
    history.command(A, c.Delete())
    history.record(A, e.CodebaseDeleted(codebase_id=A, timestamp=history.at()))
    views = (await Projections.open(tmp_path / "views.db", await history.store())).views
    assert await views.codebases.get(A) is None
    assert await views.requests.get("k", LOCAL) == AnsweredRequest("of k", 200, b"{}", A)
