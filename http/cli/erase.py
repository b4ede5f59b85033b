"""`opencode-ledger erase`: removes content from the log permanently and keeps the proofs valid."""

import getpass
import os
import re
import shlex
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Final

from cyclopts import Parameter

from ...actors.clock import SystemClock
from ...actors.store.lock import DataLock
from ...actors.store.log_file import check_there, opened
from ...domain.errors import InvalidInput
from ...domain.events.event import Cause
from ...domain.fault_points import pass_by
from ...domain.ids import CodebaseId, Position
from ...domain.principals import system_user
from ..data_directory import LOG_NAME
from ..derived_files import DERIVED_FROM_THE_LOG
from ..offline.codebase_name import codebase_of
from ..offline.erasing import Choice, Chosen, choose, erasures, finish
from ..offline.erasing import erase as execute
from ..offline.verify import counted
from ..settings import Data, default_data
from .progress import progress
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
    yes: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    data: Data = None,
) -> int:
    """Erase the content of sessions from the log permanently. The log stays verifiable. Stop the server first.

    Erased: prompts, answers, tool inputs and outputs, titles, paths and reasons. Kept: positions, times, ids, states,
    amounts and hashes. A new event records who erased what, when and why.

    Without a selection, this command finishes an erasure that was interrupted. Older backups and exports don't change.

    Example: `opencode-ledger erase --session sess_abc123 --reason "requested by the person, ticket 12"`

    Parameters
    ----------
    codebase
        The id or name of a deleted codebase, to erase all of it. With another selection: search only this codebase.
    session
        A session that has ended. Its task and the sessions of its subagents are erased too.
    position
        An event's position in the whole log, or a range (`17-23`). Repeat the option for more.
    older_than
        All sessions, tasks and deleted codebases that ended longer ago than this: `90d`, `12w`, `36h`.
    reason
        The reason. It is recorded permanently, so it must not repeat erased content.
    by
        Who erases, in your words. Default: the current user. The user id is recorded in any case.
    yes
        Don't ask for confirmation.
    data
        The data directory. Default: ~/.opencode-ledger.

    """
    place = data or default_data()
    choice = _choice(codebase, session, position, older_than)
    if choice is not None and not (reason and reason.strip()):
        raise InvalidInput("--reason is required; it is recorded permanently.")
    check_there(place / LOG_NAME)
    with DataLock.acquire(place):
        if finish(place / LOG_NAME, _caches(place)):
            say("Finished an erasure that was interrupted.")
        elif choice is None:
            raise InvalidInput("Name what to erase: --session, --codebase, --position or --older-than.")
        if choice is not None:
            _erase(place, choice, why=reason or "", who=by or _user(), yes=yes)
    return 0


def _erase(place: Path, choice: Choice, *, why: str, who: str, yes: bool) -> None:
    log = place / LOG_NAME
    with opened(log) as file:
        head = max((last.position for last in file.last_of_each()), default=Position(0))
        if choice.codebase:
            choice = replace(choice, codebase=codebase_of(file, choice.codebase))
        with progress("reading") as report:
            found = choose(file, choice, report)
        if not found:
            say("There is no content left to erase in this selection.")
            return
        for chosen in found:
            say(_summary(chosen))
        if not yes:
            _confirm()
        events = list(erasures(file, found, head, why=why, who=who, cause=_cause()))
    with progress("erasing") as report:
        execute(log, _caches(place), events, report, pass_by)
    count, places = sum(len(chosen.positions) for chosen in found), ", ".join(str(event.position) for event in events)
    say(f"Erased {counted(count, 'event')}, recorded at position {places}. The views are rebuilt at the next start.")
    for repeat in (repeat for chosen in found for repeat in chosen.repeats):
        say(
            f"{repeat} repeats a prompt of it, because a task was retried. To erase that too: {_again(repeat, why, place)}"
        )
    say("Older backups and exports still hold the erased content: take a new backup, then destroy the old ones.")


def _again(session: str, why: str, place: Path) -> str:
    """The command that erases one more session or task."""
    data = [] if place == default_data() else ["--data", str(place)]
    return shlex.join(["opencode-ledger", "erase", "--session", session, "--reason", why, *data])


def _caches(place: Path) -> list[Path]:
    return [place / name for name in DERIVED_FROM_THE_LOG]


def _choice(codebase: str | None, session: str | None, positions: tuple[str, ...], age: str | None) -> Choice | None:
    """What is to be erased; None where nothing was named. Raises `InvalidInput`."""
    if (session is not None) + bool(positions) + (age is not None) > 1:
        raise InvalidInput("Use only one of --session, --position and --older-than.")
    if codebase is None and session is None and not positions and age is None:
        return None
    return Choice(
        codebase=CodebaseId(codebase) if codebase else None,
        session=session,
        positions=frozenset(number for text in positions for number in _range(text)),
        before=None if age is None else SystemClock().now() - _age(age),
    )


def _range(text: str) -> range:
    parts = _POSITIONS.fullmatch(text)
    first, last = (int(parts[1]), int(parts[2] or parts[1])) if parts else (1, 0)
    if not first <= last < first + _MOST:
        raise InvalidInput(
            f"--position must be a position or a range such as 17-23 of at most {_MOST:,} events, not {text!r}."
        )
    return range(first, last + 1)


def _age(text: str) -> timedelta:
    parts = _AGE.fullmatch(text)
    if parts is None:
        raise InvalidInput(f"--older-than must be a time span such as 90d, 12w or 36h, not {text!r}.")
    return int(parts[1]) * _UNITS[parts[2]]


def _summary(chosen: Chosen) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in chosen.kinds.most_common())
    return f"{chosen.codebase}: {counted(len(chosen.positions), 'event')}, at positions {chosen.positions[0]} to {chosen.positions[-1]}: {kinds}"


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise InvalidInput("Nothing was erased: without a terminal to ask on, --yes is required.")
    print("Erase the content of these events permanently? [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise InvalidInput("Nothing was erased.")


def _cause() -> Cause:
    """Who runs this command, as the system knows it: unlike `--by`, nobody can choose that."""
    return Cause(f"erase_{token_hex(8)}", system_user(os.getuid()).by)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container a user needs no name
        return f"user {os.getuid()}"
