"""What the API says about an invalid request: it names the field and says what it must be."""

from collections.abc import Mapping

import pytest
from tests.support.service import Running

from opencode_ledger.domain.ids import CodebaseId

TASK: Mapping[str, object] = {"title": "t", "prompt": "p"}
ANSWER: Mapping[str, object] = {"reply": "once"}

MESSAGES: list[tuple[str, Mapping[str, object], str]] = [
    ("trigger", {}, "`prompt` is required."),
    ("trigger", {"prompt": 5}, "`prompt` must be a string."),
    ("trigger", {"prompt": ""}, "`prompt` must not be empty."),
    ("trigger", {"prompt": " \n"}, "`prompt` must not be blank."),
    ("trigger", {"prompt": "x" * 500_001}, "`prompt` must have at most 500,000 characters."),
    ("trigger", {"prompt": "x", "promt": "x"}, "`promt` is not a known field."),
    ("trigger", {"prompt": "x", "agent": "b"}, "`agent` must be build, plan, explore or general."),
    (
        "trigger",
        {"prompt": "x", "model": "sonnet"},
        "`model` must be provider/model, such as anthropic/claude-sonnet-4-20250514.",
    ),
    ("trigger", {"prompt": "x", "files": "a.py"}, "`files` must be a list."),
    ("trigger", {"prompt": "x", "files": ["a"] * 101}, "`files` must have at most 100 items."),
    ("trigger", {"prompt": "x", "files": [1]}, "`files.0` must be a string."),
    (
        "trigger",
        {"prompt": "x", "files": ["."]},
        "`files` names '.', which is the whole codebase; name files or folders inside it.",
    ),
    ("trigger", {"prompt": "x", "metadata": []}, "`metadata` must be a JSON object."),
    ("tasks", {**TASK, "priority": "high"}, "`priority` must be a whole number."),
    ("tasks", {**TASK, "priority": 1.5}, "`priority` must be a whole number."),
    ("tasks", {**TASK, "priority": 1_000_001}, "`priority` must be at most 1,000,000."),
    ("tasks", {**TASK, "priority": -1_000_001}, "`priority` must be at least -1,000,000."),
    ("permissions/perm_1", {"reply": "yes"}, "`reply` must be once, always or reject."),
    ("permissions/perm_1", {**ANSWER, "message": " "}, "`message` must not be blank."),
    ("permissions/perm_1", {**ANSWER, "answers": "sqlite"}, "`answers` must be a list."),
    ("permissions/perm_1", {**ANSWER, "answers": ["sqlite"]}, "`answers.0` must be a list."),
    ("permissions/perm_1", {**ANSWER, "answers": [[""]]}, "`answers.0.0` must not be empty."),
]

REGISTRATIONS: list[tuple[object, str]] = [
    ("yes", "`agent_config` must be a JSON object."),
    ({"auto_approve": "yes"}, "`agent_config.auto_approve` must be true or false."),
    (
        {"default_model": "/"},
        "`agent_config.default_model` must be provider/model, such as anthropic/claude-sonnet-4-20250514.",
    ),
]


JSON = "application/json"

BYTES: list[tuple[bytes, str, int, str]] = [
    ('{"prompt": "é"}'.encode("latin-1"), JSON, 400, "The body must be in UTF-8, but byte 13 is not."),
    ('{"prompt": "x"}'.encode("utf-16"), JSON, 400, "The body must be in UTF-8 without a byte order mark."),
    (b'\xef\xbb\xbf{"prompt": "x"}', JSON, 400, "The body must be in UTF-8 without a byte order mark."),
    (b'{"prompt"', JSON, 400, "The body is not valid JSON: unexpected end of data at line 1, column 10."),
    (b"[]", JSON, 400, "The body must be a JSON object."),
    (b'{"prompt": "a\\u0000b"}', JSON, 400, "`prompt` must not contain a NUL character."),
    (
        b'{"priority": 99999999999999999999}',
        JSON,
        400,
        "`priority` has a number outside the range from -9,223,372,036,854,775,808 to 18,446,744,073,709,551,615.",
    ),
    (b'{"prompt": "x"}', "text/plain", 415, "The body must be JSON: send it with `Content-Type: application/json`."),
    (
        b'{"prompt": "x"}',
        f"{JSON}; charset=latin-1",
        415,
        "The body must be in UTF-8: send `Content-Type: application/json` without a charset.",
    ),
]

ADDRESSES: list[tuple[str, str]] = [
    ("tasks?limit=-1", "Query parameter `limit` must be a whole number from 1 to 500, in digits only."),
    ("tasks?limit=1&limit=2", "Query parameter `limit` must be given only once."),
    (
        f"tasks?offset={'9' * 30}",
        "Query parameter `offset` must be a whole number from 0 to 999,999,999,999,999, in digits only.",
    ),
    (
        "tasks?status=done",
        "Query parameter `status` must be one of pending, running, interrupted, completed, failed, cancelled.",
    ),
    (
        "tasks?stauts=done",
        "Unknown parameter `stauts`; known here: status, order, limit, offset, at.",
    ),
    ("permissions?at=1", "Unknown parameter `at`; known here: status, limit, offset."),
    ("messages", "Query parameter `session_id` is required."),
    (
        "events?last_event_id=x",
        "`Last-Event-ID` (or `last_event_id`) must be one event's id: only digits, at most 9223372036854775807.",
    ),
]


@pytest.fixture
async def codebase(api: Running) -> CodebaseId:
    return await api.register()


@pytest.mark.parametrize(("where", "body", "sentence"), MESSAGES, ids=[sentence for *_, sentence in MESSAGES])
async def test_a_wrong_field(
    api: Running, codebase: CodebaseId, where: str, body: Mapping[str, object], sentence: str
) -> None:
    """The message names the wrong field and says what it must be, in words that need no manual."""
    answer = await api.ask("POST", f"/codebases/{codebase}/{where}", body)
    assert (answer.status, answer.body) == (400, {"detail": sentence, "code": "invalid_input"})


@pytest.mark.parametrize(("config", "sentence"), REGISTRATIONS)
async def test_a_registration_with_a_wrong_field(api: Running, config: object, sentence: str) -> None:
    """The message also names a field within another."""
    body = {"name": "a", "path": str(api.directory("a")), "agent_config": config}
    answer = await api.ask("POST", "/codebases", body)
    assert (answer.status, answer.body["detail"]) == (400, sentence)


@pytest.mark.parametrize(("body", "content_type", "status", "sentence"), BYTES)
async def test_a_body_with_wrong_bytes(
    api: Running, codebase: CodebaseId, body: bytes, content_type: str, status: int, sentence: str
) -> None:
    """The message says why bytes can't be read as the expected JSON."""
    more = {"data": body, "headers": {"Content-Type": content_type}}
    answer = await api.ask("POST", f"/codebases/{codebase}/trigger", **more)
    assert (answer.status, answer.body["detail"]) == (status, sentence)


@pytest.mark.parametrize(("address", "sentence"), ADDRESSES)
async def test_an_address_with_a_wrong_parameter(
    api: Running, codebase: CodebaseId, address: str, sentence: str
) -> None:
    """The message names a wrong parameter and says what it must be; an unknown parameter is named too."""
    answer = await api.ask("GET", f"/codebases/{codebase}/{address}")
    assert (answer.status, answer.body["detail"]) == (400, sentence)
