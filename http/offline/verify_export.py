"""Verification of an export: what its lines claim, and which of these claims they prove. It needs no other file."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from ...actors.store.evidence.files import found_lines, size_of
from ...actors.store.evidence.read_only import LONGEST
from ...domain.erasure.record import ErasureRecord
from ...domain.errors import InvalidInput, StoreError
from ...domain.ids import CodebaseId, OutputId
from ...domain.outputs.exported import BadExport, Measured, read_outputs
from ...domain.outputs.record import KeptOutput, kept_in
from ...domain.proofs.audit import Audit, Finding
from ...domain.proofs.batch_inclusion import root_with
from ...domain.proofs.export import Manifest, read_event, read_manifest, read_proof
from ...domain.proofs.leaves import leaf_of
from ...domain.proofs.selection import Chosen, Selection
from ...domain.proofs.signed_notes import BadNote, Checkpoint, VerifierKey, is_signed_alone, open_note
from ...projections.tree.signing import verify
from .verify import Progress, Verdict, checkpoint_of, counted, erased_of, kept_checkpoints

MOST_FINDINGS: Final = 100
"""The most findings about an export's events that are listed: a forged export can have millions."""


def verify_export(
    path: Path, kept: Iterable[Path], key: VerifierKey | None, progress: Progress, outputs: Path | None = None
) -> Verdict:
    """Verify an export, alone, or with the file of its whole `outputs`. Raises `StoreError`, `InvalidInput`."""
    if size_of(path) is None:
        raise StoreError(f"{path} can't be read: it does not exist.")
    try:
        with found_lines(path, LONGEST) as lines:
            verdict = verify_lines(lines, kept_checkpoints(kept), key, progress)
        return _with_outputs(verdict, outputs)
    except (BadExport, BadNote) as error:
        raise InvalidInput(f"{path}: {error}") from None


def verify_lines(
    lines: Iterator[bytes], kept: Iterable[tuple[str, str]], key: VerifierKey | None, progress: Progress
) -> Verdict:
    """Verify the lines of an export. `kept`: saved notes, each with its source. Raises `BadExport`, `BadNote`."""
    manifest = read_manifest(next(lines, b""))
    selection = Selection.read(manifest.selection)
    key, signed = _signed(manifest, key)
    older = [checkpoint_of(note, key, source) for source, note in kept]
    if any(each.size == signed.size and each != signed for each in older):
        raise BadExport("Its checkpoint and yours have the same size but differ: there are two logs.")
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
        raise BadExport("The file does not end with its proof: it is truncated.")
    if next(lines, b""):
        raise BadExport("The file goes on after its proof, which must be the last line.")
    if len(result.findings) < MOST_FINDINGS:
        result.findings.extend(chosen.end(signed.size))
    if result.events != manifest.events:
        said = f"The manifest lists {manifest.events} events, but the file has {result.events}."
        result.findings.append(Finding("removed", 0, said))
    _prove(result, leaves, line, signed)
    for position, name in erasures.forged({leaf + 1 for leaf in leaves}, signed.size).items():
        result.findings.append(Finding("emptied", position, f"{name} was changed, but not by an erasure."))
    result.erased = erasures.erased
    parts = [_proved(result, selection, signed) + erased_of(result)]
    if unrecorded := len(erasures.unrecorded):
        parts.append(f"{unrecorded} erased by events outside this export: the rest of their content is not proved")
    others = ", ".join(str(size) for size in sorted({each.size for each in older} - {signed.size}))
    parts += [f"not compared with your checkpoints at {others}"] if others else []
    return Verdict(key, result, "; ".join(parts), f"{selection}; {counted(manifest.events, 'event')}")


def _signed(manifest: Manifest, key: VerifierKey | None) -> tuple[VerifierKey, Checkpoint]:
    """The signed checkpoint and its key. `key`: the only accepted key, or None. Raises `BadExport`, `BadNote`."""
    named = VerifierKey.parse(manifest.key)
    if str(named) != manifest.key or (key or named) != named:
        raise BadExport(f"The manifest names another key than the expected one: {manifest.key}.")
    signed = Checkpoint.parse(open_note(manifest.checkpoint, named, verify))
    if not is_signed_alone(manifest.checkpoint, named):
        raise BadExport("The checkpoint has something that an export's checkpoint never has: it was added later.")
    return named, signed


def _prove(result: Audit, leaves: dict[int, bytes], proof: bytes, signed: Checkpoint) -> None:
    """Compare the root that follows from the events and the proof with the signed root."""
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
    """Whether the events are in the log, and what is proved about the selection, in words."""
    if result.findings:
        how = "proved to be in" if result.checked else "different from those in"
        return f"{how} the log that was signed at {signed.size}, and not what the file claims"
    return f"proved to be in the log that was signed at {signed.size}; {selection.shown(result.events, signed.size)}"


def _with_outputs(verdict: Verdict, path: Path | None) -> Verdict:
    """The verdict on an export together with the file of its whole outputs."""
    count = sum(not kept.erased for kept in verdict.result.outputs)
    outputs = counted(count, "whole output")
    if path is None:
        summary = f"; {outputs} not included" if count else ""
    else:
        if size_of(path) is None:
            raise StoreError(f"{path} can't be read: it does not exist.")
        with found_lines(path, LONGEST) as lines:
            verdict.result.findings.extend(exported_findings(read_outputs(lines), verdict.result.outputs))
        summary = f"; {outputs} in {path.name}"
    return replace(verdict, summary=verdict.summary + summary)


def exported_findings(
    found: Mapping[tuple[CodebaseId, OutputId], Measured], recorded: list[KeptOutput]
) -> Iterator[Finding]:
    """Where the whole outputs that go along with an export are not those that its events name."""
    left, order = dict(found), [here.position for here in found.values()]
    if order != sorted(order):
        yield Finding("moved", 0, "The whole outputs are not in the order of their events.")
    for kept in recorded:
        here = left.pop((kept.codebase, kept.output_id), None)
        name = f"The whole output of event {kept.position} ({kept.output_id})"
        if kept.erased:
            if here:
                yield Finding("added", kept.position, f"{name} still exists, but the event was erased.")
        elif here is None:
            yield Finding("removed", kept.position, f"{name} is missing.")
        elif here != Measured(kept.position, kept.bytes, kept.bytes, kept.sha256):
            yield Finding("changed", kept.position, f"{name} was changed.")
    for _, output in left:
        yield Finding("added", 0, f"The outputs have {output!r}, which no event of the export names.")
