"""The facts of the customer's API document, as data: its addresses, examples, fields, events and status codes.

The examples are the document's own, to the letter. `reading` makes the same objects of the document itself, so that
the two can be compared; `play` has the real service answer to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

Json: TypeAlias = Any
"""Whatever JSON can hold."""

Place: TypeAlias = Literal["request", "response", "query"]


@dataclass(frozen=True)
class Field:
    """A row of a table of fields. `required`: None where the table doesn't say; `words`: the values that it names.

    `default`: what holds where the field is absent, in the document's words.
    """

    type: str
    place: Place
    required: bool | None = None
    words: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A section of the document: one or more addresses, an example of the request and of the answer, tables of fields."""

    title: str
    routes: tuple[str, ...]
    request: Json = None
    response: Json = None
    fields: Mapping[str, Field] = field(default_factory=dict[str, Field])


API: Final = "/v1/opencode"
CODEBASE: Final = f"{API}/codebases/{{codebase_id}}"
MODEL: Final = "anthropic/claude-sonnet-4-20250514"
PATH: Final = "/home/user/projects/my-project"
CREATED: Final = "2025-12-10T10:00:00Z"
STARTED: Final = "2025-12-10T15:30:00Z"
COMPLETED: Final = "2025-12-10T16:45:00Z"

_PLAIN: Final = {"name": "my-project", "path": PATH, "description": "Main application codebase"}
_PROMPT: Final = "Add comprehensive unit tests for the authentication module"


def _ask(kind: str, *, required: bool = False, words: tuple[str, ...] = (), default: str | None = None) -> Field:
    return Field(kind, "request", required, words, default)


