"""Why something failed: a stable code for programs, and a sentence for people."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """`code`: stable, in capitals. `error`: one readable sentence. Named on every call, so that they can't be swapped."""

    code: str
    error: str
