"""Which variables of the service's own environment are secrets. Agents aren't given them, but can read them in `/proc`.

These variables may have any name. A name that ends in a word for a secret is believed, except for values that are in
every text. A name that has such a word elsewhere is believed only if the value was clearly drawn by chance, so that
`SECRET_PROVIDER=kubernetes` removes no word from any text.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

SAYS_SO: Final = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
"""Words for a secret, anywhere in a name."""

_ENDS_IN: Final = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASSWD|PASSWORD|PASSPHRASE|CREDENTIALS?|(?:^|_)(?:PASS|PAT|AUTH))_?\d*$", re.IGNORECASE
)
_PLACE: Final = re.compile(r"_(?:FILE|PATH|DIR|SOCK|CREDENTIALS)$", re.IGNORECASE)
_IN_ADDRESS: Final = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")
_BY_CHANCE: Final = re.compile(r"[0-9a-fA-F]{20,}|(?=\S*[a-z])(?=\S*[A-Z])(?=\S*[0-9])(?!\S*://)\S{20,}")
_COMMON: Final = frozenset(
    """administrator anonymous changeit changeme credential credentials default development disabled encrypted
    insecure keychain localhost minioadmin notasecret optional password passphrase plaintext postgres postgresql
    production rabbitmq required undefined username""".split()
)
_FEW_DIGITS: Final = 12


def is_place(name: str, value: str) -> bool:
    """Whether a variable only says where a secret lies."""
    return bool(_PLACE.search(name)) and value.startswith(("/", "~", "."))


def in_addresses(value: str) -> Iterator[str]:
    """The passwords in the addresses of a text."""
    yield from map(unquote, _IN_ADDRESS.findall(value))


def secret_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """The secrets of an environment whose variables nobody chose. Blocking: a value may be the name of a file."""
    plain = {value for name, value in environment.items() if not _is_named(name)}
    for name, value in environment.items():
        if _is_named(name) and not is_place(name, value) and _is_secret(name, value.strip(), plain):
            yield value
        yield from (found for found in in_addresses(value) if not _is_common(found, plain))


def _is_named(name: str) -> bool:
    return bool(SAYS_SO.search(name) or _ENDS_IN.search(name))


def _is_secret(name: str, value: str, plain: set[str]) -> bool:
    if _ENDS_IN.search(name):
        return not (_is_common(value, plain) or _is_there(value))
    return bool(_BY_CHANCE.fullmatch(value))


def _is_common(value: str, plain: set[str]) -> bool:
    """Whether the value holds no secret: a common word, a short number, or the value of an open variable."""
    return value.lower() in _COMMON or value in plain or (value.isdigit() and len(value) < _FEW_DIGITS)


def _is_there(value: str) -> bool:
    """Whether it is the name of a file."""
    try:
        return value.startswith(("/", "~/")) and Path(value).expanduser().exists()
    except (OSError, RuntimeError):  # too long for a name, or there is no home
        return False
