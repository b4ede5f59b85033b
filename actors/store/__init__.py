"""The log on disk and its twin in memory: two `EventStore`s that one contract suite holds to the same promises."""

from .lock import DataInUse, DataLock
from .memory import MemoryEventStore
from .sqlite import SqliteEventStore

__all__ = ["DataInUse", "DataLock", "MemoryEventStore", "SqliteEventStore"]
