"""The forms in which a known secret leaks: as it is, and as programs write it down for each other."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 8
"""Characters from which on a value, or one of its forms, counts as a secret: shorter ones are in every text."""
LONG_LINE: Final = 32


def forms_of(value: str) -> frozenset[str]:
    """The value as it is, as a JSON string (also one within another), percent-encoded, and in base64.

    Of a value of several lines, long lines alone as well.
    """
    if len(value) < SHORTEST:
        return frozenset()
    lines = [line for line in value.split() if len(line) >= LONG_LINE]
    found = {form for text in (value, *lines) for form in (text, *_as_json(text), *_as_url(text), *_as_base64(text))}
    return frozenset(form for form in found if len(form) >= SHORTEST)


def _as_json(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]


def _as_url(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "replace")
    for form in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield form
        yield _with_small_digits(form)


def _with_small_digits(quoted: str) -> str:
    first, *more = quoted.split("%")
    return "%".join((first, *(part[:2].lower() + part[2:] for part in more)))


def _as_base64(text: str) -> Iterator[str]:
    """What base64 makes of it wherever in a longer text it lies, without what its neighbours have a part in."""
    raw = text.encode("utf-8", "replace")
    encoders: tuple[Callable[[bytes], bytes], ...] = (b64encode, urlsafe_b64encode)
    for encode in encoders:
        for before in range(3):
            first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
            yield encode(bytes(before) + raw).decode()[first:last]
