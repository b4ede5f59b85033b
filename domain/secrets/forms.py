"""What to search for a known secret: the secret itself, its long lines, and their base64 forms."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Final

from .needle import Needle

SHORTEST: Final = 8
"""Characters that a value, or one of its forms, needs to count as a secret: shorter ones occur in every text."""
LONG_LINE: Final = 32


def needles_of(value: str) -> frozenset[Needle]:
    """The forms to search for a secret; none for a value that is too short to be a secret.

    Each long line of a value with several lines is searched too.
    """
    if len(value) < SHORTEST:
        return frozenset()
    texts = {value, *(line for line in value.split() if len(line) >= LONG_LINE)}
    encoded = {form for text in texts for form in _in_base64(text) if len(form) >= SHORTEST}
    return frozenset((*(Needle(text) for text in texts), *(Needle(form, wrapped=True) for form in encoded)))


def _in_base64(text: str) -> Iterator[str]:
    """Its base64 forms at any place in a longer text, without the characters that depend on the neighbours."""
    raw = text.encode("utf-8", "replace")
    encoders: tuple[Callable[[bytes], bytes], ...] = (b64encode, urlsafe_b64encode)
    for encode in encoders:
        for before in range(3):
            first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
            yield encode(bytes(before) + raw).decode()[first:last]
