"""The names of the files in a data directory. docs/operations.md says what each is for."""

from typing import Final

LOG_NAME: Final = "ledger.db"
VIEWS_NAME: Final = "views.db"
MOMENTS_NAME: Final = "moments.db"
TREE_NAME: Final = "tree.db"
KEY_NAME: Final = "checkpoint.key"
INSTANCE_NAME: Final = "instance"
LOGINS_NAME: Final = "logins.json"
SHELL_NAME: Final = "shell"
SCRATCH_NAME: Final = "tmp"
