"""The responses that aren't JSON, by what they hold."""

from typing import Final

from .api.shapes.overviews import OverviewEvent
from .route import Media

EVENTS: Final = Media("text/event-stream", "Server-sent events. Each has `id`, `event` and `data`.", streamed=True)
OVERVIEWS: Final = Media("text/event-stream", "Server-sent events.", streamed=True, frame=OverviewEvent)
NOTE: Final = Media("text/plain", "A C2SP signed note.")
DIFFERENCE: Final = Media("text/plain", "Unified differences.")
TEXT: Final = Media("text/plain", "One line of text.")
BYTES: Final = Media("application/octet-stream", "As in C2SP tlog-tiles.")
LINES: Final = Media(
    "application/jsonl", "One line for the manifest, each event, and the proof.", (BYTES.type,), streamed=True
)
OUTPUTS: Final = Media(
    "application/jsonl",
    "One line for each output, followed by lines with its text in pieces.",
    (BYTES.type,),
    streamed=True,
)
PRINTED: Final = Media("text/plain", "The tool's output.", streamed=True)
NUMBERS: Final = Media("text/plain", "Metrics in the Prometheus text format.")
