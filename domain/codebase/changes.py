"""What is known of a codebase, and how it changes: its name, its description, and how its agent is run."""

from .. import events as e
from ..ids import Timestamp
from . import commands as c
from .decision import NOTHING, Decision
from .lifecycle import check_present
from .state import State


def change(command: c.ChangeCodebase, state: State, at: Timestamp) -> Decision:
    """Record what becomes another; nothing where all of it is so already. Raises where the codebase is on its way out."""
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
