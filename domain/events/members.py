"""What each member of an event is, declared once: masking and erasure follow from it.

| | masked on the way into the log | left after an erasure |
| --- | --- | --- |
| `IDENTITY` | no | yes |
| `LABEL` | yes | yes |
| `CONTENT`, `NESTED`, `FREE` | yes | no |

A member that is declared nowhere is content: it is masked and erased.
"""

from collections.abc import Mapping
from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


IDENTITY: Final = _names("""
    about agent_message_id agent_permission_id agent_session_id before by call_id change codebase codebase_id created_at
    decided_by digests ended_at expires_at fingerprint key kind message_id parent_id part_id path_encoding permission_id
    read reason reply retry_of revision role session_id started_at status subagent task_id timestamp type via whole_id
    whole_kept_sha256 whole_missing whole_sha256
""")
"""Identities, which others refer to, moments, digests, and words of a fixed choice.

A request's `key` is found again by its value; a key that holds a secret is refused before it gets here. So is a name
that would be in `by` or `via`.
"""

LABEL: Final = _names("""
    additions agent agent_type attempt code correlation_id cost deletions diff_missing exit_code finish id imported left_out model priority
    replaces schema_version success times tokens tool waiting whole_bytes whole_kept worker_id
""")
"""Names that people or agents choose, amounts, and flags: they say nothing of the work, but a secret may be in one."""

CONTENT: Final = _names("""
    added always answers calls changed content description diff erased_by error files message name output path patterns program
    prompt reasoning removed result summary title tombstones
""")
"""What people, agents and tools said."""

NESTED: Final = _names("answer tools")
"""Members whose own members have these names too; an erasure decides on each of them."""

FREE: Final = _names("agent_config args metadata")
"""Members of any form, in which even the names of members are content."""

WIRE_NAMES: Final[Mapping[str, str]] = {"change": "action"}
"""Attributes that have another name in the JSON, where the customer's document fixes it."""

ON_THE_WIRE: Final = frozenset(WIRE_NAMES.get(name, name) for name in IDENTITY | LABEL)
"""The names in the JSON of all that an erasure leaves."""
