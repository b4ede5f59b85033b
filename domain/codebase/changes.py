"""How a codebase's name, its description and its agent's configuration change."""

from .. import events as e
from ..ids import Timestamp
from . import commands as c
from .decision import NOTHING, Decision
from .lifecycle_rules import check_present
from .state import State


def change(state: State, command: c.ChangeCodebase, at: Timestamp) -> Decision:
    """Record the members that change; nothing where none does. Raises where the codebase is being deleted, or is gone."""
    check_present(state.phase)
    known = state.codebase
    assert known is not None  # one that is present was registered
    config = {**known.agent_config, **command.agent_config}
    config = {name: value for name, value in config.items() if value is not None}
    changed = e.CodebaseChanged(
        codebase_id=known.codebase_id,
        name=command.name if command.name != known.name else None,
        description=command.description if command.description != known.description else None,
        agent_config=config if config != known.agent_config else None,
        timestamp=at,
    )
    return (
        NOTHING if changed == e.CodebaseChanged(codebase_id=known.codebase_id, timestamp=at) else Decision((changed,))
    )
