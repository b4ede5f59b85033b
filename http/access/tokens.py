"""What tokens allow. Only the digest of a token's secret is kept."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from ...domain.principals import Principal, unnamed

Scope = Literal["read", "operate", "audit"]
"""`read`: look at everything but the log. `operate`: give commands. `audit`: read the log, with its proofs."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
PROXY: Final = "proxy"
"""The right to name the person for whom a request is sent. It allows nothing by itself."""


@dataclass(frozen=True)
class Token:
    """One token: the digest of its secret, and what it allows.

    - `name`: who has it, if the file says so.
    - `codebases`: the ids and names of the only codebases that it is for; None for all.
    - `vouches`: whether its requests may name another person: see `PROXY`.
    """

    digest: bytes
    scopes: frozenset[Scope]
    name: str | None = None
    codebases: frozenset[str] | None = None
    vouches: bool = False

    @property
    def principal(self) -> Principal:
        """Who uses it."""
        return Principal(self.name or unnamed(self.digest))

    @property
    def rights(self) -> str:
        """What it allows, as in the file: `read, operate, @shop`."""
        scopes = [scope for scope in SCOPES if scope in self.scopes]
        limits = [f"@{codebase}" for codebase in sorted(self.codebases or ())]
        return ", ".join([*scopes, *([PROXY] if self.vouches else []), *limits])


class Tokens:
    """All valid tokens."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._tokens = tuple(tokens)

    @classmethod
    def of(cls, secret: str, *scopes: Scope) -> "Tokens":
        """A single token. Without `scopes` it has all of them."""
        return cls([Token(digest_of(secret), frozenset(scopes or SCOPES))])

    @property
    def all(self) -> frozenset[Token]:
        """Every token."""
        return frozenset(self._tokens)

    @property
    def rights(self) -> Mapping[str, str]:
        """What each token allows, by the name under which its requests are recorded."""
        return {token.principal.by: token.rights for token in self._tokens}

    def find(self, given: str) -> Token | None:
        """A client's token, or None if it is not valid. Takes the same time for any token."""
        return self.with_digest(digest_of(given))

    def with_digest(self, digest: bytes) -> Token | None:
        """The valid token with this digest, or None. Takes the same time for any digest."""
        found = None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found


def digest_of(secret: str) -> bytes:
    """The SHA-256 of a token's secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
