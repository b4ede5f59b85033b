"""Of every kind of event each text is masked, and nothing that others refer to is touched."""

import json
from dataclasses import fields
from pathlib import Path
from typing import cast

import pytest

from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.errors import InvalidInput
from opencode_ledger.domain.events import REGISTRY, Json, Output, ToolUse, Usage
from opencode_ledger.domain.events import imported as _outside_events
from opencode_ledger.domain.events.members import IDENTITY as KEPT
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.events.wire import UnknownEvent, decode, encode
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence, TaskId, Timestamp
from opencode_ledger.domain.secrets.masked_records import (
    FREE,
    MAX_DEPTH,
    REMEMBERED,
    EventMasker,
    masked,
    masked_command,
    masked_value,
)
from opencode_ledger.domain.secrets.masker import Masker, Secrets
from opencode_ledger.domain.secrets.shapes import MARK

KEY = 'the-secret-"of the house"'
SHAPED = "sk-ant-api03-aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA"
NUMBER = 4_815_162_342
KEY_IN_JSON = json.dumps(KEY)[1:-1]
GOLDEN = (Path(__file__).parent / "golden_events.jsonl").read_text().splitlines()

assert _outside_events.CONTENT_TOPICS  # so that its kinds are registered


def smuggled(value: Json, member: str) -> Json:
    """The value with secrets in each of its texts, the names of its members, and the numbers of a free form."""
    if isinstance(value, str):
        return f"{value} {KEY} {SHAPED}"
    if isinstance(value, dict):
        number: dict[str, Json] = {"number": NUMBER} if member in FREE else {}
        return {f"{name} {KEY}": smuggled(item, member) for name, item in value.items()} | number
    return [smuggled(item, member) for item in value] if isinstance(value, list) else value


def recorded(topic: str, members: dict[str, Json]) -> RecordedEvent:
    data = json.dumps(members).encode()
    return RecordedEvent(position=Position(1), stream=CodebaseId("cb"), sequence=Sequence(1), topic=topic, data=data)


@pytest.mark.parametrize("line", GOLDEN, ids=lambda line: json.loads(line)["topic"])
def test_no_kind_of_event_carries_a_secret(line: str) -> None:
    """Each text of each kind of event, and each name and free number within, is masked; identities and fixed words stay."""
    topic, members = json.loads(line)["topic"], json.loads(json.loads(line)["data"])
    kept = KEPT | {"action"}
    event = decode(recorded(topic, {n: v if n in kept else smuggled(v, n) for n, v in members.items()}))
    assert not isinstance(event, UnknownEvent)
    written = encode(EventMasker(Secrets([KEY, str(NUMBER)])).mask(event)).data.decode()
    assert [secret for secret in (KEY_IN_JSON, SHAPED, str(NUMBER)) if secret in written] == []
    assert (MARK in written) == (KEY_IN_JSON in encode(event).data.decode())
    assert {n: v for n, v in json.loads(written).items() if n in kept} == {
        n: v for n, v in members.items() if n in kept
    }


def test_numbers_stay_numbers() -> None:
    """A number is masked only in a member of free form, and only where all of it is the secret."""
    masker = Masker(["20240101"])
    cost = Usage(tokens={"input": 120240101, "output": 20240101}, cost=20240101.5, timestamp=Timestamp("t"))
    assert masked(cost, masker) is cost
    use = ToolUse(tool="bash", args={"a": 120240101, "b": [20240101, True]}, call_id="c", timestamp=Timestamp("t"))
    assert masked(use, masker).args == {"a": 120240101, "b": [MARK, True]}


def test_what_is_never_masked_is_no_free_text() -> None:
    """Every other member of every kind is masked, and what is kept is still the name of one."""
    named = {field.name for cls in REGISTRY.values() for field in fields(cls)}
    words = {
        "content",
        "prompt",
        "title",
        "output",
        "args",
        "error",
        "summary",
        "result",
        "message",
        "path",
        "patterns",
        "always",
    }
    words |= {
        "metadata",
        "agent_config",
        "files",
        "tool",
        "tools",
        "name",
        "description",
        "model",
        "agent",
        "reasoning",
    }
    assert words <= named
    assert words & KEPT == set()
    assert named >= KEPT | FREE


