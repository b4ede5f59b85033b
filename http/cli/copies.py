"""`opencode-ledger backup` and `restore`: verified copies of the log."""

from pathlib import Path

from ..offline.backup import back_up
from ..offline.backup import restore as put_back
from ..settings import Data, default_data
from .audit import print_verdict
from .progress import progress
from .way_out import complain, say


def backup(into: Path, /, *, data: Data = None) -> int:
    """Copy the log, its tree, outputs and key to a new directory, and verify the copy. The server may run meanwhile.

    Exit code 1: the copy failed verification. It is kept so that you can inspect it.

    Example: `opencode-ledger backup /backup/2026-01-31`

    Parameters
    ----------
    into
        The directory to create. It will hold a private key: protect it like the log itself.
    data
        The data directory. Default: ~/.opencode-ledger.

    """
    with progress("copying") as report:
        verdict = back_up(data or default_data(), into, report)
    print_verdict(verdict, trusted=False)
    say(f"copy   {into}")
    return 0 if verdict.sound else 1


def restore(backup: Path, /, *, data: Data = None) -> int:
    """Verify a backup, and copy it into a data directory that has no log.

    Existing files are never overwritten: move an old log away first. Exit code 1: the backup failed verification, and
    nothing was restored.

    Example: `opencode-ledger restore /backup/2026-01-31 --data /var/lib/opencode-ledger`

    Parameters
    ----------
    backup
        A directory that `opencode-ledger backup` created.
    data
        The data directory to restore into. Default: ~/.opencode-ledger.

    """
    with progress("restoring") as report:
        verdict = put_back(backup, data or default_data(), report)
    print_verdict(verdict, trusted=False)
    if not verdict.sound:
        complain("opencode-ledger: Nothing was restored.")
        return 1
    say(f"data   {data or default_data()}")
    return 0
