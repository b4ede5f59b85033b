"""The log on disk and its twin in memory: two `EventStore`s that one contract suite holds to the same promises."""

from .in_memory import MemoryEventStore
from .lock import DataInUse, DataLock
from .sqlite_store import SqliteEventStore

__all__ = ["DataInUse", "DataLock", "MemoryEventStore", "SqliteEventStore"]
