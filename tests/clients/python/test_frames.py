"""Server-sent events out of bytes in any pieces, compared with the reader of another project."""

import codecs
from itertools import pairwise

from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.client.frames import Frame, FrameReader

PIECES = (
    "id",
    "event",
    "data",
    "retry",
    "other",
    ":",
    ": ",
    " ",
    "\n",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\0",
    "1",
    "é",
    "\u2028",
    "{}",
)


def by_others(text: bytes) -> list[Frame]:
    """The events as httpx-sse reads them."""
    lines, events = SSELineDecoder(), SSEDecoder()
    whole = [*lines.decode(codecs.decode(text, "utf-8")), *lines.flush()]
    found = [event for line in whole if (event := events.decode(line)) is not None]
    return [Frame(event.id, event.event, event.data) for event in found if event.data]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.lists(st.integers(0, 120), max_size=6))
def test_any_bytes_in_any_pieces(text: str, cuts: list[int]) -> None:
    """The events are those that another reader finds, wherever the bytes are cut."""
    given_bytes = f"{text}\n\n".encode()
    places = sorted({0, *(min(cut, len(given_bytes)) for cut in cuts), len(given_bytes)})
    reader = FrameReader()
    found = [frame for start, end in pairwise(places) for frame in reader.feed(given_bytes[start:end])]
    assert [frame for frame in found if frame.data] == by_others(given_bytes)
