"""What an audit finds around the events: the guards of the log's file, the tree, and the whole outputs.

Each whole output must have the hash that its event names.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from ...actors.store.guards import Deviation
from ...actors.store.outputs.outputs_file import OutputsFile
from ...actors.store.outputs.schema import OUTPUTS_NAME
from ...domain.errors import StoreError
from ...domain.outputs.record import KeptOutput
from ...domain.proofs.audit import Audit, Finding
from ...domain.proofs.tiles import HASH, WIDTH
from ..data_directory import LOG_NAME, TREE_NAME
from .evidence import Evidence, SignedEvidence

MOST: Final = 100
"""The most outputs that are named one by one; of the others only the number is given."""


def guard_findings(deviations: Iterable[Deviation]) -> list[Finding]:
    """What of the log's file is not as it was made."""
    return [Finding("unguarded", 0, f"{LOG_NAME} was altered: {each.sentence}.") for each in deviations]


def odd_findings(odd: int | None) -> list[Finding]:
    """The first event that is not stored as any event is. `odd`: its number, None if there is none."""
    said = f"Event {odd} is not stored like an event: its number or the types of its values were changed."
    return [] if odd is None else [Finding("changed", odd, said)]


def tree_findings(evidence: SignedEvidence, covered: int, result: Audit) -> Iterator[Finding]:
    """Where the tree is not the one that the events make. `covered`: how many of them it was signed for."""
    gone, tiles = not (evidence.data / TREE_NAME).is_file(), evidence.tiles
    if result.events and not result.checked:
        what = "is missing" if gone else "has no checkpoint of them"
        yield Finding("unproved", 0, f"Nothing proves these events: {TREE_NAME} {what}, and no checkpoint was given.")
    for tile in sorted(tiles.keys() | result.tiles.keys()):
        width = min(WIDTH, (covered >> 8 * tile.level) - tile.number * WIDTH)
        found = tiles.get(tile, b"")
        if len(found) < width * HASH or not result.tiles.get(tile, b"").startswith(found):
            first = tile.number * WIDTH ** (tile.level + 1) + 1
            said = f"The tree does not match the events from event {first} on: {TREE_NAME} was changed."
            yield Finding("tree changed", first, said)
            return


def output_findings(evidence: Evidence, result: Audit) -> list[Finding]:
    """Where the whole outputs beside a log are not those that its events name."""
    try:
        with evidence.outputs() as file:
            found = list(_outputs_in(file, result.outputs))
    except StoreError as error:
        return [Finding("changed", 0, error.message)]
    if len(found) > MOST:
        found[MOST:] = [Finding("removed", 0, f"{len(found) - MOST} more whole outputs are not as recorded.")]
    return found


def _outputs_in(file: OutputsFile, recorded: list[KeptOutput]) -> Iterator[Finding]:
    left = dict(file.outputs)
    for kept in recorded:
        here = left.pop((kept.codebase, kept.output_id), None)
        name = f"The whole output of event {kept.position} ({kept.output_id})"
        if kept.erased:
            if here:
                yield Finding("added", kept.position, f"{name} still exists, but the event was erased.")
        elif here is None:
            yield Finding("removed", kept.position, f"{name} is missing in {OUTPUTS_NAME}.")
        else:
            try:
                wrong = file.measure(here) != (kept.bytes, kept.sha256)
            except StoreError as error:
                yield Finding("removed", kept.position, f"{name} is damaged: {error.message}")
            else:
                if wrong:
                    yield Finding("changed", kept.position, f"{name} was changed.")
    # What no event names yet may be on its way: a server keeps an output before its event.
    for here in left.values():
        if here.settled:
            yield Finding("added", 0, f"{OUTPUTS_NAME} has an output {here.output_id!r} that no event names.")
    if stray := file.stray():
        yield Finding("added", 0, f"{OUTPUTS_NAME} has {stray} chunks that belong to no output.")
