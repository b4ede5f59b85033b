"""The rows that the handlers of sessions and tasks update."""

from typing import Final

THIS_ROW: Final = "WHERE id = ? AND codebase_id = ?"

OPEN_ROW: Final = f"{THIS_ROW} AND status IN ('pending', 'running', 'interrupted')"
"""The same, unless it has ended: what has ended stays as it is."""
