"""Ids and numbers, each with a type of its own so that one can't be passed for another.

Ids look like `cb_…`, `sess_…`, `task_…`, `msg_…`, `perm_…`: a kind, and a part that sorts by creation time. They are
made outside the domain (see `ports.IdSource`) and arrive in commands.
"""

from typing import NewType

CodebaseId = NewType("CodebaseId", str)
SessionId = NewType("SessionId", str)
TaskId = NewType("TaskId", str)
MessageId = NewType("MessageId", str)
PermissionId = NewType("PermissionId", str)

OutputId = NewType("OutputId", str)
"""The id of a whole output of a tool, kept beside the log: `out_…`. It reveals nothing of the content."""

AgentSessionId = NewType("AgentSessionId", str)
"""The agent's own id for a session (opencode: `ses_…`), needed to resume it there."""

AgentPermissionId = NewType("AgentPermissionId", str)
"""The agent's own id for a permission or a question (opencode: `per_…`, `que_…`)."""

Sequence = NewType("Sequence", int)
"""The number of an event in its codebase's stream: 1, 2, 3, … without gaps. It is the SSE `id`."""

Position = NewType("Position", int)
"""The number of an event in the whole log: 1, 2, 3, … over all streams."""

Timestamp = NewType("Timestamp", str)
"""A moment as RFC 3339 in UTC with milliseconds: `2025-12-10T15:30:00.000Z`. Information only; order is by sequence."""
