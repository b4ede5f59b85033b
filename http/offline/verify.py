"""Verification without a server: of a data directory, or of an export. Reads files, writes none, trusts no one."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...actors.store.evidence.files import content_of, found_lines, size_of
from ...actors.store.evidence.read_only import LONGEST, FoundDatabase
from ...actors.store.log_file import opened
from ...domain.erasure.record import ErasureRecord
from ...domain.errors import InvalidInput, StoreError
from ...domain.events.recorded import RecordedEvent
from ...domain.outputs.exported import read_outputs
from ...domain.outputs.record import kept_in
from ...domain.proofs.audit import Audit, Finding, TreeLeaves, audit
from ...domain.proofs.batch_inclusion import root_with
from ...domain.proofs.export import BadExport, Manifest, read_event, read_manifest, read_proof
from ...domain.proofs.leaves import leaf_of
from ...domain.proofs.signed_notes import BadNote, Checkpoint, VerifierKey, open_note
from ...domain.proofs.tiles import TileId
from ...projections.tree.signing import verify
from ..cli.screen import counted
from ..data_directory import KEY_NAME, LOG_NAME, TREE_NAME
from .evidence import LONGEST_KEY, Evidence, evidence_in
from .file_checks import guard_findings, odd_findings, tree_findings
from .outputs import exported_findings, output_findings
from .verify_parts import audit_by_many, damage_of

Progress = Callable[[int, int], None]
"""Told now and then how many events of how many were read."""

MOST_FINDINGS: Final = 100
"""What is said of an export's events at most: whoever made it can have made millions of them wrong."""


@dataclass(frozen=True)
class Verdict:
    """What a verification found. `key`: the one whose signatures were checked. `told`: what was compared, in words."""

    key: VerifierKey
    result: Audit
    told: str

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.result.findings


def verify_data(data: Path, kept: Iterable[Path], key: VerifierKey | None, progress: Progress) -> Verdict:
    """Verify a data directory. `kept`: files with checkpoints of earlier. Raises `StoreError`, `InvalidInput`."""
    with evidence_in(data) as evidence:
        return _verify(evidence, kept, key, progress)


def _verify(evidence: Evidence, kept: Iterable[Path], key: VerifierKey | None, progress: Progress) -> Verdict:
    if key is None and not evidence.has_key:
        raise InvalidInput(
            f"{evidence.data} has no {KEY_NAME}, by which signatures are checked; give the log's public key with --key."
        )
    key = key or evidence.key().verifier
    older = [checkpoint_of(_text(path), key, str(path)) for path in kept]
    newest = [checkpoint_of(evidence.note, key, str(evidence.data / TREE_NAME))] if evidence.note else []
    with damage_of(evidence.log) as damage:
        result = _audited(
            evidence.log, [*older, *newest], lambda number: evidence.tiles.get(TileId(0, number), b""), progress
        )
        said = damage()
    if result.findings:
        result.findings[:0] = odd_findings(evidence)
    else:
        result.findings.extend(tree_findings(evidence, newest[0].size if newest else 0, result))
        result.findings.extend(output_findings(evidence.data, result))
    result.findings.extend(guard_findings(evidence))
    if said:
        result.findings.append(Finding("unguarded", 0, f"{LOG_NAME} doesn't fit itself: {said}."))
    return Verdict(key, result, _compared(result) + _erased(result) + _kept(result))


def _audited(found: FoundDatabase, checkpoints: list[Checkpoint], tree_leaves: TreeLeaves, progress: Progress) -> Audit:
    with opened(found) as log:
        size = log.size
    if result := audit_by_many(found, size, checkpoints, tree_leaves, lambda done: progress(done, size)):
        return result
    with opened(found) as log:
        result = audit(log.events(), checkpoints, tree_leaves, lambda done: progress(done, log.size))
        if not result.findings:
            return result
        # Where the events are those that were signed, it is the tree that was changed.
        signed = audit(log.events(), checkpoints)
        return signed if signed.checked and not signed.findings else result


def _erased(result: Audit) -> str:
    told = f"; {result.erased} of them erased" if result.erased else ""
    left = f"; {result.unfinished} still to be erased: run `opencode-ledger erase`" if result.unfinished else ""
    return told + left


def _kept(result: Audit) -> str:
    count = sum(not kept.erased for kept in result.outputs)
    return f"; {counted(count, 'whole output')} beside them" if count else ""


def _compared(result: Audit) -> str:
    if not result.checked:
        return "no checkpoint covers them"
    sizes = ", ".join(dict.fromkeys(str(checkpoint.size) for checkpoint in result.checked))
    after = result.events - max(checkpoint.size for checkpoint in result.checked)
    return f"signed at {sizes}" + (f"; no checkpoint covers the last {after}" if after else "")


