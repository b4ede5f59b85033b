"""Which agents run now. While none does, no caller of the service can be one."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import cache, partial


class Presence:
    """The names of the agents of which a process may be there, from before its start until its processes were ended."""

    def __init__(self) -> None:
        self._there: Counter[str] = Counter()

    def comes(self, name: str) -> Callable[[], None]:
        """A process is about to be started. Call the returned function when it and all its children are gone."""
        self._there[name] += 1
        return cache(partial(self._gone, name))

    @contextmanager
    def kept(self, name: str) -> Generator[None]:
        """Count the agent as there for the length of a block: what it started is being ended."""
        gone = self.comes(name)
        try:
            yield
        finally:
            gone()

    def _gone(self, name: str) -> None:
        self._there[name] -= 1
        if not self._there[name]:
            del self._there[name]

    def __bool__(self) -> bool:
        return bool(self._there)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._there))
