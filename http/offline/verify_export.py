"""Verification of an export, which needs nothing but its own lines: what it claims, and what of that is shown."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from ...actors.store.evidence.files import found_lines, size_of
from ...actors.store.evidence.read_only import LONGEST
from ...domain.erasure.record import ErasureRecord
from ...domain.errors import InvalidInput, StoreError
from ...domain.outputs.exported import read_outputs
from ...domain.outputs.record import kept_in
from ...domain.proofs.audit import Audit, Finding
from ...domain.proofs.batch_inclusion import root_with
from ...domain.proofs.export import BadExport, Manifest, read_event, read_manifest, read_proof
from ...domain.proofs.leaves import leaf_of
from ...domain.proofs.selection import Chosen, Selection
from ...domain.proofs.signed_notes import BadNote, Checkpoint, VerifierKey, is_signed_alone, open_note
from ...projections.tree.signing import verify
from ..cli.screen import counted
from .outputs import exported_findings
from .verify import Progress, Verdict, checkpoint_of, erased_of, kept_checkpoints

MOST_FINDINGS: Final = 100
"""What is said of an export's events at most: whoever made it can have made millions of them wrong."""


def verify_export(
    path: Path, kept: Iterable[Path], key: VerifierKey | None, progress: Progress, outputs: Path | None = None
) -> Verdict:
    """Verify an export, alone, or with the file of its whole `outputs`. Raises `StoreError`, `InvalidInput`."""
    if size_of(path) is None:
        raise StoreError(f"{path} can't be read: it isn't there.")
    try:
        with found_lines(path, LONGEST) as lines:
            verdict = verify_lines(lines, kept_checkpoints(kept), key, progress)
        return _with_outputs(verdict, outputs)
    except (BadExport, BadNote) as error:
        raise InvalidInput(f"{path}: {error}") from None


def verify_lines(
    lines: Iterator[bytes], kept: Iterable[tuple[str, str]], key: VerifierKey | None, progress: Progress
) -> Verdict:
    """Verify the lines of an export. `kept`: notes of earlier, each with its source. Raises `BadExport`, `BadNote`."""
    manifest = read_manifest(next(lines, b""))
    selection = Selection.read(manifest.selection)
    key, signed = _signed(manifest, key)
    older = [checkpoint_of(note, key, source) for source, note in kept]
    if any(each.size == signed.size and each != signed for each in older):
        raise BadExport("Its checkpoint and yours are of the same size and differ: there are two logs.")
    result, leaves, erasures, chosen = Audit(), dict[int, bytes](), ErasureRecord(), Chosen(selection)
    line = b""
    for line in lines:
        if line.startswith(b'{"proof":'):
            break
        event = read_event(line)
        if len(result.findings) < MOST_FINDINGS:
            result.findings.extend(chosen.take(event))
        leaves[event.position - 1] = leaf_of(event)
        erasures.take([event])
        result.outputs += kept_in([event])
        result.events += 1
        progress(result.events, manifest.events)
    else:
        raise BadExport("The file does not end with its proof: a part of it is missing.")
    if next(lines, b""):
        raise BadExport("Something follows the proof, with which an export ends.")
    if len(result.findings) < MOST_FINDINGS:
        result.findings.extend(chosen.end(signed.size))
    if result.events != manifest.events:
        said = f"The manifest counts {manifest.events} events, the file holds {result.events}."
        result.findings.append(Finding("removed", 0, said))
    _prove(result, leaves, line, signed)
    for position, name in erasures.forged({leaf + 1 for leaf in leaves}, signed.size).items():
        result.findings.append(Finding("emptied", position, f"{name} was changed, and by no erasure."))
    result.erased = erasures.erased
    told = [_proved(result, selection, signed) + erased_of(result)]
    if unsaid := len(erasures.unrecorded):
        told.append(
            f"{unsaid} erased, by events that are not in this export: what is left of their content is not proven"
        )
    others = ", ".join(str(size) for size in sorted({each.size for each in older} - {signed.size}))
    told += [f"not compared with what you kept of {others}"] if others else []
    return Verdict(key, result, "; ".join(told), f"{selection}; {counted(manifest.events, 'event')}")


def _signed(manifest: Manifest, key: VerifierKey | None) -> tuple[VerifierKey, Checkpoint]:
    """What was signed, and by whom. `key`: who alone may have. Raises `BadExport`, `BadNote`."""
    named = VerifierKey.parse(manifest.key)
    if str(named) != manifest.key or (key or named) != named:
        raise BadExport(f"The manifest names another key than the one that is to be checked: {manifest.key}.")
    signed = Checkpoint.parse(open_note(manifest.checkpoint, named, verify))
    if not is_signed_alone(manifest.checkpoint, named):
        raise BadExport("The checkpoint is not written as an export's is: something was added to it.")
    return named, signed


def _prove(result: Audit, leaves: dict[int, bytes], proof: bytes, signed: Checkpoint) -> None:
    """Compare the root that the events and the proof make with the one that was signed."""
    hashes = read_proof(proof)
    try:
        result.root = root_with(leaves, signed.size, hashes)
    except ValueError:
        result.root = b""
    if result.root != signed.root:
        said = "These are not the events that were signed: at least one was changed, removed, added or moved."
        result.findings.append(Finding("rewritten", 0, said))
    else:
        result.checked.append(signed)


def _proved(result: Audit, selection: Selection, signed: Checkpoint) -> str:
    """How the events stand to the log, and what is shown of what was chosen."""
    if result.findings:
        how = "proved to be in" if result.checked else "not as they are in"
        return f"{how} the log that was signed at {signed.size}, and not what the file claims"
    return f"proved to be in the log that was signed at {signed.size}; {selection.shown(result.events, signed.size)}"


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
    return replace(verdict, told=verdict.told + told)
