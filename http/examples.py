"""Examples for the API's description: those of its document."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from ..domain.events import Json
from . import shapes
from .schemas import NewTask, RegisterCodebase, ReplyPermission, SendMessage, TriggerAgent

MODEL: Final = "anthropic/claude-sonnet-4-20250514"

EXAMPLES: Final[Mapping[type[BaseModel], Json]] = {
    RegisterCodebase: {
        "name": "my-project",
        "path": "/home/user/projects/my-project",
        "description": "Main application codebase",
        "agent_config": {"default_model": MODEL, "auto_approve": False},
    },
    TriggerAgent: {
        "prompt": "Add comprehensive unit tests for the authentication module",
        "agent": "build",
        "model": MODEL,
        "files": ["src/auth/login.py", "src/auth/logout.py"],
        "metadata": {"priority": "high"},
    },
    SendMessage: {"message": "Please also add integration tests", "agent": "build"},
    NewTask: {
        "title": "Add unit tests",
        "prompt": "Create comprehensive unit tests for all API endpoints",
        "agent_type": "build",
        "priority": 10,
        "metadata": {"sprint": "2025-Q1"},
    },
    ReplyPermission: {"reply": "once"},
    shapes.ServiceStatus: {
        "available": True,
        "message": "OpenCode integration ready",
        "opencode_binary": "/usr/local/bin/opencode",
        "registered_codebases": 3,
        "auto_start": True,
    },
    shapes.Problem: {"detail": "There is no such codebase.", "code": "codebase_not_found"},
}
