"""Who asks the service for something: the names that events carry as `by` and `via`.

A name is recorded for ever: it is neither masked nor erased. So a name is short and plain, and must not be a secret.

- `anna`: the name of a token, or of a person for whom a proxy vouches
- `token:1a2b3c4d`: a token without a name, by the first digits of its digest
- `local`: anyone on this machine, where no tokens are required
- `uid:1000`: the user of the system who ran an offline command
"""

import re
from dataclasses import dataclass
from typing import Final

from .secrets.masker import Secrets

_NAME: Final = re.compile(r"[A-Za-z0-9._@+-]{1,64}")
_TAKEN: Final = frozenset({"local", "nobody", "service"})
"""Names that mean something else. Those with a colon are no names of people, so nobody can take one of them."""

NAME_RULE: Final = "1 to 64 letters, digits, and the characters . _ @ + -"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sent a request. `via`: the name of the credential that vouches for `by`, where it is another's."""

    by: str
    via: str | None = None


LOCAL: Final = Principal("local")
"""Anyone on this machine, where no tokens are required."""


def unnamed(digest: bytes) -> str:
    """The name of a token that has none. `digest`: the SHA-256 of its secret."""
    return f"token:{digest.hex()[:8]}"


def system_user(uid: int) -> Principal:
    """A user of the system, who runs a command without the service."""
    return Principal(f"uid:{uid}")


def why_no_name(name: str, secrets: Secrets) -> str | None:
    """Why a text can't be somebody's name, as the end of a sentence; None if it can."""
    if not _NAME.fullmatch(name):
        return f"must be {NAME_RULE}"
    if name.lower() in _TAKEN:
        return f"must not be one of {', '.join(sorted(_TAKEN))}, which mean something else"
    if secrets.mask(name) != name:
        return "must not be a secret, or look like one"
    return None
