"""What is done to the log of a simulation by hand: erasures while no service is up, and backups beside one."""

import shutil
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final
from unittest.mock import Mock, patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from opencode_ledger.actors.store.log_file import opened
from opencode_ledger.domain.errors import InvalidInput, StoreError
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.fault_points import FaultPoint
from opencode_ledger.domain.ids import CodebaseId, Position
from opencode_ledger.http.data_directory import KEY_NAME, LOG_NAME
from opencode_ledger.http.offline import erasing
from opencode_ledger.http.offline.backup import back_up
from opencode_ledger.projections.tree.signing import SigningKey

from .people import SYSTEM_USER

VIEWS_NAME: Final = "views.db"


class CutOff(Exception):
    """The erasure was killed; it was meant to be."""


def key_of(seed: int, data: Path) -> SigningKey:
    """The key of a world's checkpoints, also in its file."""
    private = Ed25519PrivateKey.from_private_bytes(sha256(str(seed).encode()).digest())
    (data / KEY_NAME).write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return SigningKey(private)


def erase(data: Path, choice: erasing.Choice, at: str, chance: Random) -> list[RecordedEvent]:
    """Erase what is chosen, perhaps cut off on the way, and finished as the next start does; the events that say so."""
    log, left = data / LOG_NAME, chance.choice((1_000_000, chance.randrange(12)))

    def reach(_: FaultPoint) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise CutOff

    with patch.object(erasing, "timestamp", Mock(return_value=at)):
        try:
            events = _recorded_by(log, choice)
        except (InvalidInput, StoreError):
            return []  # there is no such thing, or it isn't over yet
    if not events:
        return []
    try:
        erasing.erase(log, [data / VIEWS_NAME], events, _unseen, reach)
    except CutOff:
        erasing.finish(log, [data / VIEWS_NAME])
    with opened(log) as file:
        size = file.size
    return events if size >= events[-1].position else []


def _recorded_by(log: Path, choice: erasing.Choice) -> list[RecordedEvent]:
    with opened(log) as file:
        found = erasing.choose(file, choice, _unseen)
        return list(
            erasing.erasures(file, found, Position(file.size), why="asked for", who="a person", cause=SYSTEM_USER)
        )


def copied(data: Path, events: int) -> str:
    """Back up a log of this number of events, and say what is wrong with the copy."""
    place = data / "backup"
    try:
        verdict = back_up(data, place, _unseen)
    except StoreError as error:
        return str(error)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if verdict.result.events != events:
        return f"{verdict.result.events} events of {events}"
    # Whole outputs are kept in memory here, so no copy has them.
    findings = [finding for finding in verdict.result.findings if not finding.sentence.startswith("The whole output")]
    return str(findings) if findings else ""


def choice_of(chance: Random, sessions: Iterable[tuple[CodebaseId, str]], head: int) -> erasing.Choice:
    """A session, a codebase, or some events: whatever it is, perhaps it can't be erased yet."""
    codebase, session = chance.choice([*sessions])
    match chance.randrange(3):
        case 0:
            return erasing.Choice(session=session)
        case 1:
            return erasing.Choice(codebase=codebase)
        case _:
            first = chance.randrange(1, head + 1)
            return erasing.Choice(positions=frozenset(range(first, min(first + 20, head + 1))))


def _unseen(_done: int, _of: int) -> None:
    pass
