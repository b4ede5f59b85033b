"""The command line's `erase`: content out of the log, for good, with the proofs left valid."""

import getpass
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Final

from cyclopts import Parameter

from ...actors.store.lock import DataLock
from ...actors.store.log_file import check_there, opened
from ...domain.errors import InvalidInput
from ...domain.fault_points import pass_by
from ...domain.ids import CodebaseId, Position
from ..data_directory import LOG_NAME, MADE_OF_THE_LOG
from ..offline.erasing import Choice, Chosen, choose, erasures, finish
from ..offline.erasing import erase as carry_out
from ..settings import Data, usual_data
from .progress import progress
from .screen import counted
from .way_out import say

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_AGE: Final = re.compile(r"([0-9]{1,5})([hdw])")
_POSITIONS: Final = re.compile(r"([1-9][0-9]{0,17})(?:-([1-9][0-9]{0,17}))?")
_MOST: Final = 1_000_000

Repeated = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]


def erase(
    *,
    codebase: str | None = None,
    session: str | None = None,
    position: Repeated = (),
    older_than: str | None = None,
    reason: str | None = None,
    by: str | None = None,
    yes: Annotated[bool, Parameter(negative="")] = False,
    data: Data = None,
) -> int:
    """Erase what was said in sessions from the log, for good; the log stays verifiable. The server must be stopped.

    Texts go: prompts, answers, what tools were given and printed, titles, paths, reasons. Places, times, identities,
    states, amounts and hashes stay, and an event on record says who erased what, when and why. Without anything to
    erase it finishes what was cut off. Backups and exports of before keep what they hold.

    Example: `opencode-ledger erase --session sess_abc123 --reason "asked for by the person, ticket 12"`

    Parameters
    ----------
    codebase
        A deleted codebase, to erase all of it; or with another choice, where to look.
    session
        A session that has ended, with its task and its helpers' sessions.
    position
        An event's position in the whole log, or a range of them (`17-23`). Repeatable.
    older_than
        All sessions, tasks and deleted codebases that ended so long ago: `90d`, `12w`, `36h`.
    reason
        Why: it is recorded for good, so it must not repeat what is erased.
    by
        Who erases; without it, the user of this terminal.
    yes
        Don't ask.
    data
        The data directory; without it, ~/.opencode-ledger.

    """
    place = data or usual_data()
    choice = _choice(codebase, session, position, older_than)
    if choice is not None and not (reason and reason.strip()):
        raise InvalidInput("--reason: Say why; it stays on record.")
    check_there(place / LOG_NAME)
    with DataLock.acquire(place):
        if finish(place / LOG_NAME, _caches(place)):
            say("Finished an erasure that had been cut off.")
        elif choice is None:
            raise InvalidInput("Say what to erase: --session, --codebase, --position or --older-than.")
        if choice is not None:
            _erase(place, choice, why=reason or "", who=by or _user(), yes=yes)
    return 0


def _erase(place: Path, choice: Choice, *, why: str, who: str, yes: bool) -> None:
    log = place / LOG_NAME
    with opened(log) as file:
        head = max((last.position for last in file.last_of_each()), default=Position(0))
        with progress("reading") as told:
            found = choose(file, choice, told)
        if not found:
            say("Nothing of that has any content left to erase.")
            return
        for chosen in found:
            say(_told(chosen))
        if not yes:
            _confirm()
        events = list(erasures(file, found, head, why=why, who=who, name=f"erase_{token_hex(8)}"))
    with progress("erasing") as told:
        carry_out(log, _caches(place), events, told, pass_by)
    count, places = sum(len(chosen.positions) for chosen in found), ", ".join(str(event.position) for event in events)
    say(f"Erased {counted(count, 'event')}, on record at {places}. The views are made anew at the next start.")
    say("Backups and exports of before still hold what was erased: take a new backup, and destroy them.")


def _caches(place: Path) -> list[Path]:
    return [place / name for name in MADE_OF_THE_LOG]


def _choice(codebase: str | None, session: str | None, positions: tuple[str, ...], age: str | None) -> Choice | None:
    """What is to be erased; None where nothing was named. Raises `InvalidInput`."""
    if (session is not None) + bool(positions) + (age is not None) > 1:
        raise InvalidInput("Choose one of --session, --position and --older-than.")
    if codebase is None and session is None and not positions and age is None:
        return None
    return Choice(
        codebase=CodebaseId(codebase) if codebase else None,
        session=session,
        positions=frozenset(number for text in positions for number in _range(text)),
        before=None if age is None else datetime.now(UTC) - _age(age),
    )


def _range(text: str) -> range:
    parts = _POSITIONS.fullmatch(text)
    first, last = (int(parts[1]), int(parts[2] or parts[1])) if parts else (1, 0)
    if not first <= last < first + _MOST:
        raise InvalidInput(f"--position: {text!r} is no position, and no range as 17-23, of at most {_MOST:,} events.")
    return range(first, last + 1)


def _age(text: str) -> timedelta:
    parts = _AGE.fullmatch(text)
    if parts is None:
        raise InvalidInput(f"--older-than: {text!r} is no time such as 90d, 12w or 36h.")
    return int(parts[1]) * _UNITS[parts[2]]


def _told(chosen: Chosen) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in chosen.kinds.most_common())
    return f"{chosen.codebase}: {counted(len(chosen.positions), 'event')}, at positions {chosen.positions[0]} to {chosen.positions[-1]}: {kinds}"


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise InvalidInput("Nothing was erased: say --yes where nobody can be asked.")
    print("Erase the content of these, for good? [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise InvalidInput("Nothing was erased.")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container a user needs no name
        return f"user {os.getuid()}"
