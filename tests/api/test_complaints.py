"""What is said of a body that isn't right: the field, and in plain words what it must be."""

from collections.abc import Mapping

import pytest
from tests.support.service import Running

from opencode_ledger.domain.ids import CodebaseId

TASK: Mapping[str, object] = {"title": "t", "prompt": "p"}
ANSWER: Mapping[str, object] = {"reply": "once"}

COMPLAINTS: list[tuple[str, Mapping[str, object], str]] = [
    ("trigger", {}, "prompt: It is required."),
    ("trigger", {"prompt": 5}, "prompt: It must be a string."),
    ("trigger", {"prompt": ""}, "prompt: It must not be empty."),
    ("trigger", {"prompt": " \n"}, "prompt: It must not be blank."),
    ("trigger", {"prompt": "x" * 500_001}, "prompt: It must have at most 500,000 characters."),
    ("trigger", {"prompt": "x", "promt": "x"}, "promt: There is no such field here."),
    ("trigger", {"prompt": "x", "agent": "b"}, "agent: It must be build, plan, explore or general."),
    (
        "trigger",
        {"prompt": "x", "model": "sonnet"},
        "model: It must be provider/model, as in anthropic/claude-sonnet-4-20250514.",
    ),
    ("trigger", {"prompt": "x", "files": "a.py"}, "files: It must be a list."),
    ("trigger", {"prompt": "x", "files": ["a"] * 101}, "files: It must have at most 100 items."),
    ("trigger", {"prompt": "x", "files": [1]}, "files.0: It must be a string."),
    (
        "trigger",
        {"prompt": "x", "files": ["."]},
        "files: '.' is the codebase itself, which the agent sees anyway; name files in it.",
    ),
    ("trigger", {"prompt": "x", "metadata": []}, "metadata: It must be a JSON object."),
    ("tasks", {**TASK, "priority": "high"}, "priority: It must be a whole number."),
    ("tasks", {**TASK, "priority": 1.5}, "priority: It must be a whole number."),
    ("tasks", {**TASK, "priority": 1_000_001}, "priority: It must be at most 1,000,000."),
    ("tasks", {**TASK, "priority": -1_000_001}, "priority: It must be at least -1,000,000."),
    ("permissions/perm_1", {"reply": "yes"}, "reply: It must be once, always or reject."),
    ("permissions/perm_1", {**ANSWER, "message": " "}, "message: It must not be blank."),
    ("permissions/perm_1", {**ANSWER, "answers": "sqlite"}, "answers: It must be a list."),
    ("permissions/perm_1", {**ANSWER, "answers": ["sqlite"]}, "answers.0: It must be a list."),
    ("permissions/perm_1", {**ANSWER, "answers": [[""]]}, "answers.0.0: It must not be empty."),
]

REGISTRATIONS: list[tuple[object, str]] = [
    ("yes", "agent_config: It must be a JSON object."),
    ({"auto_approve": "yes"}, "agent_config.auto_approve: It must be true or false."),
    (
        {"default_model": "/"},
        "agent_config.default_model: It must be provider/model, as in anthropic/claude-sonnet-4-20250514.",
    ),
]


JSON = "application/json"

BYTES: list[tuple[bytes, str, int, str]] = [
    ('{"prompt": "é"}'.encode("latin-1"), JSON, 400, "The body must be in UTF-8, and its byte 13 is not."),
    ('{"prompt": "x"}'.encode("utf-16"), JSON, 400, "The body must be in UTF-8 and begin with no byte order mark."),
    (b'\xef\xbb\xbf{"prompt": "x"}', JSON, 400, "The body must be in UTF-8 and begin with no byte order mark."),
    (b'{"prompt"', JSON, 400, "The body is not valid JSON: unexpected end of data, in line 1, column 10."),
    (b"[]", JSON, 400, "The body must be a JSON object."),
    (b'{"prompt": "a\\u0000b"}', JSON, 400, "prompt: There may be no NUL character in it."),
    (
        b'{"priority": 99999999999999999999}',
        JSON,
        400,
        "priority: A number must be at least -9,223,372,036,854,775,808 and smaller than 18,446,744,073,709,551,616.",
    ),
    (b'{"prompt": "x"}', "text/plain", 415, "The body must be JSON: send it with `Content-Type: application/json`."),
    (
        b'{"prompt": "x"}',
        f"{JSON}; charset=latin-1",
        415,
        "The body must be in UTF-8: send it with `Content-Type: application/json`, and no other charset.",
    ),
]

ADDRESSES: list[tuple[str, str]] = [
    ("tasks?limit=-1", "limit: It must be a whole number from 1 to 500, in digits alone."),
    ("tasks?limit=1&limit=2", "limit: It must be given only once."),
    (f"tasks?offset={'9' * 30}", "offset: It must be a whole number from 0 to 999,999,999,999,999, in digits alone."),
    ("tasks?status=done", "status: It must be one of pending, running, interrupted, completed, failed, cancelled."),
    (
        "tasks?stauts=done",
        "stauts: There is no such parameter here; this address takes status, limit, offset, at.",
    ),
    ("permissions?at=1", "at: There is no such parameter here; this address takes limit, offset."),
    ("messages", "session_id: It is required, as a parameter of the address."),
    (
        "events?last_event_id=x",
        "Last-Event-ID, or last_event_id: It must be the id of one event, in digits, at most 9223372036854775807.",
    ),
]


@pytest.fixture
async def codebase(api: Running) -> CodebaseId:
    return await api.register()


@pytest.mark.parametrize(("where", "body", "sentence"), COMPLAINTS, ids=[sentence for *_, sentence in COMPLAINTS])
async def test_a_complaint(
    api: Running, codebase: CodebaseId, where: str, body: Mapping[str, object], sentence: str
) -> None:
    """A field that isn't right is named, with what it must be, in words that need no manual."""
    answer = await api.ask("POST", f"/codebases/{codebase}/{where}", body)
    assert (answer.status, answer.body) == (400, {"detail": sentence, "code": "invalid_input"})


@pytest.mark.parametrize(("config", "sentence"), REGISTRATIONS)
async def test_a_complaint_about_a_registration(api: Running, config: object, sentence: str) -> None:
    """So is a field within another."""
    body = {"name": "a", "path": str(api.directory("a")), "agent_config": config}
    answer = await api.ask("POST", "/codebases", body)
    assert (answer.status, answer.body["detail"]) == (400, sentence)


@pytest.mark.parametrize(("body", "content_type", "status", "sentence"), BYTES)
async def test_a_complaint_about_bytes(
    api: Running, codebase: CodebaseId, body: bytes, content_type: str, status: int, sentence: str
) -> None:
    """Bytes that can't be read as the JSON that is asked for are told by what is wrong with them."""
    more = {"data": body, "headers": {"Content-Type": content_type}}
    answer = await api.ask("POST", f"/codebases/{codebase}/trigger", **more)
    assert (answer.status, answer.body["detail"]) == (status, sentence)


@pytest.mark.parametrize(("address", "sentence"), ADDRESSES)
async def test_a_complaint_about_an_address(api: Running, codebase: CodebaseId, address: str, sentence: str) -> None:
    """A parameter that isn't right is named, with what it must be; so is one that its address doesn't take."""
    answer = await api.ask("GET", f"/codebases/{codebase}/{address}")
    assert (answer.status, answer.body["detail"]) == (400, sentence)
