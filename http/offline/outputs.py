"""Verification of the whole outputs beside a log: each must have the hash that its event names."""

from collections.abc import Iterator
from typing import Final

from ...actors.store.outputs.outputs_file import OutputsFile
from ...actors.store.outputs.schema import OUTPUTS_NAME
from ...domain.errors import StoreError
from ...domain.outputs.record import KeptOutput
from ...domain.proofs.audit import Audit, Finding
from .evidence import Evidence

MOST: Final = 100
"""The most outputs that are named one by one; of the others only the number is given."""


def output_findings(evidence: Evidence, result: Audit) -> list[Finding]:
    """Where the whole outputs beside a log are not those that its events name."""
    try:
        with evidence.outputs() as file:
            found = list(_findings(file, result.outputs))
    except StoreError as error:
        return [Finding("changed", 0, error.message)]
    if len(found) > MOST:
        found[MOST:] = [Finding("removed", 0, f"{len(found) - MOST} more whole outputs are not as recorded.")]
    return found


def _findings(file: OutputsFile, recorded: list[KeptOutput]) -> Iterator[Finding]:
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
