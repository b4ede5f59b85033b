"""The names of things: identities and numbers, branded so that one can't be passed for another.

Identities look like `cb_…`, `sess_…`, `task_…`, `msg_…`, `perm_…`: a kind and a part that sorts by the time
of its making. They are made outside the domain (see `ports.IdSource`) and arrive inside commands.
"""

from typing import NewType

CodebaseId = NewType("CodebaseId", str)
SessionId = NewType("SessionId", str)
TaskId = NewType("TaskId", str)
MessageId = NewType("MessageId", str)
PermissionId = NewType("PermissionId", str)

OutputId = NewType("OutputId", str)
"""The name of a whole output of a tool, kept beside the log: `out_…`. It says nothing of what it holds."""

AgentSessionId = NewType("AgentSessionId", str)
"""The agent's own name for a session (opencode: `ses_…`), needed to resume it there."""

AgentPermissionId = NewType("AgentPermissionId", str)
"""The agent's own name for a question of permission (opencode: `per_…`)."""

Sequence = NewType("Sequence", int)
"""The number of an event in its codebase's stream: 1, 2, 3, … without a hole. It is the SSE `id`."""

Position = NewType("Position", int)
"""The number of an event in the whole log: 1, 2, 3, … over all streams."""

Timestamp = NewType("Timestamp", str)
"""A moment as RFC 3339 in UTC with milliseconds: `2025-12-10T15:30:00.000Z`. Information only; order is by sequence."""
