"""The tokens that clients need, with their scopes, and the file that they are read from.

A line of the file is a token, which has all scopes, or scopes and a token, as in `read, audit: <token>`. Blank lines and
lines that begin with `#` are ignored. No error or log line ever contains a line of the file.
"""

import codecs
import hashlib
import hmac
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from ...domain.errors import LedgerError
from ...domain.principals import Principal, unnamed
from ...domain.secrets.masker import Secrets

Scope = Literal["read", "operate", "audit"]
"""`read`: look at everything but the log. `operate`: give commands. `audit`: read the log, with its proofs."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
MIN_TOKEN: Final = 16
MAX_TOKEN: Final = 8000
"""Bytes of a token: a header holds no more."""
MAX_FILE: Final = 64 * 1024

_LINE: Final = re.compile(r"(?:(?P<scopes>[^:]*):)?(?P<secret>.*)")
UNUSABLE: Final = frozenset(" #\"'`")
"""Printable characters that no token contains. A space or `#` begins a comment, and quotes are meant as quotes."""

_ALONE: Final = "put each token alone on its line, and comments on lines of their own"
_HOW: Final = "create one with: (umask 077; head -c 32 /dev/urandom | base64 > {path})"


class BadTokenFile(LedgerError):
    """The token file can't be used."""

    code = "bad_token_file"


@dataclass(frozen=True)
class Token:
    """One token: the digest of its secret, its scopes, and a name if it has one."""

    digest: bytes
    scopes: frozenset[Scope]
    name: str | None = None

    @property
    def principal(self) -> Principal:
        """Who uses it."""
        return Principal(self.name or unnamed(self.digest))


class Tokens:
    """All valid tokens."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._tokens = tuple(tokens)

    @classmethod
    def of(cls, secret: str, *scopes: Scope) -> "Tokens":
        """A single token. Without `scopes` it has all of them."""
        return cls([Token(_digest(secret), frozenset(scopes or SCOPES))])

    def find(self, given: str) -> Token | None:
        """A client's token, or None if it is not valid. Takes the same time for any token."""
        digest, found = _digest(given), None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found


def read_tokens(path: Path | None, secrets: Secrets) -> Tokens | None:
    """The tokens of a file, or None without a file. `secrets` learns them. Raises `BadTokenFile`. Blocking."""
    if path is None:
        return None
    try:
        content = _private_content(path)
    except OSError as error:
        raise _bad(path, f"can't be read: {error.strerror}") from None
    text = _text(path, content)
    lines: dict[bytes, Token] = {}
    accepted: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            token = _token(path, number, line)
            if token.digest in lines:
                raise _bad(path, f"repeats a token on line {number}; put all its scopes on one line")
            lines[token.digest] = token
            accepted.append(_secret(line))
    secrets.learn("tokens", accepted)
    if not lines:
        raise _bad(path, f"has no token; {_HOW.format(path=path)}")
    return Tokens(lines.values())


def _private_content(path: Path) -> bytes:
    # Checked through the open file, so that nobody can replace it before it is read. O_NONBLOCK: never wait for a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise _bad(path, "is not a regular file; write the tokens to one")
        if mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise _bad(path, f"is accessible to other users; protect it with: chmod 600 {path}")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_FILE + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_FILE:
        raise _bad(path, f"is larger than {MAX_FILE:,} bytes")
    return content


def _text(path: Path, content: bytes) -> str:
    if content.startswith(codecs.BOM_UTF8):
        raise _bad(path, "begins with a byte order mark on line 1; save it as UTF-8 without one")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _bad(path, f"is not text in UTF-8 on line {line}") from None


def _token(path: Path, number: int, line: str) -> Token:
    parts = _LINE.fullmatch(line)
    secret = _secret(line)
    named = parts["scopes"] if parts else None
    if len(secret) < MIN_TOKEN:
        raise _bad(path, f"needs a token of at least {MIN_TOKEN} characters on line {number}; {_HOW.format(path=path)}")
    if len(secret.encode()) > MAX_TOKEN:
        raise _bad(path, f"has a token of more than {MAX_TOKEN:,} bytes on line {number}, too long for a header")
    if any(not char.isprintable() or char in UNUSABLE for char in secret):
        wrong = "such as a space, a quote or a control character"
        raise _bad(path, f"has a character on line {number} that a token can't contain, {wrong}; {_ALONE}")
    if named is None:
        return Token(_digest(secret), frozenset(SCOPES))
    scopes: frozenset[Scope] = frozenset(scope for scope in SCOPES if scope in map(str.strip, named.split(",")))
    if len(scopes) != len(named.split(",")):
        raise _bad(path, f"has an unknown scope on line {number}; the scopes are {', '.join(SCOPES)}")
    return Token(_digest(secret), scopes)


def _secret(line: str) -> str:
    parts = _LINE.fullmatch(line)
    return parts["secret"].strip() if parts else ""


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _bad(path: Path, problem: str) -> BadTokenFile:
    return BadTokenFile(f"--token-file (LEDGER_TOKEN_FILE): The file {path} {problem}.")
