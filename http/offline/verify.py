"""Verification of a data directory without a server. It reads files, writes none, and trusts nobody."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...actors.store.evidence.files import content_of, size_of
from ...actors.store.evidence.read_only import FoundDatabase
from ...actors.store.guards import Deviation
from ...actors.store.log_file import LogFile, opened
from ...domain.errors import InvalidInput
from ...domain.proofs.audit import Audit, Finding, TreeLeaves, audit
from ...domain.proofs.signed_notes import BadNote, Checkpoint, VerifierKey, open_note
from ...domain.proofs.tiles import TileId
from ...projections.tree.signing import verify
from ..data_directory import KEY_NAME, LOG_NAME, TREE_NAME
from .evidence import LONGEST_KEY, SignedEvidence, signed_evidence_in
from .file_checks import guard_findings, odd_findings, output_findings, tree_findings
from .verify_parts import audit_by_many, damage_by_another, is_long

Progress = Callable[[int, int], None]
"""Called now and then with the number of events that were read, and with their total."""


@dataclass(frozen=True)
class _Reading:
    """What was read in a log's file. `damage`, `guards`, `odd`: see `LogFile`. `odd`: only where the audit found a fault."""

    damage: str | None
    guards: list[Deviation]
    result: Audit
    odd: int | None = None


@dataclass(frozen=True)
class Verdict:
    """The result of a verification. `key`: the key whose signatures were checked. `summary`: what was compared.

    `claim`: what an export says about itself, true or not.
    """

    key: VerifierKey
    result: Audit
    summary: str
    claim: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.result.findings


def counted(number: int, thing: str) -> str:
    """A number with its noun, such as `1 event` or `2 events`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def verify_data(data: Path, kept: Iterable[Path], key: VerifierKey | None, progress: Progress) -> Verdict:
    """Verify a data directory. `kept`: files with saved checkpoints. Raises `StoreError`, `InvalidInput`."""
    with signed_evidence_in(data) as evidence:
        return _verify(evidence, kept, key, progress)


def _verify(evidence: SignedEvidence, kept: Iterable[Path], key: VerifierKey | None, progress: Progress) -> Verdict:
    if key is None and not evidence.has_key:
        raise InvalidInput(
            f"{evidence.data} has no {KEY_NAME} to check signatures with; name the log's public key with --key."
        )
    key = key or evidence.key().verifier
    older = [checkpoint_of(note, key, source) for source, note in kept_checkpoints(kept)]
    newest = [checkpoint_of(evidence.note, key, str(evidence.data / TREE_NAME))] if evidence.note else []
    reading = _read(
        evidence.log, [*older, *newest], lambda number: evidence.tiles.get(TileId(0, number), b""), progress
    )
    result = reading.result
    if result.findings:
        result.findings[:0] = odd_findings(reading.odd)
    else:
        result.findings.extend(tree_findings(evidence, newest[0].size if newest else 0, result))
        result.findings.extend(output_findings(evidence, result))
    result.findings.extend(guard_findings(reading.guards))
    if reading.damage:
        result.findings.append(Finding("unguarded", 0, f"{LOG_NAME} is damaged: {reading.damage}."))
    return Verdict(key, result, _compared(result) + erased_of(result) + _kept(result))


def _read(found: FoundDatabase, checkpoints: list[Checkpoint], leaves: TreeLeaves, progress: Progress) -> _Reading:
    """Read the log: opened once, unless it is long and something is wrong with it."""
    with opened(found) as log:
        size, guards = log.size, log.deviations()
        if not is_long(size):
            return _Reading(log.damage(), guards, *_audited(log, checkpoints, leaves, progress))
    # No connection is open here: SQLite's must not cross a fork.
    with damage_by_another(found) as damage:
        result = audit_by_many(found, size, checkpoints, leaves, lambda done: progress(done, size))
        if result is not None:
            return _Reading(damage(), guards, result)
        with opened(found) as log:
            result, odd = _audited(log, checkpoints, leaves, progress)
        return _Reading(damage(), guards, result, odd)


def _audited(
    log: LogFile, checkpoints: list[Checkpoint], leaves: TreeLeaves, progress: Progress
) -> tuple[Audit, int | None]:
    """The audit by this process alone, and the first event that is not stored as any is, where something is wrong."""
    result = audit(log.events(), checkpoints, leaves, lambda done: progress(done, log.size))
    if not result.findings:
        return result, None
    # Where the events are those that were signed, it is the tree that was changed.
    signed = audit(log.events(), checkpoints)
    if signed.checked and not signed.findings:
        return signed, None
    return result, log.odd()


def erased_of(result: Audit) -> str:
    """How many events were erased, and how many are yet to be erased, in words."""
    erased = f"; {result.erased} of them erased" if result.erased else ""
    left = f"; {result.unfinished} not yet erased: run `opencode-ledger erase`" if result.unfinished else ""
    return erased + left


def _kept(result: Audit) -> str:
    count = sum(not kept.erased for kept in result.outputs)
    return f"; {counted(count, 'whole output')} checked" if count else ""


def _compared(result: Audit) -> str:
    if not result.checked:
        return "not covered by any checkpoint"
    sizes = ", ".join(dict.fromkeys(str(checkpoint.size) for checkpoint in result.checked))
    after = result.events - max(checkpoint.size for checkpoint in result.checked)
    return f"signed at {sizes}" + (f"; the last {after} not covered by any checkpoint" if after else "")


def checkpoint_of(note: str, key: VerifierKey, source: str) -> Checkpoint:
    """The checkpoint in a signed note. Raises `InvalidInput` unless `key` signed it."""
    try:
        return Checkpoint.parse(open_note(note, key, verify))
    except BadNote as error:
        raise InvalidInput(f"{source}: {error}") from None


def kept_checkpoints(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """The notes that an auditor saved, each with its file. Raises `InvalidInput`, `StoreError`."""
    return ((str(path), _text(path)) for path in paths)


def key_of(given: str) -> VerifierKey:
    """A public key, given as its text or as the name of a file that holds it. Raises `InvalidInput`."""
    try:
        return VerifierKey.parse(_text(Path(given)) if os.path.isfile(given) else given)  # noqa: PTH113 - of any text
    except BadNote as error:
        raise InvalidInput(f"--key: {error}") from None


def _text(path: Path) -> str:
    """A file of the auditor's own, which may be a link to where it is kept."""
    place = path.resolve()
    if size_of(place) is None:
        raise InvalidInput(f"{path} can't be read: it does not exist.")
    try:
        return content_of(place, LONGEST_KEY).decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} can't be read: it is not text.") from None