def verify_export(
    path: Path, kept: Iterable[Path], key: VerifierKey | None, progress: Progress, outputs: Path | None = None
) -> Verdict:
    """Verify an export, alone, or with the file of its whole `outputs`. Raises `StoreError`, `InvalidInput`."""
    if size_of(path) is None:
        raise StoreError(f"{path} can't be read: it isn't there.")
    try:
        with found_lines(path, LONGEST) as lines:
            manifest = read_manifest(next(lines, b""))
            verdict = _verify_lines(manifest, lines, kept, key or VerifierKey.parse(manifest.key), progress)
        return _with_outputs(verdict, outputs)
    except (BadExport, BadNote) as error:
        raise InvalidInput(f"{path}: {error}") from None


def _verify_lines(
    manifest: Manifest, lines: Iterator[bytes], kept: Iterable[Path], key: VerifierKey, progress: Progress
) -> Verdict:
    signed = Checkpoint.parse(open_note(manifest.checkpoint, key, verify))
    older = [checkpoint_of(_text(path), key, str(path)) for path in kept]
    if any(each.size == signed.size and each != signed for each in older):
        raise BadExport("Its checkpoint and yours are of the same size and differ: there are two logs.")
    result, leaves, erasures = Audit(), dict[int, bytes](), ErasureRecord()
    last: RecordedEvent | None = None
    for line in lines:
        if line.startswith(b'{"proof":'):
            break
        event = read_event(line)
        if len(result.findings) < MOST_FINDINGS:
            result.findings.extend(_misplaced(manifest, last, event))
        leaves[event.position - 1], last = leaf_of(event), event
        erasures.take([event])
        result.outputs += kept_in([event])
        progress(len(leaves), manifest.events)
    else:
        raise BadExport("The file does not end with its proof: a part of it is missing.")
    if next(lines, b""):
        raise BadExport("Something follows the proof, with which an export ends.")
    result.events = len(leaves)
    if len(leaves) != manifest.events:
        said = f"The manifest counts {manifest.events} events, the file holds {len(leaves)}."
        result.findings.append(Finding("removed", 0, said))
    try:
        result.root = root_with(leaves, signed.size, read_proof(line))
    except ValueError as error:
        if isinstance(error, BadExport):
            raise
        result.root = b""
    if result.root != signed.root:
        said = "These are not the events that were signed: at least one was changed, removed, added or moved."
        result.findings.append(Finding("rewritten", 0, said))
    else:
        result.checked.append(signed)
    result.erased = erasures.erased
    for position, name in erasures.forged({leaf + 1 for leaf in leaves}).items():
        result.findings.append(Finding("emptied", position, f"{name} was changed, and by no erasure."))
    unsaid = len(erasures.unrecorded)
    elsewhere = f"; {unsaid} erased, by events that are not in this export" if unsaid else ""
    proved = "proved to be in" if result.checked else "not as they are in"
    return Verdict(key, result, f"{proved} the log that was signed at {signed.size}{_erased(result)}{elsewhere}")


def _with_outputs(verdict: Verdict, path: Path | None) -> Verdict:
    """The verdict on an export, and on the whole outputs that go along with it."""
    count = sum(not kept.erased for kept in verdict.result.outputs)
    outputs = counted(count, "whole output")
    if path is None:
        told = f"; {outputs} not included" if count else ""
    else:
        if size_of(path) is None:
            raise StoreError(f"{path} can't be read: it isn't there.")
        with found_lines(path, LONGEST) as lines:
            verdict.result.findings.extend(exported_findings(read_outputs(lines), verdict.result.outputs))
        told = f"; {outputs} in {path.name}"
    return Verdict(verdict.key, verdict.result, verdict.told + told)


def _misplaced(manifest: Manifest, last: RecordedEvent | None, event: RecordedEvent) -> Iterator[Finding]:
    """An export holds what its manifest says was chosen, in order, and without a gap unless only a session's was."""
    name, chosen = f"Event {event.sequence} of {event.stream}", manifest.selection
    first, upto = chosen.get("from", 0), chosen.get("to", event.sequence)
    within = isinstance(first, int) and isinstance(upto, int) and first <= event.sequence <= upto
    if chosen.get("codebase_id", event.stream) != event.stream or not within:
        yield Finding("added", event.position, f"{name} is not among what the manifest says was chosen.")
    if last is None:
        return
    if event.position <= last.position:
        yield Finding("moved", event.position, f"{name} does not come after the one before it.")
    if event.stream == last.stream and event.sequence != last.sequence + 1 and "session_id" not in chosen:
        said = f"{name} follows {last.sequence}: what was between them is missing."
        yield Finding("removed", event.position, said)


def checkpoint_of(note: str, key: VerifierKey, source: str) -> Checkpoint:
    """What a signed note says. Raises `InvalidInput` where `key` didn't sign it."""
    try:
        return Checkpoint.parse(open_note(note, key, verify))
    except BadNote as error:
        raise InvalidInput(f"{source}: {error}") from None


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
        raise InvalidInput(f"{path} can't be read: it isn't there.")
    try:
        return content_of(place, LONGEST_KEY).decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} can't be read: it is not text.") from None
