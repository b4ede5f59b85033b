"""Asks a server the same thing again and again, with as little of the processor as Python can.

    echo '{"port": 8000, "requests": ["GET /healthz …"], "connections": 16, "seconds": 5}' | python scripts/bench/hammer.py

Each connection sends one of the requests, waits for the whole answer, and sends the next one; each begins elsewhere. It
prints one line of JSON: `statuses`, how many answers had which status; `taken`, the seconds; `delays`, those of each
answer in milliseconds. A process of its own, so that it isn't measured together with what it asks.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice

HEAD_END = b"\r\n\r\n"
LENGTH = b"Content-Length: "


class Connection:
    """One connection, with one request under way at any time."""

    def __init__(self, port: int, requests: Sequence[bytes], first: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = islice(cycle(requests), first, None)
        self._answer, self._sent = b"", 0.0

    def ask(self) -> None:
        """Send the next request."""
        self._answer, self._sent = b"", time.perf_counter()
        self.socket.sendall(next(self._requests))

    def read(self) -> tuple[str, float] | None:
        """Read what is there; once the answer is whole, its status and the milliseconds that it took."""
        if not (piece := self.socket.recv(1 << 20)):
            raise ConnectionError("the server closed the connection")
        self._answer += piece
        end = self._answer.find(HEAD_END)
        if end < 0:
            return None
        at = self._answer.index(LENGTH) + len(LENGTH)
        length = int(self._answer[at : self._answer.index(b"\r", at)])
        if len(self._answer) < end + len(HEAD_END) + length:
            return None
        return self._answer[9:12].decode(), (time.perf_counter() - self._sent) * 1000


def hammer(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> dict[str, object]:
    """Send requests for that many seconds. Returns what was answered and how long each took."""
    selector = selectors.DefaultSelector()
    for number in range(connections):
        connection = Connection(port, requests, number)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.ask()
    statuses, delays = Counter[str](), list[float]()
    begun = time.perf_counter()
    while (taken := time.perf_counter() - begun) < seconds:
        for key, _ in selector.select(1.0):
            if (answer := key.data.read()) is not None:
                statuses[answer[0]] += 1
                delays.append(answer[1])
                key.data.ask()
    return {"statuses": dict(statuses), "taken": taken, "delays": delays}


def main() -> None:
    """Read what to ask, ask it, and print what came of it."""
    given = json.load(sys.stdin)
    requests = [request.encode() for request in given["requests"]]
    print(json.dumps(hammer(given["port"], requests, given["connections"], given["seconds"])))


if __name__ == "__main__":
    main()
