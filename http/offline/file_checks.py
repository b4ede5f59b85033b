"""What an audit finds around the events: the guards of the log's file, and the tree beside it."""

from collections.abc import Iterator

from ...domain.proofs.audit import Audit, Finding
from ...domain.proofs.tiles import HASH, WIDTH
from ..data_directory import LOG_NAME, TREE_NAME
from .evidence import Evidence, SignedEvidence


def guard_findings(evidence: Evidence) -> list[Finding]:
    """What of the log's file is not as it was made. Raises `StoreError`."""
    with evidence.opened() as log:
        return [Finding("unguarded", 0, f"{LOG_NAME} was altered: {each.sentence}.") for each in log.deviations()]


def odd_findings(evidence: Evidence) -> list[Finding]:
    """The first event that is not stored as any event is. Raises `StoreError`."""
    with evidence.opened() as log:
        odd = log.odd()
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
