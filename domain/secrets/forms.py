"""What is searched for a known secret: the secret itself, its long lines, and what base64 makes of them."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Final

from .needle import Needle

SHORTEST: Final = 8
"""Characters from which on a value, or one of its forms, counts as a secret: shorter ones are in every text."""
LONG_LINE: Final = 32


def needles_of(value: str) -> frozenset[Needle]:
    """What to search for a secret: none for a value that is too short to be one.

    Of a value of several lines, long lines alone as well.
    """
    if len(value) < SHORTEST:
        return frozenset()
    texts = {value, *(line for line in value.split() if len(line) >= LONG_LINE)}
    encoded = {form for text in texts for form in _in_base64(text) if len(form) >= SHORTEST}
    return frozenset((*(Needle(text) for text in texts), *(Needle(form, wrapped=True) for form in encoded)))


def _in_base64(text: str) -> Iterator[str]:
    """What base64 makes of it at any place in a longer text, without the characters that its neighbours share."""
    raw = text.encode("utf-8", "replace")
    encoders: tuple[Callable[[bytes], bytes], ...] = (b64encode, urlsafe_b64encode)
    for encode in encoders:
        for before in range(3):
            first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
            yield encode(bytes(before) + raw).decode()[first:last]
