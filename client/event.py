"""An event of a stream. `models` has the types of its data by its name."""

from typing import Generic, NamedTuple, TypeVar

Name_co = TypeVar("Name_co", bound=str, covariant=True)
Data_co = TypeVar("Data_co", covariant=True)


class Event(NamedTuple, Generic[Name_co, Data_co]):
    """An event. `id`: its number in the stream. `event`: its name. `data`: its members, read from JSON.

    `raw`: the same as the service sent it, byte for byte what the log holds.
    """

    id: int
    event: Name_co
    data: Data_co
    raw: str
