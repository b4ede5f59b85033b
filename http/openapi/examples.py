"""The examples of the API's document, to the letter, plus the members that this project adds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Example:
    """A request and its response."""

    request: Any = None
    response: Any = None


NOTHING: Final = Example()

MODEL: Final = "anthropic/claude-sonnet-4-20250514"
STARTED: Final = "2025-12-10T15:30:00Z"
ENDED: Final = "2025-12-10T16:45:00Z"

_SAID: Final = {
    "name": "my-project",
    "path": "/home/user/projects/my-project",
    "description": "Main application codebase",
}
_CODEBASE: Final = {"id": "cb_abc123", **_SAID, "created_at": "2025-12-10T10:00:00Z"}
_LISTED: Final = {**_CODEBASE, "worker_id": "worker-1", "registered_by": "anna"}
_OVERVIEW: Final = {
    "state": "running",
    "since": STARTED,
    "reason": None,
    "says": "Analyzing codebase structure...",
    "queued": 2,
    "waiting": 0,
    "session": {
        "id": "sess_xyz789",
        "prompt": "Add comprehensive unit tests for the authentication module",
        "status": "running",
        "started_at": STARTED,
    },
    "tokens": {"input": 41200, "output": 3800},
    "cost": 0.1806,
    "cost_today": 0.1806,
}
_TASK: Final = {"id": "task_abc123", "codebase_id": "cb_abc123", "title": "Add unit tests"}
_PROMPT: Final = "Add comprehensive unit tests for the authentication module"
_PART: Final = {"limit": 50, "offset": 0}
_TASKS: Final = {
    "tasks": [
        {
            **_TASK,
            "status": "completed",
            "created_at": STARTED,
            "completed_at": ENDED,
            "priority": 1,
            "agent_type": "build",
        }
    ],
    "total": 1,
    **_PART,
}
_ASKED: Final = {
    "id": "perm_20460d8c0001eJ7v",
    "kind": "permission",
    "tool": "bash",
    "args": {"command": "touch a.txt"},
    "patterns": ["touch a.txt"],
    "always": ["touch *"],
    "session_id": "sess_xyz789",
    "task_id": "task_abc123",
    "asked_at": STARTED,
    "expires_at": "2025-12-10T15:40:00Z",
    "reply": None,
    "decided_by": None,
    "answered_at": None,
    "answered_by": None,
}

EXAMPLES: Final[Mapping[str, Example]] = {
    "service_status": Example(
        response={
            "available": True,
            "message": "OpenCode integration ready",
            "opencode_binary": "/usr/local/bin/opencode",
            "registered_codebases": 3,
            "auto_start": True,
        }
    ),
    "sign_in": Example(
        request={"token": "…"},
        response={
            "success": True,
            "scopes": ["read", "operate"],
            "expires_at": "2025-12-17T22:00:00.000Z",
            "page_key": "9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
        },
    ),
    "sign_out": Example(response={"success": True, "message": "Signed out"}),
    "list_models": Example(
        response=[
            {"id": MODEL, "name": "Claude Sonnet 4", "provider": "Anthropic"},
            {"id": "openai/gpt-4o", "name": "GPT-4o", "provider": "OpenAI"},
            {"id": "google/gemini-2.0-flash", "name": "Gemini 2.0 Flash", "provider": "Google"},
        ]
    ),
    "list_codebases": Example(response=[{**_LISTED, "overview": _OVERVIEW}]),
    "overview_events": Example(
        response='id: 42\nevent: overview\ndata: {"codebase": {"id": "cb_abc123", "name": "my-project"}, "overview": null}\n\n'
    ),
    "register_codebase": Example(
        request={**_SAID, "agent_config": {"default_model": MODEL, "auto_approve": False}, "worker_id": "worker-1"},
        response={"success": True, "codebase": _CODEBASE},
    ),
    "get_codebase": Example(
        response={
            **_LISTED,
            "agent_config": {"default_model": MODEL},
            "last_activity": STARTED,
            "overview": _OVERVIEW,
        },
    ),
    "change_codebase": Example(
        request={"agent_config": {"trusted": True}},
        response={
            "success": True,
            "codebase": {
                **_LISTED,
                "agent_config": {"default_model": MODEL, "trusted": True},
                "last_activity": STARTED,
                "overview": _OVERVIEW,
            },
        },
    ),
    "delete_codebase": Example(response={"success": True, "message": "Codebase cb_abc123 deleted"}),
    "trigger_agent": Example(
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
    ),
    "send_message": Example(
        request={"message": "Also add integration tests for the OAuth flow", "agent": "build"},
        response={"success": True, "message": "Message sent to agent"},
    ),
    "interrupt_agent": Example(response={"success": True, "message": "Interrupt signal sent"}),
    "stop_agent": Example(response={"success": True, "message": "Agent stopped"}),
    "agent_status": Example(
        response={
            "codebase_id": "cb_abc123",
            "status": "running",
            "session_id": "sess_xyz789",
            "current_task": "Adding unit tests",
            "started_at": STARTED,
            "model": MODEL,
            "queue": {"pending": 0, "code": None, "message": None, "next_try_at": None},
        }
    ),
    "list_permissions": Example(response={"permissions": [_ASKED], "total": 1, **_PART}),
    "list_all_permissions": Example(
        response={
            "permissions": [{"codebase": {"id": "cb_abc123", "name": "my-project"}, **_ASKED}],
            "total": 1,
            **_PART,
        }
    ),
    "reply_permission": Example(
        request={"reply": "once"}, response={"success": True, "message": "Permission answered"}
    ),
    "agent_events": Example(
        response='id: 7\nevent: status\ndata: {"status": "running", "message": "Agent started"}\n\n'
        'id: 8\nevent: output\ndata: {"type": "text", "content": "Analyzing codebase structure..."}\n\n'
    ),
    "list_sessions": Example(
        response={
            "sessions": [
                {
                    "id": "sess_xyz789",
                    "codebase_id": "cb_abc123",
                    "started_at": STARTED,
                    "ended_at": ENDED,
                    "status": "completed",
                    "model": MODEL,
                    "prompt": "Add unit tests for authentication",
                    "messages_count": 24,
                    "agent": "build",
                    "task_id": "task_abc123",
                    "tokens": {"input": 41200, "output": 3800},
                    "cost": 0.1806,
                }
            ],
            "total": 15,
            **_PART,
        }
    ),
    "sync_sessions": Example(response={"success": True, "synced": 5, "message": "Synced 5 sessions from OpenCode"}),
    "session_changes": Example(
        response={
            "files": [
                {"path": "src/auth/login.py", "action": "modify", "additions": 8, "deletions": 1, "diff_recorded": True}
            ],
            "total": 1,
            **_PART,
        }
    ),
    "session_messages": Example(
        response={
            "messages": [
                {
                    "id": "msg_001",
                    "role": "user",
                    "content": "Add unit tests for authentication",
                    "timestamp": STARTED,
                    "model": MODEL,
                },
                {
                    "id": "msg_002",
                    "role": "assistant",
                    "content": "I'll analyze the authentication module and create comprehensive tests...",
                    "timestamp": "2025-12-10T15:30:05Z",
                    "model": MODEL,
                },
            ],
            "total": 2,
            "limit": None,
            "offset": 0,
        }
    ),
    "create_task": Example(
        request={
            "title": "Add unit tests",
            "prompt": _PROMPT,
            "agent_type": "build",
            "priority": 1,
            "metadata": {"ticket": "JIRA-123"},
        },
        response={"success": True, "task": {**_TASK, "status": "pending", "priority": 1, "created_at": STARTED}},
    ),
    "list_codebase_tasks": Example(response=_TASKS),
    "list_tasks": Example(response=_TASKS),
    "get_task": Example(
        response={
            **_TASK,
            "prompt": "Add comprehensive unit tests...",
            "agent_type": "build",
            "status": "running",
            "priority": 1,
            "session_id": "sess_xyz789",
            "created_at": STARTED,
            "started_at": "2025-12-10T15:30:05Z",
            "metadata": {"ticket": "JIRA-123"},
        }
    ),
    "search": Example(
        response={
            "results": [
                {
                    "codebase": {"id": "cb_abc123", "name": "my-project"},
                    "session_id": "sess_xyz789",
                    "task_id": "task_abc123",
                    "kind": "prompt",
                    "sequence": 6,
                    "at": STARTED,
                    "excerpt": "Add comprehensive unit tests for the authentication module",
                    "marks": [[18, 28]],
                }
            ],
            "total": 1,
            **_PART,
        }
    ),
    "change_task": Example(
        request={"prompt": f"{_PROMPT}, and for logout", "position": "first"},
        response={
            "success": True,
            "task": {
                **_TASK,
                "prompt": f"{_PROMPT}, and for logout",
                "agent_type": "build",
                "status": "pending",
                "priority": 1,
                "place": 1,
                "created_at": STARTED,
                "metadata": {"ticket": "JIRA-123"},
            },
        },
    ),
    "retry_task": Example(
        response={
            "success": True,
            "task": {
                **_TASK,
                "id": "task_def456",
                "status": "pending",
                "priority": 1,
                "created_at": ENDED,
                "retry_of": "task_abc123",
            },
        }
    ),
    "cancel_task": Example(response={"success": True, "message": "Task cancelled"}),
}
