"""Runs command lines one after another in a process of its own, and reports what each did to files. `python -m tests.evidence.watcher`

It reads a line of JSON for each run: the words, and the places that the run may write to. It answers with a line:
how it ended, what was said, which files Python opened, wrote, removed or renamed, and what is otherwise than before in
the places that are watched. SQLite's own calls don't pass by Python's hook: it is the comparison that sees these.
"""

import asyncio
import contextlib
import hashlib
import io
import json
import os
import resource
import signal
import stat
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Final

from opencode_ledger.http.cli.main import main

LIMIT: Final = 10
"""Seconds that a run may take."""
MEMORY: Final = 3 * 2**30
FILE: Final = 2**28
"""Bytes of address space of the process, and of a file that it writes."""
HASHED: Final = 2**22

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES: Final = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}

touched: list[str] = []


class TooLong(BaseException):
    """A run takes longer than it may."""


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what is opened, and what is changed."""
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        touched.append(f"{'write' if flags & _WRITING else 'read'} {os.fsdecode(arguments[0])}")
    elif event in _CHANGES:
        touched.extend(f"write {os.fspath(path)}" for path in arguments[:2] if isinstance(path, (str, os.PathLike)))


def snapshot(place: Path) -> dict[str, tuple[object, ...]]:
    """What lies under a place: for each name its kind, identity, size, time and content."""
    return {str(path): _state(path) for path in [place, *place.rglob("*")]}


def _state(path: Path) -> tuple[object, ...]:
    found = path.lstat()
    small = stat.S_ISREG(found.st_mode) and found.st_size <= HASHED
    content = hashlib.sha256(path.read_bytes()).hexdigest() if small else ""
    return found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns if small else 0, content


def run(words: list[str]) -> tuple[int | str, str]:
    """How a command line ended: its exit code, or what it raised; and what it said."""
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    signal.alarm(LIMIT)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            sys.argv = ["opencode-ledger", *words]
            if words[0] == "start":
                asyncio.run(start(Path(words[1])))
            else:
                main()
        code: int | str = 0
    except SystemExit as end:
        code = end.code or 0
    except TooLong:
        code = "took too long"
    except BaseException:
        code = traceback.format_exc()
    finally:
        signal.alarm(0)
    said.flush()
    return code, said.buffer.getvalue().decode(errors="replace")[:4000]


async def start(data: Path) -> None:
    """Start the service on a data directory, and end it."""
    from opencode_ledger.domain.errors import LedgerError
    from opencode_ledger.http.bootstrap import running_service
    from opencode_ledger.http.settings import Settings

    try:
        async with running_service(Settings(data=data, opencode_binary=Path("/bin/false"))):
            pass
    except LedgerError as error:
        print(error.message)
        raise SystemExit(2) from None


def too_long(_number: int, _frame: object) -> None:
    """Where the alarm rings."""
    raise TooLong


def watch() -> None:
    """Answer each line."""
    signal.signal(signal.SIGALRM, too_long)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    sys.addaudithook(hook)
    answer = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        asked = json.loads(line)
        places = [Path(place) for place in asked["watched"]]
        before = [snapshot(place) for place in places]
        touched.clear()
        began = time.monotonic()
        code, said = run(asked["words"])
        took, seen = time.monotonic() - began, list(touched)
        after = [snapshot(place) for place in places]
        changed = [
            name for old, new in zip(before, after, strict=True) for name in old | new if old.get(name) != new.get(name)
        ]
        report = {"code": code, "said": said, "touched": seen, "changed": changed, "took": took}
        print(json.dumps(report), file=answer, flush=True)


if __name__ == "__main__":
    watch()
