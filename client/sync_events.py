"""An event stream for programs without an event loop."""

from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from .blocking import finished
from .event import Event
from .following import EventStream

E_co = TypeVar("E_co", bound=Event[str, Any], covariant=True)


class Events(Generic[E_co]):
    """The events of a stream, as an iterator that waits for each. Otherwise it is as `EventStream`."""

    def __init__(self, stream: EventStream[E_co]) -> None:
        self._stream = stream

    @property
    def position(self) -> int | None:
        """The id of the last event that was handed out, or after which the stream began. None at first."""
        return self._stream.position

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E_co:
        """The next event. Raises `StreamHole` or `LedgerApiError`."""
        try:
            return finished(self._stream.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """Close the connection; the iteration ends."""
        finished(self._stream.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        finished(self._stream.__aexit__(kind, error, trace))
