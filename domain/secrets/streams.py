"""Masks a text that comes in pieces: a secret that is split over pieces is masked too."""

from typing import Final

from .masker import CONTEXT, Secrets, replaced
from .spans import Span

PATIENCE: Final = 256
"""Held-back text longer than this is searched again only when it has grown by a quarter.

So the search time stays proportional to the text, even where a long key comes one character at a time.
"""


class StreamMasker:
    """Masks one text. However the text is split, the joined output is the masked whole text.

    Only the end of the text is held back, and only where it may be the beginning of a secret, until more text comes or
    the text ends. A text that turns out to be no long key waits for a quarter of its length more.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._before = ""
        self._held = ""
        self._after_secret = False
        self._enough = 0

    def feed(self, piece: str) -> str:
        """Take a piece; gives the text that is certain by now."""
        self._held += piece
        if len(self._held) < self._enough:
            return ""
        masker = self._secrets.masker
        text, done = self._before + self._held, len(self._before)
        spans = masker.spans(text, done, after_secret=self._after_secret)
        edge = masker.begun(text, done, spans, after_secret=self._after_secret)
        # Another secret may have begun inside this one: then it is longer than it looks.
        edge = next((first for first, end in spans if first < edge < end), edge)
        return self._give(text, done, edge, [span for span in spans if span[1] <= edge])

    def end(self) -> str:
        """The text ends: gives what was held back."""
        text, done = self._before + self._held, len(self._before)
        spans = self._secrets.masker.spans(text, done, after_secret=self._after_secret)
        return self._give(text, done, len(text), spans)

    def _give(self, text: str, done: int, edge: int, spans: list[Span]) -> str:
        if edge > done:
            self._after_secret = bool(spans) and spans[-1][1] == edge
        self._before, self._held = text[max(0, edge - CONTEXT) : edge], text[edge:]
        self._enough = len(self._held) * 5 // 4 if len(self._held) > PATIENCE else 0
        return replaced(text, done, edge, spans)
