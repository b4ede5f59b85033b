"""Commands that write to files of their own for ever, in every way that a command may try to outlive its call."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.support.waiting import eventually

from ..faults.processes import commands

WRITE: Final = "while :; do echo x >> {}; sleep 0.1; done"
IGNORE: Final = "trap : 1 2 3 6 10 12 13 14 15 20 21 22; trap '' 1 2 3 6 10 12 13 14 15 20 21 22;"
PYTHON: Final = (
    "import os,signal,sys,time\n"
    "[signal.signal(n, signal.SIG_IGN) for n in range(1, 32) if n not in (9, 17, 19)]\n"
    "os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); os.closerange(0, 256)\n"
    "while True:\n open(sys.argv[1], 'a').write('x\\n'); time.sleep(0.05)\n"
)

WAYS: Final[Mapping[str, str]] = {
    "in the background": "sh -c '{write}' &",
    "ignoring every signal": 'sh -c "{ignore} {write}" &',
    "forked twice": "( ( sh -c '{write}' & ) & )",
    "in a session of its own": "setsid sh -c '{write}' </dev/null >/dev/null 2>&1 &",
    "in a session of its own, ignoring every signal": 'setsid sh -c "{ignore} {write}" </dev/null >/dev/null 2>&1 &',
    "immune to hang-ups": "nohup sh -c '{write}' </dev/null >/dev/null 2>&1 &",
    "a child of a child": 'sh -c "sh -c \'sh -c \\"{write}\\"; true\'; true" &',
    "in a process group of its own": "bash -c \"set -m; sh -c '{write}' & exit 0\"",
    "stopped": "sh -c 'echo x > {file}; kill -STOP $$; {write}' &",
    "stopped, in a session of its own": "setsid sh -c 'echo x > {file}; kill -STOP $$; {write}' &",
    "with a cleared environment": "env -i sh -c '{write}' &",
    "with a cleared environment, forked twice": "(env -i setsid sh -c '{write}' <&- >&- 2>&- &)",
    "with its limits set back": "(ulimit -S -x unlimited; setsid sh -c '{write}' >/dev/null 2>&1 &)",
    "forking without end": "sh -c 'f() {{ echo x >> {file}; sleep 0.02; f & exit 0; }}; f' &",
    "forking without end, in a session of its own": (
        "setsid sh -c 'f() {{ echo x >> {file}; sleep 0.02; f & exit 0; }}; f' >/dev/null 2>&1 &"
    ),
    "a daemon by the book": "python3 daemon.py {file}",
    "disowned": "bash -c 'sh -c \"{write}\" & disown -a; exit 0' &",
    "through xargs": "echo {file} | xargs -I@ setsid -f sh -c 'while :; do echo x >> @; sleep 0.05; done'",
    "under another name": "(exec -a opencode sh -c '{write}') &",
    **{f"one of ten: {number}": "sh -c '{write}' &" for number in range(1, 11)},
}
"""How a command may try to outlive the call that began it."""


class Writers:
    """Commands that write to files of their own for ever, known on the machine by a word that nobody else has.

    `command`: what to have a shell execute, all of them.
    """

    def __init__(self, directory: Path, ways: Mapping[str, str] = WAYS) -> None:
        self._word = secrets.token_hex(8)
        self._files = {way: directory / f"{self._word}-{number}.txt" for number, way in enumerate(ways)}
        (directory / "daemon.py").write_text(PYTHON)
        self.command = "\n".join(self._of(way, text) for way, text in ways.items())

    def _of(self, way: str, text: str) -> str:
        file = self._files[way].name
        return text.format(write=WRITE.format(file), ignore=IGNORE, file=file)

    async def all_at_work(self) -> None:
        """Wait until every one of them has written."""
        await eventually(lambda: [way for way, file in self._files.items() if not file.exists()] == [])

    def alive(self) -> list[str]:
        """The ways in which one is alive."""
        running = commands().values()
        return [way for way, file in self._files.items() if any(file.name.encode() in line for line in running)]

    def words(self) -> int:
        """How much they have written by now."""
        return sum(len(file.read_bytes()) for file in self._files.values())
