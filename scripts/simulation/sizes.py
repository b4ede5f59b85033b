"""How much the service takes in hand at once: in small worlds as little as makes every page end somewhere and every queue overflow."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Final
from unittest.mock import patch

from opencode_ledger.actors import codebase_stream
from opencode_ledger.projections import recent_commits
from opencode_ledger.projections.tree import log_tree

PAGES: Final = (7, 100, 1000)
"""Events that are read or applied at once."""


@contextmanager
def pages_of(events: int) -> Generator[None]:
    """For the length of a block actors wake, and views and tree follow the log, by this number of events."""
    with ExitStack() as stack:
        for module, name, size in (
            (codebase_stream, "PAGE", 10 * events),
            (recent_commits, "BATCH", events),
            (recent_commits, "QUEUE", 2 * events),
            (log_tree, "BATCH", events),
            (log_tree, "LAST_BATCHES", 20),  # as many small ones as before would take longer than an end may
        ):
            stack.enter_context(patch.object(module, name, size))
        yield
