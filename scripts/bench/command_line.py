"""How long `opencode-ledger ps` takes, as a ratio to the start of Python itself.

Both are started in turn, round by round, so that other work on the machine lengthens both. The service that `ps` asks
answers at once: what is measured is the command line. On a machine where Python starts in 20 ms, the target is 300 ms.

    python -m scripts.bench.command_line
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

TARGET: Final = 15.0
"""How many times as long as Python's own start `ps` may take."""

ROUNDS: Final = 15

OVERVIEW: Final = {
    "state": "idle",
    "since": "2026-01-31T12:00:00.000Z",
    "queued": 0,
    "waiting": 0,
    "session": None,
    "cost": 0.0,
}
CODEBASES: Final = json.dumps(
    [
        {"id": f"cb_{number:024}", "name": f"project-{number}", "path": f"/srv/{number}", "overview": OVERVIEW}
        for number in range(20)
    ]
).encode()


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CODEBASES)))
        self.end_headers()
        self.wfile.write(CODEBASES)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's name
        """Nothing is logged."""


@dataclass
class Times:
    """Seconds of each round: of Python alone, and of `ps`."""

    bare: list[float] = field(default_factory=list[float])
    ps: list[float] = field(default_factory=list[float])

    @property
    def ratio(self) -> float:
        """The median of `ps` to that of Python alone."""
        return statistics.median(self.ps) / statistics.median(self.bare)


@contextmanager
def _answering() -> Generator[str]:
    """The address of a service that answers every request with the same codebases."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _seconds(words: Sequence[str]) -> float:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], env=plain, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def measure(rounds: int = ROUNDS) -> Times:
    """Start both in turn. The first round isn't counted: it reads the files from the disk."""
    times = Times()
    with _answering() as url:
        for _ in range(rounds + 1):
            times.bare.append(_seconds(["-c", "pass"]))
            times.ps.append(_seconds(["-m", "opencode_ledger", "ps", "--server", url]))
    del times.bare[0], times.ps[0]
    return times


def main() -> None:
    """Measure, and print the figures."""
    times = measure()
    for name, each in (("python -c pass", times.bare), ("opencode-ledger ps", times.ps)):
        print(f"{name:20} {1000 * statistics.median(each):6.0f} ms   (fastest {1000 * min(each):.0f} ms)")
    print(f"{'ratio':20} {times.ratio:6.1f}      (target: at most {TARGET:.0f})")


if __name__ == "__main__":
    main()
