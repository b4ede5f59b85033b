"""What is remembered of what others did: the same whatever order it came in, and found without unpacking it."""

from hashlib import blake2b
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase.imported import Recorded, digest_of
from opencode_ledger.domain.events import imported as o
from opencode_ledger.domain.events.imported import LONG, is_long
from opencode_ledger.domain.ids import AgentSessionId, CodebaseId, SessionId, Timestamp

AT = Timestamp("2026-01-01T00:00:00.000Z")
SESSION = SessionId("sess_1")
TEXTS = st.text(max_size=4) | st.sampled_from(["'", '"', "'\"", "\\", "\ud83d", "é"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=15,
)


@given(st.lists(VALUES, max_size=4))
@settings(deadline=None)
def test_a_digest_stays_what_it_was(values: list[object]) -> None:
    """Made piece by piece it is what older logs have: nothing is recorded a second time for it."""
    whole = blake2b(repr(tuple(values)).encode("utf-8", "replace"), digest_size=8)
    assert digest_of(*values) == whole.hexdigest()


NAMES = st.sampled_from([f"msg_{number}" for number in range(12)])


@given(st.lists(st.lists(st.tuples(NAMES, st.sampled_from("abc")), max_size=5), max_size=6), st.randoms())
def test_what_is_remembered(pages: list[list[tuple[str, str]]], chance: Any) -> None:
    """Of each name the last digest, however they came by pages; and it is the same whatever came first."""
    recorded, known = Recorded(session_id=SESSION), dict[str, str]()
    for page in pages:
        recorded = recorded.grown(page)
        known |= dict(page)
    names = [f"msg_{number}" for number in range(12)]
    assert [name for name in names if recorded.knows(name)] == [name for name in names if name in known]
    for digest in "abc":
        assert recorded.lacking(dict.fromkeys(names, digest)) == {name for name in names if known.get(name) != digest}
    shuffled = list(known.items())
    chance.shuffle(shuffled)
    assert Recorded(session_id=SESSION).grown(shuffled) == recorded
    assert len(recorded.packed) == 16 * len(known)


class _Counted(bytes):
    """Bytes that count how often some of them were read."""

    reads = 0

    def __getitem__(self, place: Any) -> Any:
        _Counted.reads += 1
        return cast("Any", bytes.__getitem__)(self, place)


def test_a_long_session_is_not_unpacked() -> None:
    """Of 50,000 messages a page of 32 reads a few hundred entries, not all of them."""
    whole = Recorded(session_id=SESSION).grown((f"msg_{number}", "x") for number in range(50_000))
    recorded = Recorded(session_id=SESSION, packed=_Counted(whole.packed))
    page = {f"msg_{number}": "y" for number in range(49_984, 50_016)}
    _Counted.reads = 0
    assert len(recorded.lacking(page)) == 32
    assert sum(recorded.knows(name) for name in page) == 16
    assert len(recorded.grown(page.items()).packed) == 16 * 50_016
    assert _Counted.reads < 3 * 32 * 20


def message(**more: Any) -> o.MessageImported:
    said: dict[str, Any] = {
        "message_id": "msg_1",
        "role": "assistant",
        "content": "",
        "created_at": AT,
        "timestamp": AT,
        **more,
    }
    return o.MessageImported(**said)


def head(**more: Any) -> o.SessionImported:
    said: dict[str, Any] = {
        "status": "completed",
        "agent_session_id": AgentSessionId("ses_1"),
        "title": "",
        "prompt": "",
        "digests": {},
    }
    said |= {"agent": "build", "started_at": AT, "timestamp": AT, **more}
    return o.SessionImported(**said)


def call(**more: Any) -> dict[str, Any]:
    return {"tool": "bash", "args": {}, "call_id": "c", "status": "completed", "output": "", **more}


WORDS = "x" * (LONG + 1)


@pytest.mark.parametrize(
    "event",
    [
        *(
            message(content=WORDS),
            message(reasoning=WORDS),
            message(error=WORDS),
            head(prompt=WORDS),
            head(title=WORDS),
        ),
        *(message(tools=(call(output=WORDS),)), message(tools=(call(args={"command": WORDS}),))),
        *(message(tools=(call(args={WORDS: 1}),)), message(tools=(call(args={"a": {"b": [[WORDS]]}}),))),
        *(message(tools=tuple(call() for _ in range(1000))), message(tools=(call(args={"a": [0] * LONG}),))),
        *(head(digests={f"msg_{number}": "0" * 16 for number in range(1000)}), message(content="x" * (LONG // 2))),
    ],
)
def test_whatever_is_long_is_known_to_be(event: e.Event) -> None:
    """Words wherever they stand, and many small values: such events are masked and encoded beside the loop."""
    assert is_long([event, event])
    assert not is_long([e.CodebaseRegistered(codebase_id=CodebaseId("cb_1"), name=WORDS, path="/x", timestamp=AT)])


def test_a_short_page_is_none() -> None:
    """A few messages of a few words are recorded where they stand."""
    assert not is_long([head(prompt="Go"), *(message(content="some words", tools=(call(),)) for _ in range(32))])
