"""The file of tokens: one token in each line, after its name and what it allows.

    anna = read, operate: <token>
    bob = all, @shop, @cb_…: <token>
    read: <token>
    <token>

`all` stands for every scope but `proxy`. A codebase after `@`, by its id or its name, limits the token to that codebase
and others in the same line. A token without scopes allows everything; one without a name is known by its digest. Only an
`=` before the first colon ends a name. Blank lines and lines that begin with `#` are ignored. No error or log line ever
contains a line of the file.
"""

import codecs
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ...domain.errors import LedgerError
from ...domain.principals import why_no_name
from ...domain.secrets.masker import Secrets
from .tokens import PROXY, SCOPES, Scope, Token, Tokens, digest_of

MIN_TOKEN: Final = 16
MAX_TOKEN: Final = 8000
"""Bytes of a token: a header holds no more."""
MAX_FILE: Final = 64 * 1024

UNUSABLE: Final = frozenset(" #\"'`")
"""Printable characters that no token contains. A space or `#` begins a comment, and quotes are meant as quotes."""

_EVERYTHING: Final = "all"
_WORDS: Final = frozenset({*SCOPES, PROXY, _EVERYTHING})
_ALONE: Final = "put each token alone on its line, and comments on lines of their own"
_NONE: Final = Secrets()
_HOW: Final = "create one with: (umask 077; head -c 32 /dev/urandom | base64 > {path})"
_FORM: Final = "write NAME = SCOPES: TOKEN"


class BadTokenFile(LedgerError):
    """The token file can't be used."""

    code = "bad_token_file"


class _Line(NamedTuple):
    """The parts of a line: its number, the name and the rights before the colon, if there are any, and the secret."""

    number: int
    name: str | None
    rights: str | None
    secret: str


def read_tokens(path: Path | None, secrets: Secrets) -> Tokens | None:
    """The tokens of a file, or None without a file. `secrets` learns them. Raises `BadTokenFile`. Blocking."""
    if path is None:
        return None
    try:
        content = _private_content(path)
    except OSError as error:
        raise _bad(path, f"can't be read: {error.strerror}") from None
    lines = list(_lines(_text(path, content)))
    found: dict[bytes, Token] = {}
    names = set[str]()
    for line in lines:
        token = _token(path, line)
        if token.digest in found:
            raise _bad(path, f"repeats a token on line {line.number}; put all its scopes on one line")
        if token.name in names:
            raise _bad(path, f"repeats a name on line {line.number}; each name is for one token")
        names |= {token.name} if token.name else set()
        found[token.digest] = token
    secrets.learn_more("tokens", [line.secret for line in lines])  # earlier ones stay secret
    _check_names(path, lines, secrets)
    if not found:
        raise _bad(path, f"has no token; {_HOW.format(path=path)}")
    return Tokens(found.values())


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


def _lines(text: str) -> Iterator[_Line]:
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            head, colon, secret = line.partition(":")
            if not colon:
                yield _Line(number, None, None, line.strip())
                continue
            name, equals, rights = head.partition("=")
            yield _Line(number, name.strip() if equals else None, rights if equals else head, secret.strip())


def _token(path: Path, line: _Line) -> Token:
    number, secret = line.number, line.secret
    if line.rights is None and " = " in secret:
        raise _bad(path, f"has a name without scopes on line {number}; {_FORM}, with `all` for every scope")
    if len(secret) < MIN_TOKEN:
        raise _bad(path, f"needs a token of at least {MIN_TOKEN} characters on line {number}; {_HOW.format(path=path)}")
    if len(secret.encode()) > MAX_TOKEN:
        raise _bad(path, f"has a token of more than {MAX_TOKEN:,} bytes on line {number}, too long for a header")
    if any(not char.isprintable() or char in UNUSABLE for char in secret):
        wrong = "such as a space, a quote or a control character"
        raise _bad(path, f"has a character on line {number} that a token can't contain, {wrong}; {_ALONE}")
    if line.rights is None:
        return Token(digest_of(secret), frozenset(SCOPES))
    words = [word.strip() for word in line.rights.split(",")]
    named = [word for word in words if not word.startswith("@")]
    return Token(
        digest_of(secret),
        _scopes(path, number, named),
        line.name,
        _codebases(path, number, [word[1:] for word in words if word.startswith("@")]),
        vouches=PROXY in named,
    )


def _scopes(path: Path, number: int, words: list[str]) -> frozenset[Scope]:
    mixed = _EVERYTHING in words and not {*SCOPES}.isdisjoint(words)
    if not {*words} <= _WORDS or len({*words}) != len(words) or mixed:
        known = f"{', '.join(SCOPES)}; {PROXY}; or `{_EVERYTHING}` in place of the first three"
        raise _bad(path, f"has an unknown scope on line {number}, or one twice; the scopes are {known}")
    scopes: frozenset[Scope] = frozenset(scope for scope in SCOPES if scope in words or _EVERYTHING in words)
    if not scopes:
        raise _bad(path, f"has no scope on line {number}; the scopes are {', '.join(SCOPES)}")
    return scopes


def _codebases(path: Path, number: int, named: list[str]) -> frozenset[str] | None:
    if not all(named) or len({*named}) != len(named):
        raise _bad(path, f"has an empty @ on line {number}, or a codebase twice; write @ and a codebase's id or name")
    return frozenset(named) if named else None


def _check_names(path: Path, lines: list[_Line], secrets: Secrets) -> None:
    """Refuse names that would reveal a secret: events carry them unmasked. So all tokens must be known by now."""
    # All lines at once: to look for each token in each line takes seconds for a long file.
    shown = "\n".join(f"{line.name or ''}\n{line.rights or ''}" for line in lines)
    unclear = secrets.mask(shown) != shown
    for line in lines:
        why = why_no_name(line.name, secrets if unclear else _NONE) if line.name is not None else None
        if why:
            raise _bad(path, f"has a name on line {line.number} that can't be used: it {why}; {_FORM}")
        if unclear and line.rights is not None and secrets.mask(line.rights) != line.rights:
            raise _bad(path, f"has a codebase on line {line.number} that is a secret, or looks like one; write its id")


def _bad(path: Path, problem: str) -> BadTokenFile:
    return BadTokenFile(f"--token-file (LEDGER_TOKEN_FILE): The file {path} {problem}.")
