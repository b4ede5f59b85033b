"""The C2SP format `tlog-proof`: one file that proves, with the log's key alone, that an entry is in the log."""

import base64
from collections.abc import Sequence
from typing import Final

HEADER: Final = "c2sp.org/tlog-proof@v1"


def tlog_proof(entry: bytes, index: int, hashes: Sequence[bytes], checkpoint: str) -> str:
    """The text of a proof. `index`: of the leaf, from 0. `hashes`: its inclusion proof in the `checkpoint`'s tree.

    The entry is in it as `extra`, since a verifier needs its bytes: no other line proves them.
    """
    lines = (f"extra {_text(entry)}", f"index {index}", *map(_text, hashes))
    return "\n".join((HEADER, *lines, "", checkpoint))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
