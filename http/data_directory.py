"""The names of the files in a data directory. docs/operations.md says what each is for."""

from typing import Final

from ..projections.file_names import REBUILT

LOG_NAME: Final = "ledger.db"
VIEWS_NAME: Final = "views.db"
MOMENTS_NAME: Final = "moments.db"
TREE_NAME: Final = "tree.db"
KEY_NAME: Final = "checkpoint.key"
INSTANCE_NAME: Final = "instance"
SHELL_NAME: Final = "shell"
SCRATCH_NAME: Final = "tmp"

DERIVED_FROM_THE_LOG: Final = (VIEWS_NAME, VIEWS_NAME + REBUILT, MOMENTS_NAME)
"""Files with content of the log. They are rebuilt from it when they are missing."""
