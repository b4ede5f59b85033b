"""Reads a stream from its beginning on many connections at once, again and again, and throws the bytes away.

    python scripts/bench/replaying.py PORT PATH CONNECTIONS SECONDS

It prints the bytes that came. A process of its own, so that it isn't measured together with what it asks.
"""

import selectors
import socket
import sys
import time

MANY_BYTES = 64 * 1024 * 1024
"""Bytes after which a connection begins again."""


def connect(port: int, path: str) -> socket.socket:
    """A connection on which the stream was asked for."""
    made = socket.create_connection(("127.0.0.1", port))
    made.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n".encode())
    made.setblocking(False)
    return made


def replay(port: int, path: str, connections: int, seconds: float) -> int:
    """Read for that many seconds. Returns the bytes received."""
    selector, came, buffer = selectors.DefaultSelector(), 0, bytearray(1 << 20)
    for _ in range(connections):
        selector.register(connect(port, path), selectors.EVENT_READ, [0])
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, _ in selector.select(0.1):
            stream, so_far = key.fileobj, key.data
            assert isinstance(stream, socket.socket)
            count = stream.recv_into(buffer)
            came += count
            so_far[0] += count
            if not count or so_far[0] > MANY_BYTES:
                selector.unregister(stream)
                stream.close()
                selector.register(connect(port, path), selectors.EVENT_READ, [0])
    return came


if __name__ == "__main__":
    port, path, connections, seconds = sys.argv[1:]
    print(replay(int(port), path, int(connections), float(seconds)))
