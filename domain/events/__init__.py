"""All kinds of event and their parts in one place; other modules import it as `e`.

Each kind is declared in the module of its subject. Those of imported sessions are in `imported`.
"""

from .codebase import CodebaseChanged, CodebaseDeleted, CodebaseDeleting, CodebaseRegistered
from .erasure import Erasure
from .event import REGISTRY, Common, Event, Json, kind
from .permission import (
    Answers,
    Decider,
    PermissionAnswering,
    PermissionAsked,
    PermissionKind,
    PermissionReplied,
    Reply,
)
from .requests import AccessRefused, RequestAnswered
from .run import (
    Complete,
    Error,
    FileChange,
    MessageDelivered,
    MessageSent,
    Output,
    Status,
    ToolResult,
    ToolUse,
    Usage,
)
from .session import (
    InterruptReason,
    SessionAdmitted,
    SessionCompleted,
    SessionFailed,
    SessionInterrupted,
    SessionInterrupting,
    SessionLinked,
    SessionResumed,
    SessionStarted,
    SessionStopped,
    SessionStopping,
)
from .task import (
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskFailed,
    TaskHeld,
    TaskInterrupted,
    TaskResumed,
    TaskStarted,
)

__all__ = [
    "REGISTRY",
    "AccessRefused",
    "Answers",
    "CodebaseChanged",
    "CodebaseDeleted",
    "CodebaseDeleting",
    "CodebaseRegistered",
    "Common",
    "Complete",
    "Decider",
    "Erasure",
    "Error",
    "Event",
    "FileChange",
    "InterruptReason",
    "Json",
    "MessageDelivered",
    "MessageSent",
    "Output",
    "PermissionAnswering",
    "PermissionAsked",
    "PermissionKind",
    "PermissionReplied",
    "Reply",
    "RequestAnswered",
    "SessionAdmitted",
    "SessionCompleted",
    "SessionFailed",
    "SessionInterrupted",
    "SessionInterrupting",
    "SessionLinked",
    "SessionResumed",
    "SessionStarted",
    "SessionStopped",
    "SessionStopping",
    "Status",
    "TaskCancelled",
    "TaskCompleted",
    "TaskCreated",
    "TaskFailed",
    "TaskHeld",
    "TaskInterrupted",
    "TaskResumed",
    "TaskStarted",
    "ToolResult",
    "ToolUse",
    "Usage",
    "kind",
]
