"""A data directory as evidence: opened for reading once, with its log, tree, outputs and key. No link in it is followed."""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...actors.store.evidence.files import content_of, size_of
from ...actors.store.evidence.parts import ours_by
from ...actors.store.evidence.read_only import FoundDatabase, untouched
from ...actors.store.log_file import LogFile, check_there, found_log, opened
from ...actors.store.outputs.outputs_file import OutputsFile, opened_outputs
from ...actors.store.outputs.schema import OUTPUTS_NAME
from ...domain.proofs.tiles import TileId
from ...projections.tree.schema import TREE_SCHEMA, read_tree
from ...projections.tree.signing import SigningKey
from ..data_directory import KEY_NAME, LOG_NAME, TREE_NAME

Tiles = Mapping[TileId, bytes]

LONGEST_KEY: Final = 2**16
"""Bytes of a key's file, and of a checkpoint's."""


@dataclass(frozen=True)
class Evidence:
    """A data directory with its log, which was found and checked once."""

    data: Path
    log: FoundDatabase

    def opened(self) -> AbstractContextManager[LogFile]:
        """The log, open for reading only. Raises `StoreError`."""
        return opened(self.log)

    def outputs(self) -> AbstractContextManager[OutputsFile]:
        """The whole outputs beside the log, open for reading only. Raises `StoreError`."""
        return opened_outputs(self.data / OUTPUTS_NAME)

    @property
    def has_key(self) -> bool:
        """Whether there is a key. Raises `StoreError` if something else is in its place."""
        return size_of(self.data / KEY_NAME) is not None

    def key(self) -> SigningKey:
        """The directory's own key. Raises `StoreError`."""
        return SigningKey.read(self.data / KEY_NAME, content_of(self.data / KEY_NAME, LONGEST_KEY))


@dataclass(frozen=True)
class SignedEvidence(Evidence):
    """Evidence with its Merkle tree. `note`: the tree's checkpoint, empty if nothing was signed."""

    note: str
    tiles: Tiles


@contextmanager
def evidence_in(data: Path) -> Generator[Evidence]:
    """A data directory without its tree. A server may write to it meanwhile. Raises `StoreError`."""
    with found_log(data / LOG_NAME) as log:
        yield Evidence(data, log)


@contextmanager
def signed_evidence_in(data: Path) -> Generator[SignedEvidence]:
    """A data directory with its tree. A server may write to it meanwhile. Raises `StoreError`."""
    check_there(data / LOG_NAME)
    note, tiles = tree_of(data)  # before the log: the tree may be behind the log, but never ahead
    with found_log(data / LOG_NAME) as log:
        yield SignedEvidence(data, log, note, tiles)


def tree_of(data: Path) -> tuple[str, Tiles]:
    """The checkpoint and the tiles of a data directory's tree; nothing where there is none. Raises `StoreError`."""
    path = data / TREE_NAME
    if not size_of(path):
        return "", {}
    with untouched(path, ours_by(TREE_SCHEMA)) as connection:
        return read_tree(connection)
