"""Writes an export (see `domain/proofs/export`) from a data directory, without a server."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ...actors.store.log_file import LogFile
from ...actors.store.outputs.outputs_file import opened_outputs
from ...actors.store.outputs.schema import OUTPUTS_NAME
from ...domain.errors import InvalidInput
from ...domain.events import Json
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Sequence, SessionId
from ...domain.outputs.exported import first_line, last_line, output_lines
from ...domain.outputs.record import KeptOutput, kept_in
from ...domain.proofs.batch_inclusion import spans_beside
from ...domain.proofs.export import Manifest, event_line, manifest_line, proof_line
from ...domain.proofs.growing_tree import GrowingTree
from ...domain.proofs.leaves import entry, leaf_of
from ...domain.proofs.merkle import inclusion_spans, span_hash
from ...domain.proofs.selection import session_of
from ...domain.proofs.signed_notes import Checkpoint, sign_note
from ...domain.proofs.tiles import TileId, node_in
from ...domain.proofs.tlog_proof import tlog_proof
from ...projections.tree.signing import SigningKey
from ..data_directory import TREE_NAME
from .codebase_name import codebase_of
from .evidence import SignedEvidence, signed_evidence_in
from .missing import no_session
from .verify import Progress, checkpoint_of


@dataclass(frozen=True)
class Choice:
    """Which events: of a codebase, perhaps only of a session, from a sequence to another.

    `codebase`: its id; or its name, which `export_from` replaces by the id.
    """

    codebase: CodebaseId
    session: str | None = None
    first: int = 1
    last: int | None = None

    def takes(self, event: RecordedEvent) -> bool:
        """Whether this event of the codebase is chosen."""
        if event.sequence < self.first or (self.last is not None and event.sequence > self.last):
            return False
        return self.session is None or session_of(event) == self.session

    def selection(self, events: list[RecordedEvent]) -> dict[str, Json]:
        """The choice as the manifest names it."""
        named: dict[str, Json] = {"codebase_id": self.codebase, "from": events[0].sequence, "to": events[-1].sequence}
        return named | ({"session_id": self.session} if self.session else {})


def export_from(
    data: Path, choice: Choice | None, progress: Progress, named: list[KeptOutput] | None = None
) -> Generator[bytes]:
    """The lines of an export, with a checkpoint signed now over the whole log. Raises `StoreError`, `InvalidInput`.

    `choice`: None for the whole log. `named`: a list to be given the whole outputs that its events name.
    """
    with signed_evidence_in(data) as evidence, evidence.opened() as log:
        key = evidence.key()
        if choice is not None:
            choice = replace(choice, codebase=codebase_of(log, choice.codebase))
        chosen = None if choice is None else _chosen(log, choice)
        tree, tiles = _tree_of(log, _signed(evidence, key), progress)
        manifest = Manifest(
            selection=choice.selection(chosen) if choice and chosen else {},
            events=tree.size if chosen is None else len(chosen),
            key=str(key.verifier),
            checkpoint=_note(tree, key),
        )
        yield manifest_line(manifest)
        for event in log.events(1, tree.size) if chosen is None else chosen:
            if named is not None:
                named.extend(kept_in([event]))
            yield event_line(event)
    places = [] if chosen is None else [event.position - 1 for event in chosen]
    beside = [] if chosen is None else spans_beside(places, tree.size)
    yield proof_line([span_hash(span, partial(node_in, tiles)) for span in beside])


def proof_from(data: Path, position: int, progress: Progress) -> str:
    """The proof that an event is in the log, as C2SP `tlog-proof`. Raises `StoreError`, `InvalidInput`."""
    with signed_evidence_in(data) as evidence, evidence.opened() as log:
        key = evidence.key()
        tree, tiles = _tree_of(log, _signed(evidence, key), progress)
        if not 1 <= position <= tree.size:
            raise InvalidInput(f"--position is {position}, but the log has only the events 1 to {tree.size}.")
        (event,) = log.events(position, position)
    hashes = [span_hash(span, partial(node_in, tiles)) for span in inclusion_spans(position - 1, tree.size)]
    return tlog_proof(entry(event), position - 1, hashes, _note(tree, key))


def _note(tree: GrowingTree, key: SigningKey) -> str:
    """A checkpoint of the whole tree, signed now."""
    return sign_note(Checkpoint(key.verifier.name, tree.size, tree.root()).text, key.verifier, key.sign)


def outputs_from(data: Path, named: list[KeptOutput]) -> Generator[bytes]:
    """The lines of the whole outputs that go along with an export, as far as they are there. Raises `StoreError`."""
    with opened_outputs(data / OUTPUTS_NAME) as file:
        found = [(kept, here) for kept in named if (here := file.outputs.get((kept.codebase, kept.output_id)))]
        yield first_line(len(found))
        for kept, here in found:
            yield from output_lines(kept, here.salt, file.chunks(here))
        yield last_line(len(found))


def _chosen(log: LogFile, choice: Choice) -> list[RecordedEvent]:
    events = list(log.of(choice.codebase))
    _check_range(choice, events[-1].sequence)
    chosen = [event for event in events if choice.takes(event)]
    if not chosen:
        raise _none_chosen(choice, events)
    return chosen


def _check_range(choice: Choice, head: Sequence) -> None:
    for name, number in (("--from", choice.first), ("--to", choice.last)):
        if number is not None and not 1 <= number <= head:
            raise InvalidInput(f"{name} is {number}, but {choice.codebase} has only the events 1 to {head}.")
    if choice.last is not None and choice.last < choice.first:
        raise InvalidInput(f"--from must not be after --to, but {choice.first} is after {choice.last}.")


def _none_chosen(choice: Choice, events: list[RecordedEvent]) -> InvalidInput:
    """The error for a session without an event in the range. Without a session, any range has events."""
    anywhere = replace(choice, first=1, last=None)
    if own := [event.sequence for event in events if anywhere.takes(event)]:
        between = f"{choice.session} has events only between {own[0]} and {own[-1]}"
        return InvalidInput(f"No event matches: {between}, none of them between --from and --to.")
    return no_session(choice.codebase, SessionId(choice.session or ""))


def _unsound(why: str) -> InvalidInput:
    return InvalidInput(
        f"Nothing was exported, because the log is not sound: {why}. Run `opencode-ledger audit verify` for details."
    )


def _signed(evidence: SignedEvidence, key: SigningKey) -> Checkpoint | None:
    """What was signed last, if anything was."""
    note = evidence.note
    return checkpoint_of(note, key.verifier, str(evidence.data / TREE_NAME)) if note else None


def _tree_of(log: LogFile, signed: Checkpoint | None, progress: Progress) -> tuple[GrowingTree, dict[TileId, bytes]]:
    """The whole tree of a log. Raises `InvalidInput` where the log isn't the signed one: no key signs a second history."""
    tree = GrowingTree()
    for event in log.events():
        tree.add(leaf_of(event))
        if signed and tree.size == signed.size and tree.root() != signed.root:
            raise _unsound(f"it differs from what was signed at {signed.size}")
        if event.position != tree.size:
            raise _unsound(f"its events are not numbered one by one at {tree.size}")
        if not tree.size % 1000:
            progress(tree.size, log.size)
    if signed and tree.size < signed.size:
        raise _unsound(f"it ends at {tree.size}, but was signed at {signed.size}")
    return tree, tree.take()