def test_pieces_of_a_text_are_masked_as_parts_of_it() -> None:
    """A word that is cut into two events is no key because its second half alone would look like one."""
    masker, word = EventMasker(Secrets()), "risk-0123456789abcdef0123456789abcdef"
    written = [content(masker, piece) for piece in (word[:2], word[2:])]
    assert "".join(written) == Masker().mask(word) == word
    assert content(masker, word[2:], part="another") == MARK


def test_a_text_that_replaces_a_part_begins_again() -> None:
    """What takes the place of all that a part said is masked as a beginning, and the next piece follows on it."""
    masker, word = EventMasker(Secrets()), "risk-0123456789abcdef0123456789abcdef"
    assert content(masker, word[:2]) == word[:2]
    assert content(masker, word[2:], replaces=True) == MARK
    assert content(masker, word[:2], replaces=True) == word[:2]
    assert content(masker, word[2:]) == word[2:]


def test_the_parts_last_said_are_remembered() -> None:
    """How a part went so far is remembered for as many parts as promised, those of which the last piece is youngest."""
    masker, word = EventMasker(Secrets()), "risk-0123456789abcdef0123456789abcdef"
    parts = [f"part {n}" for n in range(REMEMBERED)]
    for part in parts:
        content(masker, word[:1], part)
    assert content(masker, word[1:2], parts[0]) == word[1:2]  # so that it is the youngest
    content(masker, "x", "one more")
    assert content(masker, word[2:], parts[0]) == word[2:]
    assert content(masker, word[2:], parts[1]) == MARK


@pytest.mark.parametrize("value", [None, True, 5, "words", ["a", ("b", 2.5)], {"a": [None, False]}])
def test_a_value_without_secrets_stays_itself(value: object) -> None:
    """A value without a secret is handed back as the very same, whatever it is made of."""
    assert masked_value(value, Masker(["hunter2-hunter2"])) is value


def test_a_value_of_any_kind_is_masked() -> None:
    """Secrets are masked in names, in items, in numbers, and in what is written of other things; tuples stay tuples."""
    masker = Masker(["hunter2-hunter2", str(NUMBER)])
    value = {"hunter2-hunter2": ("a", "hunter2-hunter2", NUMBER), "b": Path("/hunter2-hunter2")}
    assert masked_value(value, masker) == {MARK: ("a", MARK, MARK), "b": Path("/hunter2-hunter2")}
    assert masked_value(Path("/hunter2-hunter2"), masker) == f"/{MARK}"


def test_what_is_nested_too_deep_is_cut() -> None:
    """A value is read down to the maximum depth; deeper values are left out, and never recorded unmasked."""
    masker, secret = Masker(["hunter2-hunter2"]), "hunter2-hunter2"
    deep: object = secret
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert MARK in str(masked_value(deep, masker)) and "…" not in str(masked_value(deep, masker))
    for deeper in ([deep], {"a": deep}):
        assert "…" in str(masked_value(deeper, masker)) and secret not in str(masked_value(deeper, masker))


def content(masker: EventMasker, piece: str, part: str = "part", *, replaces: bool = False) -> str:
    output = Output(
        type="text", content=piece, message_id="m", part_id=part, replaces=replaces, timestamp=Timestamp("t")
    )
    return cast(Output, masker.mask(output)).content


def test_a_secret_is_no_part_of_a_name() -> None:
    """A directory or a file whose name holds a secret is refused, for under another name it would not be found."""
    masker = Masker(["hunter2-hunter2"])
    named = "a-hunter2-hunter2-b"
    bad: list[c.Command] = [
        c.Register(codebase_id=CodebaseId("cb_1"), name="shop", path=f"/code/{named}"),
        c.CreateTask(task_id=TaskId("task_1"), title="t", prompt="p", files=("ok.py", named)),
    ]
    for command in bad:
        with pytest.raises(InvalidInput):
            masked_command(command, masker)
    task = c.CreateTask(task_id=TaskId("task_1"), title="t", prompt=f"use {named}", files=("ok.py",))
    found = masked_command(task, masker)
    assert isinstance(found, c.CreateTask) and "hunter2" not in found.prompt and found.files == ("ok.py",)
    assert masked_command(c.Interrupt(), masker) == c.Interrupt()