STATUS: Final = Endpoint(
    title="Check OpenCode Status",
    routes=(f"GET {API}/status",),
    response={
        "available": True,
        "message": "OpenCode integration ready",
        "opencode_binary": "/usr/local/bin/opencode",
        "registered_codebases": 3,
        "auto_start": True,
    },
    fields={
        "available": Field("boolean", "response"),
        "message": Field("string", "response"),
        "opencode_binary": Field("string", "response"),
        "registered_codebases": Field("integer", "response"),
        "auto_start": Field("boolean", "response"),
    },
)
MODELS: Final = Endpoint(
    title="List Available Models",
    routes=(f"GET {API}/models",),
    response=[
        {"id": MODEL, "name": "Claude Sonnet 4", "provider": "Anthropic"},
        {"id": "openai/gpt-4o", "name": "GPT-4o", "provider": "OpenAI"},
        {"id": "google/gemini-2.0-flash", "name": "Gemini 2.0 Flash", "provider": "Google"},
    ],
)
CODEBASES: Final = Endpoint(
    title="List Codebases",
    routes=(f"GET {API}/codebases",),
    response=[{"id": "cb_abc123", **_PLAIN, "worker_id": "worker-1", "created_at": CREATED}],
)
REGISTER: Final = Endpoint(
    title="Register Codebase",
    routes=(f"POST {API}/codebases",),
    request={**_PLAIN, "agent_config": {"default_model": MODEL, "auto_approve": False}, "worker_id": "worker-1"},
    response={"success": True, "codebase": {"id": "cb_abc123", **_PLAIN, "created_at": CREATED}},
    fields={
        "name": _ask("string", required=True),
        "path": _ask("string", required=True),
        "description": _ask("string"),
        "agent_config": _ask("object"),
        "worker_id": _ask("string"),
    },
)
GET_CODEBASE: Final = Endpoint(
    title="Get Codebase",
    routes=(f"GET {CODEBASE}",),
    response={
        "id": "cb_abc123",
        **_PLAIN,
        "worker_id": "worker-1",
        "agent_config": {"default_model": MODEL},
        "created_at": CREATED,
        "last_activity": STARTED,
    },
)
DELETE: Final = Endpoint(
    title="Delete Codebase",
    routes=(f"DELETE {CODEBASE}",),
    response={"success": True, "message": "Codebase cb_abc123 deleted"},
)
TRIGGER: Final = Endpoint(
    title="Trigger Agent",
    routes=(f"POST {CODEBASE}/trigger",),
    request={
        "prompt": _PROMPT,
        "agent": "build",
        "model": MODEL,
        "files": ["src/auth/login.py", "src/auth/oauth.py"],
        "metadata": {"priority": "high", "ticket": "JIRA-123"},
    },
    response={
        "success": True,
        "session_id": "sess_xyz789",
        "task_id": "task_abc123",
        "status": "running",
        "message": "Agent started on codebase my-project",
    },
    fields={
        "prompt": _ask("string", required=True),
        "agent": _ask("string", words=("build", "plan", "explore", "general"), default="build"),
        "model": _ask("string", default="codebase config or Claude Sonnet"),
        "files": _ask("array"),
        "metadata": _ask("object"),
    },
)
MESSAGE: Final = Endpoint(
    title="Send Message",
    routes=(f"POST {CODEBASE}/message",),
    request={"message": "Also add integration tests for the OAuth flow", "agent": "build"},
    response={"success": True, "message": "Message sent to agent"},
)
INTERRUPT: Final = Endpoint(
    title="Interrupt Agent",
    routes=(f"POST {CODEBASE}/interrupt",),
    response={"success": True, "message": "Interrupt signal sent"},
)
STOP: Final = Endpoint(
    title="Stop Agent",
    routes=(f"POST {CODEBASE}/stop",),
    response={"success": True, "message": "Agent stopped"},
)
AGENT: Final = Endpoint(
    title="Get Agent Status",
    routes=(f"GET {CODEBASE}/status",),
    response={
        "codebase_id": "cb_abc123",
        "status": "running",
        "session_id": "sess_xyz789",
        "current_task": "Adding unit tests",
        "started_at": STARTED,
        "model": MODEL,
    },
)
SESSIONS: Final = Endpoint(
    title="List Sessions",
    routes=(f"GET {CODEBASE}/sessions",),
    response={
        "sessions": [
            {
                "id": "sess_xyz789",
                "codebase_id": "cb_abc123",
                "started_at": STARTED,
                "ended_at": COMPLETED,
                "status": "completed",
                "model": MODEL,
                "prompt": "Add unit tests for authentication",
                "messages_count": 24,
            }
        ],
        "total": 15,
        "limit": 50,
        "offset": 0,
    },
    fields={"limit": Field("integer", "query", default="50"), "offset": Field("integer", "query")},
)
SYNC: Final = Endpoint(
    title="Sync Sessions",
    routes=(f"POST {CODEBASE}/sessions/sync",),
    response={"success": True, "synced": 5, "message": "Synced 5 sessions from OpenCode"},
)
MESSAGES: Final = Endpoint(
    title="Get Session Messages",
    routes=(f"GET {CODEBASE}/messages?session_id={{session_id}}",),
    response={
        "messages": [
            {
                "id": "msg_001",
                "role": "user",
                "content": "Add unit tests for authentication",
                "timestamp": STARTED,
            },
            {
                "id": "msg_002",
                "role": "assistant",
                "content": "I'll analyze the authentication module and create comprehensive tests...",
                "timestamp": "2025-12-10T15:30:05Z",
            },
        ]
    },
)
CREATE_TASK: Final = Endpoint(
    title="Create Task",
    routes=(f"POST {CODEBASE}/tasks",),
    request={
        "title": "Add unit tests",
        "prompt": _PROMPT,
        "agent_type": "build",
        "priority": 1,
        "metadata": {"ticket": "JIRA-123"},
    },
    response={
        "success": True,
        "task": {
            "id": "task_abc123",
            "codebase_id": "cb_abc123",
            "title": "Add unit tests",
            "status": "pending",
            "priority": 1,
            "created_at": STARTED,
        },
    },
)
TASKS: Final = Endpoint(
    title="List Tasks",
    routes=(f"GET {API}/tasks", f"GET {CODEBASE}/tasks"),
    response={
        "tasks": [
            {
                "id": "task_abc123",
                "codebase_id": "cb_abc123",
                "title": "Add unit tests",
                "status": "completed",
                "created_at": STARTED,
                "completed_at": COMPLETED,
            }
        ]
    },
    fields={
        "status": Field("string", "query", words=("pending", "running", "completed", "failed")),
        "limit": Field("integer", "query"),
    },
)
GET_TASK: Final = Endpoint(
    title="Get Task",
    routes=(f"GET {API}/tasks/{{task_id}}",),
    response={
        "id": "task_abc123",
        "codebase_id": "cb_abc123",
        "title": "Add unit tests",
        "prompt": "Add comprehensive unit tests...",
        "agent_type": "build",
        "status": "running",
        "priority": 1,
        "session_id": "sess_xyz789",
        "created_at": STARTED,
        "started_at": "2025-12-10T15:30:05Z",
    },
)
CANCEL_TASK: Final = Endpoint(
    title="Cancel Task",
    routes=(f"POST {API}/tasks/{{task_id}}/cancel",),
    response={"success": True, "message": "Task cancelled"},
)
STREAM: Final = Endpoint(title="Stream Agent Events", routes=(f"GET {CODEBASE}/events",))

ENDPOINTS: Final = (
    STATUS,
    MODELS,
    CODEBASES,
    REGISTER,
    GET_CODEBASE,
    DELETE,
    TRIGGER,
    MESSAGE,
    INTERRUPT,
    STOP,
    AGENT,
    SESSIONS,
    SYNC,
    MESSAGES,
    CREATE_TASK,
    TASKS,
    GET_TASK,
    CANCEL_TASK,
    STREAM,
)

EVENTS: Final[Mapping[str, Json]] = {
    "status": {"status": "running", "message": "Agent started"},
    "output": {"type": "text", "content": "Analyzing codebase structure..."},
    "tool_use": {"tool": "read_file", "args": {"path": "src/auth/login.py"}},
    "file_change": {"action": "create", "path": "tests/test_auth.py"},
    "complete": {"status": "completed", "summary": "Added 15 unit tests"},
    "error": {"error": "Model rate limit exceeded", "code": "RATE_LIMITED"},
}

ERROR: Final = {"detail": "Codebase not found"}

STATUS_CODES: Final = (400, 404, 409, 503)
